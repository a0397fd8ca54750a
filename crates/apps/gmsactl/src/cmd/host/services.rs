//! Services: listed, their logon account, stopped and started.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use model::host::AccountRight;
use model::inventory::{Service, ServiceState};
use model::names::{HostName, LogonAccount, ServiceName};
use model::ports::{Host, StoppedService};

use super::accounts::{self, NewAccount, log_on_advice};
use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect, not_there};
use crate::documents::host::{HostChange, ServiceList};
use crate::error::Failure;
use crate::inputs;
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `host services`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gmsactl host services MIMSYNC01 --account CONTOSO\\svc-mimsync --estate estate.toml"
)]
pub struct Services {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Only this service.
    #[arg(value_name = "SERVICE")]
    service: Option<ServiceName>,
    /// Only those that run as this account.
    #[arg(long, value_name = "ACCOUNT", value_parser = accounts::account)]
    account: Option<LogonAccount>,
}

impl Services {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.host).await?;
        let mut services = match &self.service {
            Some(name) => vec![installed(host.as_ref(), &self.host, name).await?],
            None => host.services().await?,
        };
        if let Some(account) = &self.account {
            services.retain(|service| service.logon_account.same_as(account));
        }
        let host = self.host.clone();
        output.document(&ServiceList { host, services }, human::services);
        Ok(0)
    }
}

/// Arguments of `host set-account`.
#[derive(Debug, Args)]
#[command(
    after_help = "A service that runs keeps its old account until it is started again.\n\n\
                  Example:\n  gmsactl host set-account MIMSYNC01 FIMSynchronizationService \
                  --account 'CONTOSO\\MIMSyncGMSAsvc$' --estate estate.toml"
)]
pub struct SetAccount {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Key name of the service.
    #[arg(value_name = "SERVICE")]
    service: ServiceName,
    #[command(flatten)]
    new: NewAccount,
    #[command(flatten)]
    writing: Writing,
}

impl SetAccount {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.host).await?;
        let host = host.as_ref();
        let found = installed(host, &self.host, &self.service).await?;
        let wanted = self.wanted(host, &found).await;
        let password = match self.writing.dry_run || wanted.changes.is_empty() {
            true => None,
            false => self.new.password(session)?,
        };
        let (account, managed) = (&self.new.account, self.new.is_managed());
        let document = wanted.carry_out(
            self.writing,
            async || {
                // The flag goes first where it is taken away: it must not stand beside a user's password.
                if found.managed_account == Some(true) && !managed {
                    host.set_managed_account(&self.service, false).await?;
                }
                host.set_logon_account(&self.service, account, password.as_ref())
                    .await?;
                if managed {
                    host.set_managed_account(&self.service, true).await?;
                }
                Ok(())
            },
            async || {
                let now = host.service(&self.service).await?;
                Ok(now.is_some_and(|now| {
                    now.logon_account.same_as(account)
                        && now.managed_account.unwrap_or(managed) == managed
                }))
            },
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }

    async fn wanted(&self, host: &dyn Host, found: &Service) -> Wanted {
        let (account, managed) = (&self.new.account, self.new.is_managed());
        let stays = found.logon_account.same_as(account);
        let flag = |set: bool| Some(set.to_string());
        let changes = [
            (!stays)
                .then(|| {
                    let old = found.logon_account.to_string();
                    change("logon account", Some(old), Some(account.to_string()))
                })
                .flatten(),
            found
                .managed_account
                .and_then(|old| change("managed-account flag", flag(old), flag(managed))),
            (stays && self.new.names_password())
                .then(|| change("stored password", None, Some("as given".to_owned())))
                .flatten(),
        ];
        let (right, denial) = (
            AccountRight::LogOnAsService,
            AccountRight::DenyLogOnAsService,
        );
        let mut advice = match account {
            LogonAccount::Domain { .. } => log_on_advice(host, account, right, denial).await,
            LogonAccount::Other(_) => Vec::new(),
        };
        if found.state != ServiceState::Stopped && !stays {
            advice.push(format!(
                "{} runs as {} until it is started again",
                found.name, found.logon_account
            ));
        }
        Wanted {
            host: self.host.clone(),
            subject: format!("{} runs as {account}", found.name),
            changes: changes.into_iter().flatten().collect(),
            advice,
        }
    }
}

/// Arguments of `host stop`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gmsactl host stop MIMSYNC01 FIMSynchronizationService --json \
                  --estate estate.toml > stopped.json"
)]
pub struct Stop {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Key name of the service.
    #[arg(value_name = "SERVICE")]
    service: ServiceName,
    /// Longest wait for all of them, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    timeout: u64,
    #[command(flatten)]
    writing: Writing,
}

impl Stop {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.host).await?;
        let host = host.as_ref();
        let running = running(host, &self.host, &self.service).await?;
        let stopped = running.iter().map(|service| {
            let state = Some(word(service.state));
            change(
                service.name.as_str(),
                state,
                Some(word(ServiceState::Stopped)),
            )
        });
        let wanted = Wanted {
            host: self.host.clone(),
            subject: format!("{} is stopped", self.service),
            changes: stopped.flatten().collect(),
            advice: Vec::new(),
        };
        let mut seen = Vec::new();
        let document = wanted
            .carry_out(
                self.writing,
                async || {
                    let patience = Duration::from_secs(self.timeout);
                    seen = host.stop_service(&self.service, patience).await?;
                    Ok(())
                },
                async || {
                    let now = host.service(&self.service).await?;
                    Ok(now.is_some_and(|now| now.state == ServiceState::Stopped))
                },
            )
            .await?;
        // Where the answer was lost, what was seen before counts.
        if seen.is_empty() && document.applied {
            seen = running.into_iter().map(as_stopped).collect();
        }
        let stopped = Some(seen);
        output.document(
            &HostChange {
                stopped,
                ..document
            },
            human::host_change,
        );
        Ok(0)
    }
}

/// Arguments of `host start`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gmsactl host start MIMSYNC01 --as-before stopped.json --estate estate.toml"
)]
pub struct Start {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Key name of the service.
    #[arg(
        value_name = "SERVICE",
        required_unless_present = "as_before",
        conflicts_with = "as_before"
    )]
    service: Option<ServiceName>,
    /// Start everything that ran before a stop: what `stop --json` printed.
    #[arg(long, value_name = "FILE")]
    as_before: Option<PathBuf>,
    /// Longest wait for each, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    timeout: u64,
    #[command(flatten)]
    writing: Writing,
}

impl Start {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let before = match &self.as_before {
            Some(path) => self.stopped(path)?,
            None => Vec::new(),
        };
        let host = connect(session, &self.host).await?;
        let host = host.as_ref();
        let names: Vec<ServiceName> = match &self.service {
            Some(name) => vec![name.clone()],
            // The reverse of the order in which they were stopped: the service first, then its dependants.
            None => {
                let ran = before
                    .iter()
                    .filter(|one| one.prior != ServiceState::Stopped);
                ran.rev().map(|one| one.service.clone()).collect()
            }
        };
        let mut wanted = Wanted::one(&self.host, "services run".to_owned(), None);
        for name in &names {
            let found = installed(host, &self.host, name).await?;
            let running = Some(word(ServiceState::Running));
            wanted
                .changes
                .extend(change(name.as_str(), Some(word(found.state)), running));
        }
        let paused = before
            .iter()
            .filter(|one| one.prior == ServiceState::Paused);
        wanted.advice.extend(paused.map(|one| {
            format!(
                "{0} was paused before: sc.exe pause {0} on the host",
                one.service
            )
        }));
        let document = wanted.carry_out(
            self.writing,
            async || {
                for name in &names {
                    host.start_service(name, Duration::from_secs(self.timeout))
                        .await?;
                }
                Ok(())
            },
            async || {
                for name in &names {
                    let now = host.service(name).await?;
                    if now.is_none_or(|now| now.state != ServiceState::Running) {
                        return Ok(false);
                    }
                }
                Ok(true)
            },
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }

    /// What a stop printed, of this host.
    fn stopped(&self, path: &std::path::Path) -> Result<Vec<StoppedService>, Failure> {
        let document = inputs::stopped(path)?;
        match document.host == self.host {
            true => Ok(document.stopped),
            false => Err(Failure::new(
                "input",
                format!("{}: it was stopped on {}", path.display(), document.host),
            )
            .hint("name that host, or the file of this one")),
        }
    }
}

/// The service and those that need it, as far as they are not stopped: dependants first.
async fn running(
    host: &dyn Host,
    on: &HostName,
    name: &ServiceName,
) -> Result<Vec<Service>, Failure> {
    let service = installed(host, on, name).await?;
    let mut running = Vec::new();
    for name in &service.dependants {
        running.push(installed(host, on, name).await?);
    }
    running.push(service);
    running.retain(|service| service.state != ServiceState::Stopped);
    Ok(running)
}

fn as_stopped(service: Service) -> StoppedService {
    StoppedService {
        service: service.name,
        prior: service.state,
    }
}

async fn installed(host: &dyn Host, on: &HostName, name: &ServiceName) -> Result<Service, Failure> {
    let found = host.service(name).await?;
    let hint = "gmsactl host services lists them; the key name counts, not the display name";
    found.ok_or_else(|| not_there(on, &format!("service {name}"), hint))
}

fn word(state: ServiceState) -> String {
    format!("{state:?}").to_lowercase()
}
