//! Setups in change mode: the accounts that their properties name, and nothing else.

use model::host::{PoolIdentity, PoolName, SetupEnd, SetupRun};
use model::names::LogonAccount;
use model::ports::{ErrorKind, WorldError};

use super::super::reference::SYNC_SERVICE;
use super::super::state::{HostState, error};
use super::FakeHost;

/// ERROR_SUCCESS_REBOOT_REQUIRED.
const RESTART_WANTED: u32 = 3010;

/// Leaves a service stopped, as a silent setup of the Synchronization Service does.
pub fn run(host: &FakeHost, run: &SetupRun) -> Result<SetupEnd, WorldError> {
    host.change(&format!("run the setup {}", run.package), |host| {
        if !host
            .files
            .contains_key(&run.package.as_str().to_lowercase())
        {
            let what = format!("there is no package {}", run.package);
            return Err(error(ErrorKind::NotFound, what));
        }
        let given = |name: &str| {
            let mut properties = run.properties.iter();
            let found = properties.find(|property| property.name.as_str() == name);
            found.map(|property| property.value.as_str())
        };
        if let (Some(name), Some(domain)) = (given("SERVICEACCOUNT"), given("SERVICEDOMAIN")) {
            let service = host.service(&SYNC_SERVICE.parse().unwrap())?;
            service.service.logon_account = LogonAccount::from(format!(r"{domain}\{name}"));
            service.password = None;
        }
        if let Some(account) = given("RESET_ACCOUNT") {
            set_pool(host, account)?;
        }
        Ok(SetupEnd {
            code: RESTART_WANTED,
            log: Vec::new(),
            attempts: 1,
        })
    })
}

fn set_pool(host: &mut HostState, account: &str) -> Result<(), WorldError> {
    let (pool, stored) = host.settings.pool(&PoolName::parse("ResetPool").unwrap())?;
    pool.identity = PoolIdentity::from_configuration("SpecificUser", account).unwrap();
    *stored = None;
    Ok(())
}
