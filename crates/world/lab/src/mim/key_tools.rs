//! `miiskmu.exe` and `miisactivate.exe`: the documented command lines, and nothing else.
//!
//! Exit codes are those of the rig's stand-in, so that both worlds look alike: 0 done, 1 refused, 2 wrong
//! usage; those of the real tools are not published.

use agent_protocol::{HostPath, Secret, ServiceState};
use model::names::LogonAccount;
use security::{Guid, Sid};

use super::installation::{Installations, SYNC_SERVICE, SyncInstallation, set_sync};
use super::key_set::KeySetId;
use super::sql_server::{SqlServer, SyncStore};
use crate::hosts::domain::{AccountKind, DomainAccount};
use crate::hosts::files::Content;
use crate::hosts::logon::{Principal, principal};
use crate::hosts::machine::Machine;
use crate::hosts::programs::Ending;

const KEY_UTILITY_USAGE: &str = r#"usage: miiskmu /e FILE [/u:DOMAIN\name {PASSWORD | *}] [/q]
       miiskmu /i FILE {GUID} [/q]
       miiskmu /c {GUID} [/q]
       miiskmu /a [/q]"#;
const ACTIVATION_USAGE: &str = r"usage: miisactivate FILE DOMAIN\name {PASSWORD | *} [/q]
       miisactivate FILE DOMAIN\managed-account-without-$ [/q]";

/// How a tool ends before it is done.
enum End {
    Usage(&'static str),
    Refused(String),
}

fn refused<T>(why: impl Into<String>) -> Result<T, End> {
    Err(End::Refused(why.into()))
}

/// Exports, checks or gives up the key set.
pub fn miiskmu(
    machine: &mut Machine<'_>,
    sql: &SqlServer,
    arguments: &[&str],
    stdin: Option<&Secret>,
) -> Ending {
    let (words, quiet) = without_quiet(arguments);
    let lower = words.first().map(|verb| verb.to_lowercase());
    let result = match (lower.as_deref(), words) {
        (Some("/e"), [_, file, rest @ ..]) if rest.len() <= 2 => export(machine, file, rest, stdin),
        (Some("/c"), [_, id]) => check(machine, id),
        (Some("/i"), [_, _, id]) => guid(id).and_then(|_| {
            refused("this lab does not import key sets: what that does is not documented")
        }),
        (Some("/a"), [_]) => abandon(machine, sql),
        _ => Err(End::Usage(KEY_UTILITY_USAGE)),
    };
    ending(result, quiet)
}

/// Binds the key set of a file to the service's present logon account, and makes this server the active one.
pub fn miisactivate(
    machine: &mut Machine<'_>,
    sql: &SqlServer,
    arguments: &[&str],
    stdin: Option<&Secret>,
) -> Ending {
    let (words, quiet) = without_quiet(arguments);
    let result = match words {
        [file, account, password @ ..] if password.len() <= 1 => {
            let password = password.first().copied();
            bind(machine, file, account, password, stdin)
                .and_then(|bound| take_over(machine, sql, bound))
        }
        _ => Err(End::Usage(ACTIVATION_USAGE)),
    };
    ending(result, quiet)
}

/// `/e FILE [/u:DOMAIN\name [PASSWORD | *]]`
fn export(
    machine: &mut Machine<'_>,
    file: &str,
    rest: &[&str],
    stdin: Option<&Secret>,
) -> Result<&'static str, End> {
    let path = path(file, KEY_UTILITY_USAGE)?;
    let sync = installation(machine)?;
    let Some(account) = rest.first() else {
        return refused("name the account with /u: this lab does not know whom the tool runs as");
    };
    let account = account
        .split_at_checked(3)
        .filter(|(switch, _)| switch.eq_ignore_ascii_case("/u:"));
    let account = account
        .map(|(_, name)| LogonAccount::from(name.to_owned()))
        .ok_or(End::Usage(KEY_UTILITY_USAGE))?;
    let LogonAccount::Domain { .. } = account else {
        return Err(End::Usage(KEY_UTILITY_USAGE));
    };
    let name = account.to_string();
    // A managed account is named with or without its $: the documentation shows a placeholder only.
    let found = [name.clone(), format!("{name}$")]
        .iter()
        .find_map(|name| domain_account(machine, name));
    let Some(found) = found.filter(|found| found.sid == sync.readable_by) else {
        return refused(format!(
            "{name} is not the account of the synchronization service"
        ));
    };
    prove(machine, &found, rest.get(1).copied(), stdin)?;
    let content = Content::Bytes(sync.key_set.to_file());
    let now = machine.clock_millis();
    let written = machine.state.files.write(&path, content, now);
    written.map_err(|code| End::Refused(format!("cannot write {file}: {code}")))?;
    Ok("the key set was exported")
}

/// `/c {GUID}`
fn check(machine: &Machine<'_>, id: &str) -> Result<&'static str, End> {
    let id = guid(id)?;
    if installation(machine)?.key_set.guid() == id {
        return Ok("the key set is in use");
    }
    refused("another key set is in use")
}

/// `/a`: new keys; whatever the old ones protected is lost.
fn abandon(machine: &mut Machine<'_>, sql: &SqlServer) -> Result<&'static str, End> {
    let sync = installation(machine)?;
    let store = store(sql, &sync)?;
    let key_set = store.key_set.successor();
    sql.set_sync(
        &sync.database,
        SyncStore {
            key_set,
            abandoned: true,
            ..store
        },
    );
    set_sync(machine, SyncInstallation { key_set, ..sync });
    Ok("the key set was abandoned: every management agent needs its password again")
}

/// A key set file, and the account that it is to be bound to.
struct Bound {
    file: Vec<u8>,
    account: Sid,
    sync: SyncInstallation,
}

/// What `miisactivate` looks at before it changes anything.
fn bind(
    machine: &mut Machine<'_>,
    file: &str,
    account: &str,
    password: Option<&str>,
    stdin: Option<&Secret>,
) -> Result<Bound, End> {
    let path = path(file, ACTIVATION_USAGE)?;
    let LogonAccount::Domain { .. } = LogonAccount::from(account.to_owned()) else {
        return Err(End::Usage(ACTIVATION_USAGE));
    };
    let sync = installation(machine)?;
    let Some(service) = machine.state.services.get(SYNC_SERVICE).cloned() else {
        return refused("the synchronization service is not installed");
    };
    let file = match machine.state.files.file(&path) {
        Ok(Content::Bytes(bytes)) => bytes.clone(),
        Ok(_) => Vec::new(),
        Err(code) => return refused(format!("cannot read {file}: {code}")),
    };
    if service.state != ServiceState::Stopped {
        return refused("the synchronization service is running: stop it first");
    }
    if account.ends_with('$') {
        return refused("name the managed account without its $");
    }
    let logon = service.account.as_str();
    let named = if logon.ends_with('$') {
        format!("{account}$")
    } else {
        account.to_owned()
    };
    let found = domain_account(machine, logon).filter(|_| logon.eq_ignore_ascii_case(&named));
    let Some(found) = found else {
        return refused(format!(
            "the synchronization service does not log on as {account}"
        ));
    };
    prove(machine, &found, password, stdin)?;
    Ok(Bound {
        file,
        account: found.sid,
        sync,
    })
}

/// Makes this server the active one, if the file has the key set of the database.
fn take_over(
    machine: &mut Machine<'_>,
    sql: &SqlServer,
    bound: Bound,
) -> Result<&'static str, End> {
    let Bound {
        file,
        account,
        sync,
    } = bound;
    let store = store(sql, &sync)?;
    match KeySetId::from_file(&file) {
        None => refused("the file is not a key set file, or it is damaged"),
        Some(keys) if keys != store.key_set => {
            refused("the file holds another key set than this installation's")
        }
        Some(key_set) => {
            let active = machine.state.name.clone();
            sql.set_sync(&sync.database, SyncStore { active, ..store });
            let readable_by = account;
            set_sync(
                machine,
                SyncInstallation {
                    key_set,
                    readable_by,
                    ..sync
                },
            );
            Ok("the synchronization service was activated")
        }
    }
}

/// Proves a user's password; a managed account has none to give. `*` asks for it: one line on stdin.
fn prove(
    machine: &Machine<'_>,
    account: &DomainAccount,
    argument: Option<&str>,
    stdin: Option<&Secret>,
) -> Result<(), End> {
    let managed = matches!(
        account.kind,
        AccountKind::Gmsa | AccountKind::StandaloneManaged
    );
    let line;
    let password: &[u8] = match (managed, argument) {
        (true, None | Some("*")) => return Ok(()),
        (true, Some(_)) => {
            return refused(format!(
                "{} is a managed account: no password can be given",
                account.name
            ));
        }
        (false, None) => return refused(format!("the password of {} is needed", account.name)),
        (false, Some("*")) => {
            let given = stdin.map_or(&[][..], Secret::expose_bytes);
            line = given
                .split(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default();
            line.strip_suffix(b"\r").unwrap_or(line)
        }
        (false, Some(password)) => password.as_bytes(),
    };
    match machine.domain.proves(&account.sid, password) {
        Some(_)
            if !account.disabled && !Installations::or_none(machine.state).refuses_passwords =>
        {
            Ok(())
        }
        _ => refused("logon failure: unknown user name or bad password"),
    }
}

fn installation(machine: &Machine<'_>) -> Result<SyncInstallation, End> {
    match Installations::or_none(machine.state).sync {
        Some(sync) => Ok(sync),
        None => refused("the synchronization service is not set up on this server"),
    }
}

fn store(sql: &SqlServer, sync: &SyncInstallation) -> Result<SyncStore, End> {
    match sql.sync(&sync.database) {
        Some(store) => Ok(store),
        None => refused(format!("cannot open database {}", sync.database)),
    }
}

fn domain_account(machine: &Machine<'_>, name: &str) -> Option<DomainAccount> {
    match principal(name, machine.domain)? {
        Principal::Domain(found) => Some(found),
        Principal::BuiltIn => None,
    }
}

/// The arguments without a trailing `/q`, and whether it was there.
fn without_quiet<'a, 'b>(arguments: &'a [&'b str]) -> (&'a [&'b str], bool) {
    match arguments.split_last() {
        Some((last, before)) if last.eq_ignore_ascii_case("/q") => (before, true),
        _ => (arguments, false),
    }
}

/// A file argument; without a folder it is in the tool's working directory.
fn path(argument: &str, usage: &'static str) -> Result<HostPath, End> {
    if argument.is_empty() || argument.starts_with('/') {
        return Err(End::Usage(usage));
    }
    let absolute = HostPath::parse(argument)
        .or_else(|_| HostPath::parse(format!(r"C:\Windows\System32\{argument}")));
    absolute.map_err(|_| End::Usage(usage))
}

/// `{00112233-4455-6677-8899-aabbccddeeff}`
fn guid(argument: &str) -> Result<Guid, End> {
    let inner = argument
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    inner
        .and_then(|inner| inner.parse().ok())
        .ok_or(End::Usage(KEY_UTILITY_USAGE))
}

fn ending(result: Result<&'static str, End>, quiet: bool) -> Ending {
    match result {
        Ok(said) => Ending::done(if quiet { "" } else { said }),
        Err(End::Refused(why)) => Ending::failed(1, why),
        Err(End::Usage(usage)) => Ending::failed(2, usage),
    }
}
