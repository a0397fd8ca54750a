//! Files that the operator hands over: estate, intent, inventory, plan.

use std::path::{Path, PathBuf};

use model::estate::{Auth, DirectoryTransport, DomainAccess, Estate, SecretSource};
use model::intent::Intent;
use model::inventory::Inventory;
use model::plan::PlanDocument;

use crate::documents::host::StoppedDocument;
use crate::error::{Failure, exit};
use crate::options::{AuthChoice, Global};

/// The estate: its file, and what options say over it.
pub fn estate(global: &Global) -> Result<Estate, Failure> {
    let mut estate = match &global.estate {
        Some(path) => {
            let folder = path.parent().unwrap_or(Path::new(""));
            let text = read("estate", "the estate file", path)?;
            Estate::parse(&text, folder).map_err(|error| in_file(error.into(), path))?
        }
        None => estate_from_options(global)?,
    };
    let access = &mut estate.domain;
    if let Some(domain) = &global.domain {
        access.name = domain.clone();
    }
    if let Some(server) = &global.server {
        access.server = Some(server.clone());
    }
    access.dns = global.dns.or(access.dns);
    if let Some(auth) = global.auth {
        access.auth = match auth {
            AuthChoice::Default => Auth::Default,
            AuthChoice::LoggedOn => Auth::LoggedOn,
            AuthChoice::Kerberos => Auth::Kerberos,
            AuthChoice::TicketCache => Auth::TicketCache,
            AuthChoice::Keytab => Auth::Keytab,
            AuthChoice::Ntlm => Auth::Ntlm,
            AuthChoice::Simple => Auth::Simple,
        };
        if access.auth == Auth::Simple && access.transport == DirectoryTransport::Sealed {
            access.transport = DirectoryTransport::Ldaps; // The password itself goes over the wire: TLS only.
        }
    }
    if let Some(user) = &global.user {
        access.user = Some(user.clone());
        access.password = None;
        access.keytab = None;
    }
    if let Some(file) = &global.keytab {
        access.keytab = Some(file.clone());
        access.auth = with_keytab(access.auth, global.auth)?;
    }
    if let Some(file) = &global.password_file {
        access.password = Some(SecretSource::File(file.clone()));
    }
    if let Some(file) = &global.ca_file {
        access.ca_file = Some(file.clone());
    }
    Ok(estate)
}

/// How a keytab that an option names is used: it counts, however the estate does it otherwise.
fn with_keytab(auth: Auth, named: Option<AuthChoice>) -> Result<Auth, Failure> {
    let other = match named {
        Some(AuthChoice::LoggedOn) => "logged-on",
        Some(AuthChoice::TicketCache) => "ticket-cache",
        Some(AuthChoice::Ntlm) => "ntlm",
        Some(AuthChoice::Simple) => "simple",
        // Tickets come before it: the order that is documented.
        None | Some(AuthChoice::Default) if auth == Auth::Default => return Ok(auth),
        None | Some(_) => return Ok(Auth::Keytab),
    };
    let message = format!("--auth {other} takes no keytab");
    Err(Failure::new("usage", message)
        .hint("leave --keytab out, or say --auth keytab")
        .exit(exit::USAGE))
}

fn estate_from_options(global: &Global) -> Result<Estate, Failure> {
    let Some(domain) = global.domain.clone() else {
        return Err(Failure::new("not-configured", "no estate is named")
            .hint("--estate FILE says how to reach the domain and its hosts; for the directory alone --domain and --user do, and --server where DNS knows no domain controller"));
    };
    Ok(Estate {
        format: 1,
        name: domain.to_string(),
        domain: DomainAccess {
            name: domain,
            server: None,
            dns: None,
            kdc: None,
            auth: Auth::default(),
            transport: DirectoryTransport::default(),
            user: None,
            password: None,
            keytab: None,
            ca_file: None,
        },
        addresses: Default::default(),
        sql: Default::default(),
        hosts: Vec::new(),
        credentials: Vec::new(),
    })
}

/// The intent: the file that is named, or `conversion.toml` beside the estate or in this folder; `None` without any.
pub fn intent(named: Option<&Path>, global: &Global) -> Result<Option<(PathBuf, Intent)>, Failure> {
    let beside = global
        .estate
        .as_ref()
        .and_then(|estate| estate.parent())
        .map(|folder| folder.join("conversion.toml"));
    let path = match named {
        Some(path) => Some(path.to_owned()),
        None => beside
            .into_iter()
            .chain([PathBuf::from("conversion.toml")])
            .find(|path| path.is_file()),
    };
    let Some(path) = path else { return Ok(None) };
    let text = read("intent", "the intent", &path)?;
    let intent = Intent::parse(&text).map_err(|error| in_file(error.into(), &path))?;
    Ok(Some((path, intent)))
}

/// An inventory that `discover --out` wrote.
pub fn inventory(path: &Path) -> Result<Inventory, Failure> {
    let text = read("inventory", "the inventory", path)?;
    let inventory: Inventory = serde_json::from_str(&text).map_err(|error| {
        let hint = "an inventory is what gmsactl discover --out writes";
        in_file(
            Failure::new("inventory", format!("this is no inventory: {error}")).hint(hint),
            path,
        )
    })?;
    if inventory.format != 1 {
        let message = format!(
            "the inventory has format {}, this gmsactl knows format 1",
            inventory.format
        );
        return Err(in_file(Failure::new("inventory", message), path));
    }
    Ok(inventory)
}

/// What `host stop --json` printed.
pub fn stopped(path: &Path) -> Result<StoppedDocument, Failure> {
    let text = read("input", "the list of stopped services", path)?;
    serde_json::from_str(&text).map_err(|error| {
        let hint = "it is what gmsactl host stop --json prints";
        let why = format!("this is no list of stopped services: {error}");
        in_file(Failure::new("input", why).hint(hint), path)
    })
}

/// A plan that `plan --out` wrote, with its seal checked.
pub fn plan(path: &Path) -> Result<PlanDocument, Failure> {
    let text = read("plan", "the plan", path)?;
    PlanDocument::parse(&text).map_err(|error| in_file(error.into(), path))
}

/// Writes a file whole or not at all: a reader never sees half of it.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error: &std::io::Error| Failure::file("output", "the file", path, error);
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, text).map_err(|error| fail(&error))?;
    std::fs::rename(&beside, path).map_err(|error| {
        drop(std::fs::remove_file(&beside));
        fail(&error)
    })
}

/// Writes a new file that only this user can read.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, bytes));
    written.map_err(|error| Failure::file("output", "the new file", path, &error))
}

fn read(kind: &'static str, what: &str, path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file(kind, what, path, &error))
}

/// A failure that names its file.
pub fn in_file(failure: Failure, path: &Path) -> Failure {
    Failure {
        message: format!("{}: {}", path.display(), failure.message),
        ..failure
    }
}
