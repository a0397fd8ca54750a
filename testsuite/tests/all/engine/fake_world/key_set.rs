//! The Synchronization Service's key-set tools, with the rules of the testsuite's stand-in.

use model::names::{HostName, LogonAccount, ServiceName};
use model::ports::{ErrorKind, WorldError};

use super::state::{State, error};

#[derive(Clone)]
pub struct KeySet {
    /// The service that does not start without it.
    pub service: ServiceName,
    /// The product's folder, with a backslash at its end.
    pub folder: String,
    pub id: u32,
    pub bound_to: LogonAccount,
    /// How often it was exported: no two exports are the same file.
    pub exports: u32,
}

/// Runs one of the tools; the inner error is what it says when it refuses.
pub fn run(
    state: &mut State,
    host: &HostName,
    program: &str,
    args: &[String],
    stdin: Option<&str>,
) -> Result<Result<(), String>, WorldError> {
    let none = || {
        error(
            ErrorKind::NotFound,
            format!("there is no program {program}"),
        )
    };
    let keys = state.hosts[host].key_set.as_ref().ok_or_else(none)?;
    let tool = program.strip_prefix(&keys.folder).ok_or_else(none)?;
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    Ok(match tool {
        r"Bin\miiskmu.exe" => export(state, host, &args, stdin),
        r"Bin\miisactivate.exe" => activate(state, host, &args, stdin),
        _ => return Err(none()),
    })
}

/// `/e FILE /u:DOMAIN\name * /q`
fn export(
    state: &mut State,
    host: &HostName,
    args: &[&str],
    stdin: Option<&str>,
) -> Result<(), String> {
    let ["/e", file, user, "*", "/q"] = args else {
        return Err(format!("usage: miiskmu /e FILE /u:USER * /q, not {args:?}"));
    };
    let user = user.strip_prefix("/u:").ok_or("usage: /u:")?.to_owned();
    let user = LogonAccount::from(user);
    let right = state.is_password(&user, stdin);
    let host = state.hosts.get_mut(host).ok_or("no host")?;
    let (folder, _) = file.rsplit_once('\\').ok_or("no folder")?;
    let has_folder = host.has_folder(folder);
    let keys = host.key_set.as_mut().ok_or("no key set")?;
    if !keys.bound_to.same_as(&user) {
        return Err(format!(
            "{user} is not the account of the synchronization service"
        ));
    }
    if !right {
        return Err("logon failure: unknown user name or bad password".to_owned());
    }
    if !has_folder {
        return Err(format!("cannot write {file}: no such folder"));
    }
    keys.exports += 1;
    let content = format!("MIISKEYS {} export {}", keys.id, keys.exports);
    if host.files.insert(file.to_lowercase(), content).is_some() {
        return Err(format!("{file} was there and is overwritten"));
    }
    Ok(())
}

/// `FILE DOMAIN\user * /q` or `FILE DOMAIN\gmsa-without-$ /q`
fn activate(
    state: &mut State,
    host: &HostName,
    args: &[&str],
    stdin: Option<&str>,
) -> Result<(), String> {
    let (file, name, asks) = match args {
        [file, name, "*", "/q"] => (file, name, true),
        [file, name, "/q"] => (file, name, false),
        _ => {
            return Err(format!(
                "usage: miisactivate FILE NAME [*] /q, not {args:?}"
            ));
        }
    };
    if asks != stdin.is_some() {
        return Err("standard input and * do not match".to_owned());
    }
    let found = &state.hosts[host];
    let keys = found.key_set.as_ref().ok_or("no key set")?;
    if found.runs(&keys.service) {
        return Err("the synchronization service is running: stop it first".to_owned());
    }
    let service = &found.services[&keys.service.as_str().to_lowercase()].service;
    let logon = service.logon_account.clone();
    let managed = logon.to_string().ends_with('$');
    let expected = if managed {
        logon.without_dollar()
    } else {
        logon.to_string()
    };
    if !name.eq_ignore_ascii_case(&expected) {
        return Err(format!(
            "the synchronization service does not log on as {name}"
        ));
    }
    if managed == asks || (!managed && !state.is_password(&logon, stdin)) {
        return Err("logon failure: unknown user name or bad password".to_owned());
    }
    let content = found
        .files
        .get(&file.to_lowercase())
        .ok_or("the key set file is missing")?;
    if !content.starts_with(&format!("MIISKEYS {} ", keys.id)) {
        return Err("the file holds another key set than this installation's".to_owned());
    }
    let host = state.hosts.get_mut(host).ok_or("no host")?;
    host.key_set.as_mut().ok_or("no key set")?.bound_to = logon;
    Ok(())
}
