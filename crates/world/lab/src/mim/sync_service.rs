//! The Synchronization Service's process: what it needs before it runs.

use super::installation::{Installations, SYNC_SERVICE};
use super::sql_server::{Role, SqlServer};
use crate::hosts::event_log::{Level, Log};
use crate::hosts::logon::{Principal, principal};
use crate::hosts::machine::Machine;
use crate::hosts::services::LabService;
use crate::hosts::start::Ended;

/// Event 6028 of the real service: "The server encryption keys could not be accessed."
pub const KEYS_NOT_ACCESSIBLE: u32 = 6028;
/// SQL Server error 18456: "Login failed for user '…'."
pub const LOGIN_FAILED: u32 = 18_456;
/// No code of the real service is published for these: the text tells.
const OTHER: u32 = 1;

/// Starts it: database first, then key set, then whether this server is the active one.
///
/// # Errors
/// The service's own code, with an event in the Application log that says why.
pub fn launch(
    machine: &mut Machine<'_>,
    sql: &SqlServer,
    service: &LabService,
) -> Result<(), Ended> {
    let Some(sync) = Installations::or_none(machine.state).sync else {
        return refuse(machine, OTHER, "the product is not set up on this server");
    };
    let account = &service.account;
    let Some(Principal::Domain(found)) = principal(account.as_str(), machine.domain) else {
        return refuse(
            machine,
            KEYS_NOT_ACCESSIBLE,
            "the server encryption keys could not be accessed",
        );
    };
    if !sql.has(
        &sync.database,
        &machine.domain.token(&found.sid),
        Role::Owner,
    ) {
        let why = format!(
            "Login failed for user '{account}': it needs a login and db_owner in {}",
            sync.database
        );
        return refuse(machine, LOGIN_FAILED, &why);
    }
    let Some(store) = sql.sync(&sync.database) else {
        return refuse(
            machine,
            OTHER,
            "the database is not one of the Synchronization Service",
        );
    };
    if sync.readable_by != found.sid || sync.key_set != store.key_set {
        let why = format!(
            "the server encryption keys could not be accessed: {account} cannot read this server's copy"
        );
        return refuse(machine, KEYS_NOT_ACCESSIBLE, &why);
    }
    if store.active != machine.state.name {
        let why = format!(
            "{} is the active server of the database: activate this one first",
            store.active
        );
        return refuse(machine, OTHER, &why);
    }
    Ok(())
}

fn refuse(machine: &mut Machine<'_>, code: u32, why: &str) -> Result<(), Ended> {
    machine.event(
        Log::Application,
        SYNC_SERVICE,
        code,
        Level::Error,
        why.to_owned(),
    );
    Err(Ended::with_specific(code))
}
