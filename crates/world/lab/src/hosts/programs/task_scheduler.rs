//! `schtasks.exe`, as far as conversions use it.

use agent_protocol::{AccountName, TaskLogon, TaskPrincipal};

use super::Ending;
use crate::hosts::domain::AccountKind;
use crate::hosts::logon::{LogonRefusal, LogonWanted, Principal, log_on, principal};
use crate::hosts::machine::Machine;
use crate::hosts::rights::Right;

/// HRESULT_FROM_WIN32(ERROR_LOGON_TYPE_NOT_GRANTED).
const LOGON_TYPE_NOT_GRANTED: u32 = 0x8007_0569;
/// HRESULT_FROM_WIN32 of the error that follows.
const FACILITY_WIN32: u32 = 0x8007_0000;

/// `schtasks /run | /query | /change /tn PATH [/ru ACCOUNT [/rp PASSWORD]]`
pub fn schtasks(machine: &mut Machine<'_>, arguments: &[&str]) -> Ending {
    let option = |wanted: &str| {
        let at = arguments
            .iter()
            .position(|word| word.eq_ignore_ascii_case(wanted))?;
        arguments.get(at + 1).copied()
    };
    let Some(path) = option("/tn") else {
        return Ending::failed(1, "ERROR: Invalid syntax. /tn is missing.");
    };
    let Some(at) = machine
        .state
        .tasks
        .iter()
        .position(|task| task.path.eq_ignore_ascii_case(path))
    else {
        return Ending::failed(1, "ERROR: The system cannot find the file specified.");
    };
    match arguments.first().map(|verb| verb.to_lowercase()).as_deref() {
        Some("/run") => run(machine, at),
        Some("/query") => query(machine, at),
        Some("/change") => match option("/ru").map(AccountName::parse) {
            Some(Ok(account)) => change(machine, at, account, option("/rp")),
            _ => Ending::failed(1, "ERROR: Invalid syntax. /ru is missing."),
        },
        _ => Ending::failed(1, "ERROR: Invalid syntax."),
    }
}

fn query(machine: &Machine<'_>, at: usize) -> Ending {
    let Some(task) = machine.state.tasks.get(at) else {
        return Ending::done("");
    };
    let result = task
        .last_result
        .map_or_else(|| "267011".to_owned(), |result| result.to_string());
    Ending::done(format!(
        "TaskName: {}\r\nLast Result: {result}\r\nRun As User: {}",
        task.path, task.account
    ))
}

/// The task is started whatever comes of it: its result tells.
fn run(machine: &mut Machine<'_>, at: usize) -> Ending {
    let Some(task) = machine.state.tasks.get(at).cloned() else {
        return Ending::done("");
    };
    let wanted = LogonWanted {
        right: Some(Right::LogOnAsBatchJob),
        denial: Right::DenyLogOnAsBatchJob,
        stored: task.stored,
        managed: is_gmsa(machine, &task.account),
    };
    let result = match log_on(
        machine.state,
        machine.domain,
        task.account.as_str(),
        &wanted,
    ) {
        Ok(_) => 0,
        Err(LogonRefusal::NoRight) => LOGON_TYPE_NOT_GRANTED,
        Err(LogonRefusal::Failed(code, _)) => FACILITY_WIN32 | (code.0 & 0xffff),
    };
    if let Some(task) = machine.state.tasks.get_mut(at) {
        task.last_result = Some(result);
    }
    Ending::done("SUCCESS: Attempted to run the scheduled task.")
}

/// `schtasks` has no option for how the account logs on: with a password, but for accounts of Windows.
fn change(
    machine: &mut Machine<'_>,
    at: usize,
    account: AccountName,
    password: Option<&str>,
) -> Ending {
    let built_in = matches!(
        principal(account.as_str(), machine.domain),
        Some(Principal::BuiltIn)
    );
    let logon = match built_in {
        true => TaskLogon::ServiceAccount,
        false => TaskLogon::Password,
    };
    let new = TaskPrincipal { account, logon };
    match machine.set_task_principal(at, &new, password.map(str::as_bytes)) {
        Ok(()) => Ending::done("SUCCESS: The parameters of scheduled task have been changed."),
        Err(code) => Ending::failed(1, format!("ERROR: {code}")),
    }
}

fn is_gmsa(machine: &Machine<'_>, account: &AccountName) -> bool {
    matches!(principal(account.as_str(), machine.domain), Some(Principal::Domain(found)) if found.kind == AccountKind::Gmsa)
}
