//! `gmsactl host`: single things on one host, through its agent. Plans are made of the same verbs.

mod access;
mod accounts;
mod app_pools;
mod carry_out;
mod events;
mod local_group;
mod registry;
mod restart;
mod rights;
mod services;
mod system;
mod tasks;
mod trigger;

use std::sync::Arc;

use clap::Subcommand;
use model::names::HostName;
use model::ports::{Host, Hosts};

use super::Done;
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::view::Output;

/// The verbs below `host`.
#[derive(Debug, Subcommand)]
pub enum HostVerb {
    /// Operating system, boot time, clock and agent.
    Facts(system::Facts),
    /// Services and whom they run as.
    Services(services::Services),
    /// Set a service's logon account, and with it the managed-account flag.
    SetAccount(services::SetAccount),
    /// Stop a service and what depends on it; prints what ran before, for `start --as-before`.
    Stop(services::Stop),
    /// Start a service, or everything that a stop stopped.
    Start(services::Start),
    /// Who may log on how: show, grant, revoke; says when a group policy takes a grant back.
    #[command(subcommand)]
    Rights(rights::Rights),
    /// Who may call what runs there, by DCOM and WMI: show, copy one account's entries to another.
    #[command(subcommand)]
    Access(access::Access),
    /// What starts a service by itself: show, add, remove.
    #[command(subcommand)]
    Trigger(trigger::Trigger),
    /// Application pools of the web server: show, set the identity, start, stop, recycle.
    #[command(subcommand)]
    AppPools(app_pools::AppPools),
    /// Scheduled tasks: show, set the account.
    #[command(subcommand)]
    Tasks(tasks::Tasks),
    /// Registry values: show, set, delete.
    #[command(subcommand)]
    Registry(registry::Registry),
    /// Local groups: show, add, remove members.
    #[command(subcommand)]
    LocalGroup(local_group::LocalGroup),
    /// Events of a log, newest first.
    Events(events::Events),
    /// Installed products.
    Products(system::Products),
    /// Purge the computer's Kerberos tickets: its new group memberships count at once.
    PurgeTickets(system::PurgeTickets),
    /// Restart the host.
    Reboot(restart::Reboot),
}

/// Does one.
pub async fn run(verb: &HostVerb, global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    match verb {
        HostVerb::Facts(args) => args.run(&session, output).await,
        HostVerb::Services(args) => args.run(&session, output).await,
        HostVerb::SetAccount(args) => args.run(&session, output).await,
        HostVerb::Stop(args) => args.run(&session, output).await,
        HostVerb::Start(args) => args.run(&session, output).await,
        HostVerb::Rights(verb) => verb.run(&session, output).await,
        HostVerb::Access(verb) => verb.run(&session, output).await,
        HostVerb::Trigger(verb) => verb.run(&session, output).await,
        HostVerb::AppPools(verb) => verb.run(&session, output).await,
        HostVerb::Tasks(verb) => verb.run(&session, output).await,
        HostVerb::Registry(verb) => verb.run(&session, output).await,
        HostVerb::LocalGroup(verb) => verb.run(&session, output).await,
        HostVerb::Events(args) => args.run(&session, output).await,
        HostVerb::Products(args) => args.run(&session, output).await,
        HostVerb::PurgeTickets(args) => args.run(&session, output).await,
        HostVerb::Reboot(args) => args.run(&session, output).await,
    }
}

/// A host of the estate.
async fn connect(session: &Session<'_>, name: &HostName) -> Result<Arc<dyn Host>, Failure> {
    Ok(session.hosts()?.host(name).await?)
}

/// Something that is not on the host.
fn not_there(host: &HostName, what: &str, hint: &str) -> Failure {
    Failure::new("not-found", format!("{host}: there is no {what}")).hint(hint)
}
