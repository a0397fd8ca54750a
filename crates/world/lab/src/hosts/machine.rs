//! A running host with what is around it: where requests are carried out.

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AccountName, Failure, FailureKind, HostFacts, Reply, Request, Secret, SecretUse, ServiceList,
    ServiceName, UnixMillis,
};
use security::FileTime;

use super::domain::{AccountKind, DomainView};
use super::event_log::{Event, Level, Log, SERVICE_CONTROL_MANAGER};
use super::logon::{self, Principal};
use super::products::Products;
use super::services::{self, LabService, StoredPassword};
use super::setup_run;
use super::state::{HostState, unix_millis};

const INVALID_SERVICE_ACCOUNT: Win32Code = Win32Code(1057);
const SERVICE_DOES_NOT_EXIST: Win32Code = Win32Code(1060);

/// One host for the time of one request.
pub struct Machine<'a> {
    /// The host.
    pub state: &'a mut HostState,
    /// Its domain.
    pub domain: &'a dyn DomainView,
    /// The software on it.
    pub products: &'a dyn Products,
}

impl Machine<'_> {
    /// Does one request, as the agent on that host would.
    ///
    /// # Errors
    /// The failure that Windows would give.
    pub fn handle(&mut self, request: Request, secret: &Secret) -> Result<Reply, Failure> {
        self.settle();
        let now = self.clock_millis();
        let HostState {
            files, registry, ..
        } = &mut *self.state;
        match request {
            Request::Facts => Ok(Reply::Facts(self.facts())),
            Request::Services => Ok(Reply::Services(self.services())),
            Request::Service { name } => {
                let service = self.service(&name)?;
                Ok(Reply::Service(self.state.services.describe(service)))
            }
            Request::SetLogonAccount {
                service,
                account,
                password,
            } => {
                let password = (password == SecretUse::InFrame).then_some(secret);
                self.set_logon_account(&service, &account, password)
                    .map(|()| Reply::Done)
            }
            Request::SetManagedAccount { service, managed } => {
                self.set_managed_account(&service, managed)
            }
            Request::StopService {
                name,
                with_dependants,
                timeout_ms,
            } => self
                .stop(&name, with_dependants, timeout_ms)
                .map(Reply::Stopped),
            Request::StartService { name, timeout_ms } => {
                self.start(&name, timeout_ms).map(|()| Reply::Done)
            }
            Request::ReadValue { key, name } => {
                registry.read(&key, &name).cloned().map(Reply::Value)
            }
            Request::ReadKey { key } => registry.list(&key).map(Reply::Key),
            Request::WriteValue {
                key,
                name,
                value,
                create_key,
            } => registry
                .write(&key, &name, value, create_key)
                .map(|()| Reply::Done),
            Request::DeleteValue { key, name } => Ok(Reply::Existed(registry.delete(&key, &name))),
            Request::Run {
                program,
                arguments,
                stdin,
                timeout_ms,
            } => {
                let stdin = (stdin == SecretUse::InFrame).then_some(secret);
                self.run(&program, &arguments, stdin, timeout_ms)
                    .map(Reply::Ran)
            }
            Request::CopyFile {
                from,
                to,
                overwrite,
            } => files.copy(&from, &to, overwrite, now).map(Reply::Digest),
            Request::SealFile {
                from,
                to,
                recipients,
            } => files.seal(&from, &to, &recipients, now).map(Reply::Sealed),
            Request::FetchSealed { path } => files.fetch(&path).map(Reply::SealedContent),
            Request::HashFile { path } => files.digest(&path).map(Reply::Digest),
            Request::Metadata { path } => files.metadata(&path).map(Reply::Metadata),
            Request::CreateDirectory { path } => {
                files.create_directory(&path, now).map(Reply::Existed)
            }
            Request::DeleteFile { path } => files.delete(&path).map(Reply::Existed),
            Request::DeleteEmptyDirectory { path } => {
                files.delete_empty_directory(&path).map(Reply::Existed)
            }
            Request::Products => Ok(Reply::Products(registry.products())),
            Request::QueryServiceAccount { account } => Ok(Reply::ServiceAccount(logon::query(
                self.state,
                self.domain,
                account.as_str(),
            ))),
            Request::ResolveAccount { account } => self.resolve(&account),
            Request::Rights(request) => Ok(self.account_rights(request)),
            Request::AccessLists(request) => self.access_lists(request),
            Request::AppPools(request) => self.application_pools(request, secret),
            Request::Tasks(request) => self.scheduled_tasks(request, secret),
            Request::Triggers(request) => self.triggers(request),
            Request::LocalGroup(request) => self.local_group(request),
            Request::Events(query) => self.state.events.find(&query).map(Reply::Events),
            Request::Converse { pipe, .. } => self
                .products
                .converse(self, pipe.as_str(), secret)
                .map(Reply::Said),
            Request::RunSetup(run) => setup_run::run(self, &run, secret).map(Reply::SetupEnded),
            Request::PurgeTickets => {
                self.purge_tickets();
                Ok(Reply::Done)
            }
            Request::Reboot { .. } => {
                self.restart();
                Ok(Reply::Done)
            }
            Request::Batch(_) => Err(Failure::new(
                FailureKind::Invalid,
                "a batch is taken apart before",
            )),
        }
    }

    /// The host's clock.
    pub fn clock(&self) -> FileTime {
        self.state.clock(self.domain.now())
    }

    /// The host's clock, as the agent writes times.
    pub fn clock_millis(&self) -> UnixMillis {
        unix_millis(self.clock())
    }

    /// Writes an event of the service control manager.
    pub fn system_event(&mut self, id: u32, level: Level, text: String) {
        self.event(Log::System, SERVICE_CONTROL_MANAGER, id, level, text);
    }

    /// Writes an event.
    pub fn event(&mut self, log: Log, source: &str, id: u32, level: Level, text: String) {
        let (time, source) = (self.clock(), source.to_owned());
        self.state.events.add(Event {
            time,
            log,
            source,
            id,
            level,
            text,
        });
    }

    /// A service.
    ///
    /// # Errors
    /// 1060 where none of that name is installed.
    pub fn service(&self, name: &ServiceName) -> Result<&LabService, Failure> {
        self.state
            .services
            .get(name.as_str())
            .ok_or_else(|| no_service(name))
    }

    /// As [`Machine::service`], to change it.
    pub fn service_mut(&mut self, name: &ServiceName) -> Result<&mut LabService, Failure> {
        self.state
            .services
            .get_mut(name.as_str())
            .ok_or_else(|| no_service(name))
    }

    /// Sets logon account and password, as ChangeServiceConfigW does: the password is stored, not tried.
    pub fn set_logon_account(
        &mut self,
        service: &ServiceName,
        account: &AccountName,
        password: Option<&Secret>,
    ) -> Result<(), Failure> {
        let what = || format!("set the logon account of service {service} to {account}");
        let old = self.service(service)?.stored;
        if password.is_some_and(|secret| secret.expose_text().is_none()) {
            return Err(Failure::new(
                FailureKind::Invalid,
                "the password is not UTF-8",
            ));
        }
        let refused = || Err(Failure::from_code(INVALID_SERVICE_ACCOUNT, what()));
        let stored = match logon::principal(account.as_str(), self.domain) {
            None => return refused(),
            Some(Principal::BuiltIn) => None,
            Some(Principal::Domain(found)) => match (found.kind, password) {
                (AccountKind::Gmsa | AccountKind::StandaloneManaged, Some(_)) => return refused(),
                (AccountKind::Gmsa, None) => {
                    let version = logon::retrieve(self.state, self.domain, &found).ok();
                    Some(StoredPassword {
                        account: found.sid,
                        version,
                    })
                }
                (_, Some(secret)) => {
                    let version = self.domain.proves(&found.sid, secret.expose_bytes());
                    Some(StoredPassword {
                        account: found.sid,
                        version,
                    })
                }
                // A NULL password leaves the stored one as it is, whosever it was.
                (_, None) => old,
            },
        };
        let found = self
            .state
            .services
            .get_mut(service.as_str())
            .ok_or_else(|| no_service(service))?;
        found.account = account.clone();
        found.stored = stored;
        found.save(&mut self.state.registry);
        Ok(())
    }

    fn set_managed_account(&mut self, name: &ServiceName, managed: bool) -> Result<Reply, Failure> {
        let service = self
            .state
            .services
            .get_mut(name.as_str())
            .ok_or_else(|| no_service(name))?;
        service.managed = managed;
        service.save(&mut self.state.registry);
        Ok(Reply::ManagedAccount(services::flag(managed)))
    }

    fn services(&self) -> ServiceList {
        let services = &self.state.services;
        ServiceList {
            services: services
                .iter()
                .map(|service| services.describe(service))
                .collect(),
            unreadable: Vec::new(),
        }
    }

    fn facts(&self) -> HostFacts {
        let windows = &self.state.windows;
        HostFacts {
            os_name: windows.name.clone(),
            os_version: windows.version.clone(),
            os_build: format!("{}.{}", windows.build, windows.revision),
            computer_name: self.state.name.to_string(),
            dns_domain: Some(self.domain.dns_name()),
            joined_domain: Some(self.domain.netbios_name()),
            booted_at: Some(unix_millis(self.state.clock(self.state.booted))),
            now: self.clock_millis(),
            elevated: true,
        }
    }
}

fn no_service(name: &ServiceName) -> Failure {
    Failure::from_code(SERVICE_DOES_NOT_EXIST, format!("open service {name}"))
}
