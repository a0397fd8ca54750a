//! The host port: services, files, programs; the rest in `settings`.

mod access_lists;
mod settings;
mod setup;

use std::time::Duration;

use async_trait::async_trait;
use model::host::{Recipient, RegistryValue};
use model::inventory::{HostFacts, Product, Service, ServiceState};
use model::names::{HostName, LogonAccount, SamAccountName, ServiceName};
use model::ports::{
    ErrorKind, FileFacts, Host, ProgramOutput, ProgramRun, RetrievalState, SealedFacts,
    StoppedService, WorldError,
};
use model::secret::Password;

pub use settings::HostSettings;

use super::FakeWorld;
use super::key_set;
use super::state::{HostState, State, error};

pub struct FakeHost {
    pub world: FakeWorld,
    pub name: HostName,
}

impl FakeHost {
    fn look<T>(
        &self,
        what: &str,
        look: impl FnOnce(&HostState) -> Result<T, WorldError>,
    ) -> Result<T, WorldError> {
        let what = format!("{what} on {}", self.name);
        self.world
            .read(&what, |state| look(&state.hosts[&self.name]))
    }

    fn change<T>(
        &self,
        what: &str,
        change: impl FnOnce(&mut HostState) -> Result<T, WorldError>,
    ) -> Result<T, WorldError> {
        let what = format!("{what} on {}", self.name);
        self.world
            .write(&what, |state| change(host_of(state, &self.name)))
    }
}

#[async_trait]
impl Host for FakeHost {
    async fn facts(&self) -> Result<HostFacts, WorldError> {
        self.look("read facts", |host| {
            Ok(HostFacts {
                computer_name: self.name.to_string(),
                os_name: "Windows Server 2022".to_owned(),
                os_version: host.os_version.clone(),
                booted: None,
                clock_skew_seconds: 0,
                agent_version: "test".to_owned(),
            })
        })
    }

    async fn services(&self) -> Result<Vec<Service>, WorldError> {
        self.look("list services", |host| {
            Ok(host
                .services
                .values()
                .map(|found| found.service.clone())
                .collect())
        })
    }

    async fn service(&self, name: &ServiceName) -> Result<Option<Service>, WorldError> {
        self.look(&format!("query {name}"), |host| {
            let found = host.services.get(&name.as_str().to_lowercase());
            Ok(found.map(|found| found.service.clone()))
        })
    }

    async fn set_logon_account(
        &self,
        service: &ServiceName,
        account: &LogonAccount,
        password: Option<&Password>,
    ) -> Result<(), WorldError> {
        self.change(&format!("set the logon account of {service}"), |host| {
            if is_managed(account) == password.is_some() {
                let what = format!("{account} with the wrong sort of password");
                return Err(error(ErrorKind::Conflict, what));
            }
            let found = host.service(service)?;
            found.service.logon_account = account.clone();
            found.password = password.map(|given| text(given).to_owned());
            Ok(())
        })
    }

    async fn set_managed_account(
        &self,
        service: &ServiceName,
        managed: bool,
    ) -> Result<(), WorldError> {
        self.change(
            &format!("set the managed-account flag of {service}"),
            |host| {
                let found = host.service(service)?;
                if managed && !is_managed(&found.service.logon_account) {
                    return Err(error(
                        ErrorKind::Conflict,
                        format!("{service} has no managed account"),
                    ));
                }
                found.service.managed_account = Some(managed);
                Ok(())
            },
        )
    }

    async fn stop_service(
        &self,
        service: &ServiceName,
        _timeout: Duration,
    ) -> Result<Vec<StoppedService>, WorldError> {
        self.change(&format!("stop {service}"), |host| {
            let mut names = host.service(service)?.service.dependants.clone();
            names.push(service.clone());
            let mut stopped = Vec::new();
            for name in names {
                let found = &mut host.service(&name)?.service;
                if found.state != ServiceState::Stopped {
                    let prior = std::mem::replace(&mut found.state, ServiceState::Stopped);
                    stopped.push(StoppedService {
                        service: name,
                        prior,
                    });
                }
            }
            Ok(stopped)
        })
    }

    async fn start_service(
        &self,
        service: &ServiceName,
        _timeout: Duration,
    ) -> Result<(), WorldError> {
        let what = format!("start {service} on {}", self.name);
        self.world
            .write(&what, |state| start(state, &self.name, service))
    }

    async fn registry_text(&self, key: &str, value: &str) -> Result<Option<String>, WorldError> {
        self.look(&format!("read {key}"), |host| {
            let found = host.registry.get(&(key.to_owned(), value.to_owned()));
            Ok(found.and_then(|found| match found {
                RegistryValue::Text(text) => Some(text.clone()),
                RegistryValue::Dword(number) => Some(number.to_string()),
                _ => None,
            }))
        })
    }

    async fn run(&self, program: ProgramRun<'_>) -> Result<ProgramOutput, WorldError> {
        let what = format!("run {} on {}", program.program, self.name);
        let stdin = program.stdin.map(text);
        self.world.write(&what, |state| {
            let result = key_set::run(state, &self.name, program.program, program.args, stdin)?;
            let echo = state.hosts[&self.name]
                .tools_echo
                .then_some(stdin)
                .flatten();
            Ok(ProgramOutput {
                exit_code: i32::from(result.is_err()),
                stdout: format!("Password: {}", echo.unwrap_or_default()),
                stderr: result.err().unwrap_or_default(),
            })
        })
    }

    async fn file(&self, path: &str) -> Result<Option<FileFacts>, WorldError> {
        self.look(&format!("look at {path}"), |host| {
            let found = host.files.get(&path.to_lowercase());
            Ok(found.map(|content| facts_of(content)))
        })
    }

    async fn seal_file(
        &self,
        path: &str,
        sealed: &str,
        recipients: &[Recipient],
    ) -> Result<SealedFacts, WorldError> {
        self.change(&format!("seal {path}"), |host| {
            let missing = || error(ErrorKind::NotFound, format!("{path} is not there"));
            let plain = host.files.get(&path.to_lowercase()).ok_or_else(missing)?;
            let (plain, copy) = (plain.clone(), format!("{recipients:?} of {plain}"));
            if host.files.contains_key(&sealed.to_lowercase()) {
                return Err(error(ErrorKind::Exists, format!("{sealed} is there")));
            }
            host.files.insert(sealed.to_lowercase(), copy.clone());
            Ok(SealedFacts {
                plain: facts_of(&plain),
                sealed: facts_of(&copy),
            })
        })
    }

    async fn fetch_sealed(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        self.look(&format!("fetch {path}"), |host| {
            let missing = || error(ErrorKind::NotFound, format!("{path} is not there"));
            let found = host.files.get(&path.to_lowercase()).ok_or_else(missing)?;
            Ok(found.clone().into_bytes())
        })
    }

    async fn delete_file(&self, path: &str) -> Result<(), WorldError> {
        self.change(&format!("delete {path}"), |host| {
            host.files.remove(&path.to_lowercase());
            Ok(())
        })
    }

    async fn folder_exists(&self, path: &str) -> Result<bool, WorldError> {
        self.look(
            &format!("look for {path}"),
            |host| Ok(host.has_folder(path)),
        )
    }

    async fn create_folder(&self, path: &str) -> Result<(), WorldError> {
        self.change(&format!("create {path}"), |host| {
            if !host.has_folder(path) {
                let path = path.to_lowercase();
                let parents = path
                    .match_indices('\\')
                    .map(|(end, _)| path[..end].to_owned());
                host.folders.extend(parents.skip(1).chain([path.clone()]));
            }
            Ok(())
        })
    }

    async fn delete_empty_folder(&self, path: &str) -> Result<(), WorldError> {
        self.change(&format!("delete folder {path}"), |host| {
            let inside = format!("{}\\", path.to_lowercase());
            let mut content = host.files.keys().chain(&host.folders);
            if !content.any(|path| path.starts_with(&inside)) {
                host.folders.remove(&path.to_lowercase());
            }
            Ok(())
        })
    }

    async fn products(&self) -> Result<Vec<Product>, WorldError> {
        self.look("list products", |host| Ok(host.products.clone()))
    }

    async fn retrieval_state(&self, gmsa: &SamAccountName) -> Result<RetrievalState, WorldError> {
        self.look("ask for the retrieval state", |host| {
            match host.knows_retrieval_state {
                true => Ok(()),
                false => Err(error(
                    ErrorKind::NotSupported,
                    "NetQueryServiceAccount is missing",
                )),
            }
        })?;
        self.world.read("see the retrieval state", |state| {
            Ok(match state.can_retrieve(gmsa, &self.name) {
                true => RetrievalState::CanInstall,
                false => RetrievalState::CannotInstall,
            })
        })
    }
}

fn facts_of(content: &str) -> FileFacts {
    FileFacts {
        size: content.len() as u64,
        sha256: hex::encode(content), // As good as a hash here: another content, another text.
    }
}

/// Starts a service as the service control manager does: its log-on first, then its own conditions.
fn start(state: &mut State, name: &HostName, service: &ServiceName) -> Result<(), WorldError> {
    let host = host_of(state, name);
    if host.runs(service) {
        return Ok(());
    }
    let found = host.service(service)?;
    let (account, password) = (found.service.logon_account.clone(), found.password.clone());
    let (flag, needs) = (found.service.managed_account, found.needs.clone());
    if let Some(needed) = needs.filter(|needed| !host.runs(needed)) {
        return Err(error(
            ErrorKind::Conflict,
            format!("{service} needs {needed}, which is stopped"),
        ));
    }
    let logs_on = match &account {
        LogonAccount::Other(_) => true,
        LogonAccount::Domain { name: sam, .. } if is_managed(&account) => {
            flag == Some(true) && state.can_retrieve(sam, name)
        }
        LogonAccount::Domain { .. } => state.is_password(&account, password.as_deref()),
    };
    if !logs_on {
        return Err(error(
            ErrorKind::Failed,
            format!("1069: {service} cannot log on as {account}"),
        ));
    }
    let host = host_of(state, name);
    let bound_elsewhere = |keys: &&key_set::KeySet| !keys.bound_to.same_as(&account);
    let keys = host
        .key_set
        .as_ref()
        .filter(|keys| keys.service == *service);
    if let Some(keys) = keys.filter(bound_elsewhere) {
        let what = format!(
            "6028: the keys are bound to {}, not {account}",
            keys.bound_to
        );
        return Err(error(ErrorKind::Failed, what));
    }
    host.service(service)?.service.state = ServiceState::Running;
    Ok(())
}

fn host_of<'a>(state: &'a mut State, name: &HostName) -> &'a mut HostState {
    state
        .hosts
        .get_mut(name)
        .unwrap_or_else(|| panic!("there is no host {name}"))
}

fn is_managed(account: &LogonAccount) -> bool {
    account.to_string().ends_with('$')
}

fn text(password: &Password) -> &str {
    std::str::from_utf8(password.expose_bytes()).unwrap()
}
