//! `appcmd.exe`: application pools, as far as conversions use them.
//!
//! ```text
//! appcmd list apppool NAME /text:processModel.userName | /text:state
//! appcmd set apppool NAME /processModel.identityType:… /processModel.userName:… /processModel.password:…
//! appcmd start | stop | recycle apppool NAME
//! ```

use agent_protocol::AccountName;

use super::Ending;
use crate::hosts::domain::AccountKind;
use crate::hosts::logon::{LogonRefusal, LogonWanted, Principal, log_on, principal};
use crate::hosts::machine::Machine;
use crate::hosts::rights::Right;
use crate::hosts::services::StoredPassword;

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
        ("set", options) => set(machine, at, options),
        ("start", []) => start(machine, at),
        ("recycle", []) => start(machine, at),
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
            Ending::done(pool.account.as_ref().map_or("", AccountName::as_str))
        }
        "/text:state" => Ending::done(if pool.started { "Started" } else { "Stopped" }),
        _ => usage(),
    }
}

fn set(machine: &mut Machine<'_>, at: usize, options: &[&str]) -> Ending {
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
    let account = match option("processModel.identityType") {
        Some(kind) if kind.eq_ignore_ascii_case("ApplicationPoolIdentity") => None,
        _ => match option("processModel.userName").map(AccountName::parse) {
            Some(Ok(account)) => Some(account),
            _ => return usage(),
        },
    };
    let password = option("processModel.password").filter(|password| !password.is_empty());
    let found = account
        .as_ref()
        .and_then(|account| principal(account.as_str(), machine.domain));
    // The web server does not check the account: a request that gets 503 is the first to tell.
    let stored = match (found, password) {
        (Some(Principal::Domain(found)), Some(password)) => {
            let version = machine.domain.proves(&found.sid, password.as_bytes());
            Some(StoredPassword {
                account: found.sid,
                version,
            })
        }
        _ => None,
    };
    let Some(pool) = machine.state.app_pools.get_mut(at) else {
        return usage();
    };
    (pool.account, pool.stored) = (account, stored);
    Ending::done(format!("APPPOOL object \"{}\" changed", pool.name))
}

/// A pool starts whatever its account; its first worker process shows whether that can log on.
fn start(machine: &mut Machine<'_>, at: usize) -> Ending {
    let Some(pool) = machine.state.app_pools.get(at).cloned() else {
        return usage();
    };
    let refusal = pool.account.as_ref().and_then(|account| {
        let found = principal(account.as_str(), machine.domain);
        let gmsa =
            matches!(&found, Some(Principal::Domain(found)) if found.kind == AccountKind::Gmsa);
        // IIS_IUSRS gives pool accounts what they need.
        let wanted = LogonWanted {
            right: None,
            denial: Right::DenyLogOnAsBatchJob,
            stored: pool.stored,
            managed: gmsa,
        };
        log_on(machine.state, machine.domain, account.as_str(), &wanted).err()
    });
    let started = refusal.is_none();
    if let Some(pool) = machine.state.app_pools.get_mut(at) {
        pool.started = started;
    }
    match refusal {
        None => Ending::done(format!("\"{}\" successfully started.", pool.name)),
        Some(LogonRefusal::NoRight) => Ending::failed(
            1385,
            format!(
                "ERROR ( the identity of application pool {} is denied the logon )",
                pool.name
            ),
        ),
        Some(LogonRefusal::Failed(code, why)) => Ending::failed(
            i32::try_from(code.0).unwrap_or(1),
            format!(
                "ERROR ( the identity of application pool {} is invalid: {why} )",
                pool.name
            ),
        ),
    }
}

fn usage() -> Ending {
    Ending::failed(
        87,
        "usage: appcmd list|set|start|stop|recycle apppool NAME [/NAME:VALUE]...",
    )
}
