//! `msiexec.exe`: the products' setup in change mode, driven by their public properties.
//!
//! None of it is documented by Microsoft for unattended runs: the properties are those that administrators
//! use, and the lab is strict where it matters. A silent run restates every setting; one that is left out
//! is refused rather than silently reset.

pub mod wizard;

use agent_protocol::{AccountName, HostPath, PoolIdentity, Secret, ServiceName};

use super::installation::{Installations, SYNC_DATABASE, SYNC_SERVICE};
use super::mim_service::{
    MIM_DATABASE, MIM_SERVICE, PAM_COMPONENT, PAM_MONITORING, PAM_REST_POOL, REGISTRATION_POOL,
    RESET_POOL,
};
use super::sql_server::{Role, SqlServer};
use crate::hosts::domain::AccountKind;
use crate::hosts::files::Content;
use crate::hosts::logon::{Principal, principal};
use crate::hosts::machine::Machine;
use crate::hosts::programs::Ending;

/// The helper service that an interrupted script leaves behind; the setup fails while it is installed.
const KEY_PROTECT: &str = "MIMKeyProtectService";
/// ERROR_INSTALL_USEREXIT: a dialog was to be answered, and nobody is there.
const USER_EXIT: i32 = 1602;
/// ERROR_INSTALL_FAILURE.
const FAILURE: i32 = 1603;
/// ERROR_INSTALL_PACKAGE_OPEN_FAILED.
const NO_PACKAGE: i32 = 1619;
/// ERROR_INVALID_COMMAND_LINE.
const COMMAND_LINE: i32 = 1639;
/// ERROR_SUCCESS_REBOOT_REQUIRED.
const REBOOT_REQUIRED: i32 = 3010;
/// Nobody published whether a silent run saves a key set file, and where: here it does, where a program writes that is
/// told no folder.
const SAVED_SILENTLY: &str = r"C:\Windows\System32\miiskeys.bin";
const START_PATIENCE_MS: u64 = 180_000;

/// `NAME=value` arguments, by name.
struct Properties<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Properties<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value.trim_matches('"'))
    }

    fn need(&self, name: &'static str) -> Result<&'a str, Ending> {
        self.get(name).ok_or_else(|| {
            Ending::failed(
                FAILURE,
                format!("{name} is not given: the setup would reset it"),
            )
        })
    }

    /// An account given as NAME and DOMAIN, where the feature's properties are given at all.
    fn account(&self, prefix: &str) -> Option<(String, Option<&'a str>)> {
        let name = self.get(&format!("{prefix}_NAME"))?;
        let domain = self.get(&format!("{prefix}_DOMAIN"))?;
        Some((
            format!(r"{domain}\{name}"),
            self.get(&format!("{prefix}_PASSWORD")),
        ))
    }
}

/// `msiexec /i PACKAGE NAME=value… /qn [/l*v LOG]`
pub fn msiexec(machine: &mut Machine<'_>, sql: &SqlServer, arguments: &[&str]) -> Ending {
    run(machine, sql, arguments).unwrap_or_else(|ending| ending)
}

fn run(machine: &mut Machine<'_>, sql: &SqlServer, arguments: &[&str]) -> Result<Ending, Ending> {
    let usage = || {
        Ending::failed(
            COMMAND_LINE,
            "usage: msiexec /i PACKAGE [NAME=value]... /qn",
        )
    };
    let [verb, package, rest @ ..] = arguments else {
        return Err(usage());
    };
    if !verb.eq_ignore_ascii_case("/i") {
        return Err(usage());
    }
    let path = HostPath::parse(package.trim_matches('"')).map_err(|_| usage())?;
    if machine.state.files.file(&path).is_err() {
        return Err(Ending::failed(
            NO_PACKAGE,
            "This installation package could not be opened.",
        ));
    }
    if !rest
        .iter()
        .any(|word| ["/qn", "/quiet"].contains(&word.to_lowercase().as_str()))
    {
        return Err(Ending::failed(
            USER_EXIT,
            "the setup shows a dialog that nobody answers: use /qn",
        ));
    }
    if machine.state.services.get(KEY_PROTECT).is_some() {
        return Err(Ending::failed(
            FAILURE,
            format!("{KEY_PROTECT} is still installed"),
        ));
    }
    let properties = Properties(
        rest.iter()
            .filter_map(|word| word.split_once('='))
            .collect(),
    );
    let name = path
        .as_str()
        .rsplit(['\\', '/'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    match name.as_str() {
        "synchronization service.msi" => change_sync(machine, sql, &properties),
        "service and portal.msi" => change_service_and_portal(machine, sql, &properties),
        _ => Err(Ending::failed(
            NO_PACKAGE,
            "this lab does not know the package",
        )),
    }
}

/// Sets the account and leaves the service stopped: the dialog that would take the key set file cannot be
/// answered in a silent run, so `miisactivate` has to follow.
fn change_sync(
    machine: &mut Machine<'_>,
    sql: &SqlServer,
    given: &Properties<'_>,
) -> Result<Ending, Ending> {
    for group in [
        "GROUPADMINS",
        "GROUPOPERATORS",
        "GROUPACCOUNTJOINERS",
        "GROUPBROWSE",
        "GROUPPASSWORDSET",
    ] {
        given.need(group)?;
    }
    let account = format!(
        r"{}\{}",
        given.need("SERVICEDOMAIN")?,
        given.need("SERVICEACCOUNT")?
    );
    set_service(
        machine,
        (sql, SYNC_DATABASE),
        SYNC_SERVICE,
        &account,
        given.get("SERVICEPASSWORD"),
    )?;
    save_key_set(machine, SAVED_SILENTLY).map_err(|why| Ending::failed(FAILURE, why))?;
    Ok(Ending::done(""))
}

fn change_service_and_portal(
    machine: &mut Machine<'_>,
    sql: &SqlServer,
    given: &Properties<'_>,
) -> Result<Ending, Ending> {
    for setting in [
        "SQLSERVER_SERVER",
        "SQLSERVER_DATABASE",
        "MAIL_SERVER",
        "SERVICEADDRESS",
        "SYNCHRONIZATION_SERVER",
    ] {
        given.need(setting)?;
    }
    if given.need("EXISTINGDATABASE")? != "1" {
        return Err(Ending::failed(
            FAILURE,
            "the database exists: EXISTINGDATABASE must be 1",
        ));
    }
    if machine.state.services.get(MIM_SERVICE).is_some() {
        change_mim_service(machine, sql, given)?;
    }
    let database = (sql, MIM_DATABASE);
    let services = [
        ("PAM_COMPONENT_SERVICE_ACCOUNT", PAM_COMPONENT),
        ("PAM_MONITORING_SERVICE_ACCOUNT", PAM_MONITORING),
    ];
    for (prefix, service) in services {
        if let Some((account, password)) = given.account(prefix) {
            set_service(machine, database, service, &account, password)?;
            restart(machine, service)?;
        }
    }
    if let Some((account, _)) = given.account("PAM_REST_API_APPPOOL_ACCOUNT") {
        set_pool(machine, PAM_REST_POOL, &account)?;
        listen_on(machine, PAM_REST_POOL, given.need("MIMPAM_REST_API_PORT")?);
    }
    for (property, port, pool) in [
        (
            "REGISTRATION_ACCOUNT",
            "REGISTRATION_PORT",
            REGISTRATION_POOL,
        ),
        ("RESET_ACCOUNT", "RESET_PORT", RESET_POOL),
    ] {
        if let Some(account) = given.get(property) {
            set_pool(machine, pool, account)?;
            listen_on(machine, pool, given.need(port)?);
        }
    }
    Ok(Ending {
        code: REBOOT_REQUIRED,
        said: String::new(),
        complained: String::new(),
    })
}

/// Setup's own file of the key set: its keys, saved by another program than the export tool.
fn save_key_set(machine: &mut Machine<'_>, file: &str) -> Result<(), String> {
    let sync = Installations::or_none(machine.state).sync;
    let sync = sync.ok_or("the synchronization service is not set up on this server")?;
    let path = HostPath::parse(file).map_err(|error| error.to_string())?;
    let now = machine.clock_millis();
    let content = Content::Bytes(sync.key_set.to_file());
    let written = machine.state.files.write(&path, content, now);
    written.map_err(|code| code.to_string())
}

fn change_mim_service(
    machine: &mut Machine<'_>,
    sql: &SqlServer,
    given: &Properties<'_>,
) -> Result<(), Ending> {
    let Some((account, password)) = given.account("SERVICE_ACCOUNT") else {
        return Err(Ending::failed(
            FAILURE,
            "SERVICE_ACCOUNT_NAME and SERVICE_ACCOUNT_DOMAIN must be given",
        ));
    };
    let managed = is_gmsa(machine, &account)?;
    if managed != (given.need("USE_MANAGED_ACCOUNT_FOR_SERVICE")? == "1") {
        let not = if managed { "shouldn't" } else { "should" };
        return Err(Ending::failed(
            FAILURE,
            format!("The service account {not} be managed."),
        ));
    }
    let database = (sql, MIM_DATABASE);
    set_service(machine, database, MIM_SERVICE, &account, password)?;
    restart(machine, MIM_SERVICE)
}

fn set_service(
    machine: &mut Machine<'_>,
    (sql, database): (&SqlServer, &str),
    service: &str,
    account: &str,
    password: Option<&str>,
) -> Result<(), Ending> {
    let managed = is_gmsa(machine, account)?;
    if managed == password.is_some_and(|password| !password.is_empty()) {
        return Err(Ending::failed(
            FAILURE,
            "the service account's password is not valid",
        ));
    }
    let (Ok(name), Ok(account)) = (ServiceName::parse(service), AccountName::parse(account)) else {
        return Err(Ending::failed(
            FAILURE,
            "the service account's name is not valid",
        ));
    };
    let failed = |failure: agent_protocol::Failure| Ending::failed(FAILURE, failure.to_string());
    machine
        .stop(&name, true, START_PATIENCE_MS)
        .map_err(failed)?;
    let secret = password
        .filter(|_| !managed)
        .map(|password| Secret::copy_of(password.as_bytes()));
    machine
        .set_logon_account(&name, &account, secret.as_ref())
        .map_err(failed)?;
    if let Some(found) = machine.state.services.get_mut(service) {
        found.managed = managed;
        found.save(&mut machine.state.registry);
    }
    if let Some(Principal::Domain(found)) = principal(account.as_str(), machine.domain) {
        sql.grant(database, found.sid, Role::Owner);
    }
    Ok(())
}

fn set_pool(machine: &mut Machine<'_>, pool: &str, account: &str) -> Result<(), Ending> {
    is_gmsa(machine, account)?;
    let found = machine
        .state
        .app_pools
        .iter_mut()
        .find(|found| found.name == pool);
    match (found, AccountName::parse(account)) {
        (Some(found), Ok(account)) => {
            (found.identity, found.stored) = (PoolIdentity::SpecificUser(account), None);
            Ok(())
        }
        _ => Err(Ending::failed(FAILURE, format!("{pool} is not installed"))),
    }
}

fn listen_on(machine: &mut Machine<'_>, pool: &str, port: &str) {
    let mut pools = machine.state.app_pools.iter_mut();
    if let Some(pool) = pools.find(|found| found.name == pool) {
        pool.listen_on(port);
    }
}

fn restart(machine: &mut Machine<'_>, service: &str) -> Result<(), Ending> {
    let name =
        ServiceName::parse(service).map_err(|error| Ending::failed(FAILURE, error.to_string()))?;
    machine
        .start(&name, START_PATIENCE_MS)
        .map_err(|failure| Ending::failed(FAILURE, failure.to_string()))
}

fn is_gmsa(machine: &Machine<'_>, account: &str) -> Result<bool, Ending> {
    match principal(account, machine.domain) {
        Some(Principal::Domain(found)) => Ok(found.kind == AccountKind::Gmsa),
        _ => Err(Ending::failed(
            FAILURE,
            format!("{account} is not an account of the domain"),
        )),
    }
}
