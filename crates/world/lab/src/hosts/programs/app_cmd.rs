//! `appcmd.exe`: application pools, as far as conversions use them.
//!
//! ```text
//! appcmd list apppool NAME /text:processModel.userName | /text:state
//! appcmd set apppool NAME /processModel.identityType:… /processModel.userName:… /processModel.password:…
//! appcmd start | stop | recycle apppool NAME
//! ```

use agent_protocol::{AccountName, PoolIdentity};

use super::Ending;
use crate::hosts::machine::Machine;

/// Runs one `appcmd` command.
pub fn appcmd(machine: &mut Machine<'_>, arguments: &[&str]) -> Ending {
    let [verb, object, name, options @ ..] = arguments else {
        return usage();
    };
    let prefix = "/apppool.name:";
    let name = name.strip_prefix(prefix).unwrap_or(name).trim_matches('"');
    if !object.eq_ignore_ascii_case("apppool") {
        return usage();
    }
    let Some(at) = machine
        .state
        .app_pools
        .iter()
        .position(|pool| pool.name.eq_ignore_ascii_case(name))
    else {
        return Ending::failed(
            1168,
            format!("ERROR ( message:Cannot find APPPOOL object with identifier \"{name}\". )"),
        );
    };
    match (verb.to_lowercase().as_str(), options) {
        ("list", [field]) => list(machine, at, field),
        ("set", options) => set(machine, at, name, options),
        ("start", []) => start(machine, at, name),
        ("recycle", []) => start(machine, at, name),
        ("stop", []) => {
            if let Some(pool) = machine.state.app_pools.get_mut(at) {
                pool.started = false;
            }
            Ending::done(format!("\"{name}\" successfully stopped"))
        }
        _ => usage(),
    }
}

fn list(machine: &Machine<'_>, at: usize, field: &str) -> Ending {
    let Some(pool) = machine.state.app_pools.get(at) else {
        return usage();
    };
    match field.to_lowercase().as_str() {
        "/text:processmodel.username" => {
            Ending::done(pool.identity.user().map_or("", AccountName::as_str))
        }
        "/text:state" => Ending::done(if pool.started { "Started" } else { "Stopped" }),
        _ => usage(),
    }
}

fn set(machine: &mut Machine<'_>, at: usize, name: &str, options: &[&str]) -> Ending {
    let option = |wanted: &str| {
        let mut found = options.iter().filter_map(|option| {
            option
                .strip_prefix('/')
                .or(option.strip_prefix('-'))?
                .split_once(':')
        });
        found
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    let identity = match option("processModel.identityType") {
        Some(kind) if !kind.eq_ignore_ascii_case("SpecificUser") => {
            PoolIdentity::from_configuration(kind, "")
        }
        _ => PoolIdentity::from_configuration(
            "SpecificUser",
            option("processModel.userName").unwrap_or_default(),
        ),
    };
    let Some(identity) = identity else {
        return usage();
    };
    let password = option("processModel.password").filter(|password| !password.is_empty());
    machine.set_pool_identity(at, identity, password.map(str::as_bytes));
    Ending::done(format!("APPPOOL object \"{name}\" changed"))
}

fn start(machine: &mut Machine<'_>, at: usize, name: &str) -> Ending {
    match machine.start_pool(at) {
        Ok(()) => Ending::done(format!("\"{name}\" successfully started.")),
        Err((code, why)) => Ending::failed(
            i32::try_from(code.0).unwrap_or(1),
            format!("ERROR ( the identity of application pool {name} {why} )"),
        ),
    }
}

fn usage() -> Ending {
    Ending::failed(
        87,
        "usage: appcmd list|set|start|stop|recycle apppool NAME [/NAME:VALUE]...",
    )
}
