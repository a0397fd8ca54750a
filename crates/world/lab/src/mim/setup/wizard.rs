//! The wizard of the products' setup, and the person at it.

use agent_protocol::{RegistryKey, RegistryValue};

use super::{KEY_PROTECT, save_key_set, set_pool, set_service};
use crate::hosts::logon::{Principal, principal};
use crate::hosts::machine::Machine;
use crate::hosts::programs::Ending;
use crate::mim::installation::{SYNC_DATABASE, SYNC_SERVICE};
use crate::mim::key_protect::protected;
use crate::mim::key_tools;
use crate::mim::mim_service::MIM_DATABASE;
use crate::mim::sql_server::SqlServer;

/// What a person enters on the wizard's page for one component.
#[derive(Debug, Clone, Copy)]
pub struct Entries<'a> {
    /// Name of the service or application pool whose account it is.
    pub of: &'a str,
    /// Whether that is an application pool.
    pub pool: bool,
    /// `DOMAIN\name$`.
    pub account: &'a str,
    /// The key set file that is supplied, where the wizard asks for one.
    pub key_set: Option<&'a str>,
    /// Where the wizard is told to save a key set file of its own, if it asks.
    pub saves: Option<&'a str>,
    /// The password of a mailbox, where the wizard asks for one: the registry key, the value that gets it, the one that
    /// gets nothing.
    pub mailbox: Option<(&'a RegistryKey, [&'a str; 2], &'a [u8])>,
}

/// What the wizard does with them: the account, its way into the database, and the key set.
///
/// # Errors
/// What the wizard would say.
pub fn follow_wizard(
    machine: &mut Machine<'_>,
    sql: &SqlServer,
    entries: &Entries<'_>,
) -> Result<(), String> {
    let said = |ending: Ending| ending.complained.trim().to_owned();
    if machine.state.services.get(KEY_PROTECT).is_some() {
        return Err(format!("{KEY_PROTECT} is still installed"));
    }
    if entries.pool {
        return set_pool(machine, entries.of, entries.account).map_err(said);
    }
    let database = match entries.of {
        SYNC_SERVICE => SYNC_DATABASE,
        _ => MIM_DATABASE,
    };
    set_service(machine, (sql, database), entries.of, entries.account, None).map_err(said)?;
    if let Some((key, [filled, empty], password)) = entries.mailbox
        && let Some(Principal::Domain(found)) = principal(entries.account, machine.domain)
    {
        let text = protected(machine.state.name.as_str(), &found.sid, password);
        for (value, text) in [(filled, text), (empty, String::new())] {
            let text = RegistryValue::Text(text);
            let written = machine.state.registry.write(key, value, text, true);
            written.map_err(|failure| failure.to_string())?;
        }
    }
    let Some(file) = entries.key_set else {
        return Ok(());
    };
    let ending = key_tools::miisactivate(
        machine,
        sql,
        &[file, entries.account.trim_end_matches('$'), "/q"],
        None,
    );
    if ending.code != 0 {
        return Err(said(ending));
    }
    let Some(file) = entries.saves else {
        return Ok(());
    };
    save_key_set(machine, file).map_err(|why| format!("cannot save {file}: {why}"))
}
