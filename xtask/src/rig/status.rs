//! What of the rig is up.

use serde_json::{Value, json};

use super::layout::Layout;
use super::server::Server;
use super::{domain_controller, estate, sshd, windows_host};

/// Every server of the rig, in the order in which they start.
pub fn servers(layout: &Layout) -> Vec<Server> {
    let hosts = estate::HOSTS.iter();
    let hosts = hosts.flat_map(|host| {
        [
            windows_host::keeper(layout, host),
            sshd::server(layout, host),
        ]
    });
    std::iter::once(domain_controller::server(layout))
        .chain(hosts)
        .collect()
}

/// Prints each server with its process; whether all are up.
pub fn print(layout: &Layout, as_json: bool) -> bool {
    let servers = servers(layout);
    let up = servers.iter().all(Server::is_running);
    if as_json {
        let servers: Vec<Value> = servers
            .iter()
            .map(|server| json!({ "name": server.name(), "process": server.number(), "log": server.log() }))
            .collect();
        println!("{}", json!({ "up": up, "servers": servers }));
        return up;
    }
    for server in servers {
        match server.number() {
            Some(number) => println!("{:<16} up, process {number}", server.name()),
            None => println!("{:<16} down", server.name()),
        }
    }
    up
}
