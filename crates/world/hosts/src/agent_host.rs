//! The `Host` port over an agent.

mod access_lists;
mod account_rights;
mod conversation;
mod installer;
mod operating_system;
mod settings;
mod task_scheduler;
mod web_server;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use agent_protocol::{
    AccountName, FailureKind, FileKind, HostPath, RegistryKey, RegistryValue, Reply, Request,
    Secret, SecretUse, TaskList,
};
use async_trait::async_trait;
use model::estate::HostAccess;
use model::host::{Recipient, ScheduledTask};
use model::inventory::{HostFacts, Product, Service};
use model::names::{DnsName, HostName, LogonAccount, SamAccountName, ServiceName};
use model::ports::{
    Clock, ErrorKind, FileFacts, Host, ProgramOutput, ProgramRun, Reads, RetrievalState,
    SealedFacts, StoppedService, WorldError,
};
use model::secret::Password;
use tokio::sync::Mutex;

use crate::connect::EstateEntry;
use crate::foreseen::Foreseen;
use crate::{AgentClient, AgentError, Connect, translate};

/// For requests that look something up or change a setting.
const SHORT: Duration = Duration::from_secs(60);
/// For requests that go through many things.
const LONG: Duration = Duration::from_secs(300);
/// What an answer may take on top of the request's own time-out.
const MARGIN: Duration = Duration::from_secs(30);

/// One host, through its agent; connected when first needed, and again after a broken connection.
pub struct AgentHost {
    name: HostName,
    way: Box<dyn Connect>,
    client: Mutex<Option<AgentClient>>,
    foreseen: Mutex<Foreseen>,
    /// What the host's clock is compared with; the system's where `None`.
    clock: Option<Arc<dyn Clock>>,
}

impl AgentHost {
    /// A host that is not connected yet; `password` is that of its ssh user.
    pub fn new(
        access: HostAccess,
        addresses: BTreeMap<DnsName, String>,
        password: Option<Password>,
    ) -> Self {
        let name = access.name.clone();
        let entry = EstateEntry {
            access,
            addresses,
            password,
        };
        Self::reached_by(name, Box::new(entry), None)
    }

    /// A host that is not connected yet and is no entry of `estate.toml`; its clock is compared with this one, the
    /// system's where `None`.
    pub fn reached_by(
        name: HostName,
        way: Box<dyn Connect>,
        clock: Option<Arc<dyn Clock>>,
    ) -> Self {
        Self {
            name,
            way,
            client: Mutex::new(None),
            foreseen: Mutex::default(),
            clock,
        }
    }

    /// The host's name.
    pub fn name(&self) -> &HostName {
        &self.name
    }

    /// The tasks that could be read; the others go to the log.
    fn readable_tasks(&self, list: TaskList) -> Vec<ScheduledTask> {
        for (task, why) in &list.unreadable {
            tracing::warn!(host = %self.name, %task, %why, "task not read");
        }
        list.tasks
    }

    fn world(&self, error: impl Into<AgentError>) -> WorldError {
        error.into().into_world(&self.name)
    }

    fn our_time(&self) -> SystemTime {
        let Some(clock) = &self.clock else {
            return SystemTime::now();
        };
        let nanos = u64::try_from(clock.now().to_unix_nanos()).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
    }

    fn unexpected(&self, request: &str) -> WorldError {
        self.world(AgentError::Unexpected {
            request: request.to_owned(),
        })
    }
}

#[async_trait]
impl Host for AgentHost {
    async fn foresee(&self, reads: &Reads, patience: Duration) -> Result<(), WorldError> {
        self.stock_up(reads, patience).await
    }

    async fn hang_up(&self) {
        self.close().await;
    }

    async fn facts(&self) -> Result<HostFacts, WorldError> {
        let (before, since) = (self.our_time(), Instant::now());
        let (reply, ours) = match self.foreseen(&Request::Facts).await {
            Some((answer, at)) => (answer.map_err(|failure| self.world(failure))?, at),
            None => {
                let reply = self.plain(Request::Facts, SHORT).await?;
                (reply, before + since.elapsed() / 2)
            }
        };
        let Reply::Facts(facts) = reply else {
            return Err(self.unexpected("facts"));
        };
        let agent = self
            .client
            .lock()
            .await
            .as_ref()
            .map(|client| client.agent().agent_version.clone());
        Ok(translate::facts(facts, agent.unwrap_or_default(), ours))
    }

    async fn services(&self) -> Result<Vec<Service>, WorldError> {
        let reply = self.plain(Request::Services, LONG).await?;
        let Reply::Services(list) = reply else {
            return Err(self.unexpected("services"));
        };
        for service in &list.unreadable {
            tracing::warn!(host = %self.name, service = %service.name, why = %service.failure, "service not read");
        }
        Ok(list
            .services
            .into_iter()
            .filter_map(translate::service)
            .collect())
    }

    async fn service(&self, name: &ServiceName) -> Result<Option<Service>, WorldError> {
        let name = translate::service_name(name).map_err(|e| self.world(e))?;
        match self.find(Request::Service { name }).await? {
            None => Ok(None),
            Some(Reply::Service(service)) => Ok(translate::service(service)),
            Some(_) => Err(self.unexpected("service")),
        }
    }

    async fn set_logon_account(
        &self,
        service: &ServiceName,
        account: &LogonAccount,
        password: Option<&Password>,
    ) -> Result<(), WorldError> {
        let (password, secret) = secret_of(password);
        let request = Request::SetLogonAccount {
            service: translate::service_name(service).map_err(|e| self.world(e))?,
            account: AccountName::parse(account.to_string()).map_err(|e| self.world(e))?,
            password,
        };
        self.ask(request, secret, SHORT)
            .await
            .map(|_| ())
            .map_err(|error| self.world(error))
    }

    async fn set_managed_account(
        &self,
        service: &ServiceName,
        managed: bool,
    ) -> Result<(), WorldError> {
        let service = translate::service_name(service).map_err(|e| self.world(e))?;
        self.plain(Request::SetManagedAccount { service, managed }, SHORT)
            .await
            .map(|_| ())
    }

    async fn stop_service(
        &self,
        service: &ServiceName,
        timeout: Duration,
    ) -> Result<Vec<StoppedService>, WorldError> {
        let name = translate::service_name(service).map_err(|e| self.world(e))?;
        let request = Request::StopService {
            name,
            with_dependants: true,
            timeout_ms: millis(timeout),
        };
        let reply = self.plain(request, timeout.saturating_add(MARGIN)).await?;
        let Reply::Stopped(stopped) = reply else {
            return Err(self.unexpected("stop service"));
        };
        Ok(stopped.into_iter().filter_map(translate::stopped).collect())
    }

    async fn start_service(
        &self,
        service: &ServiceName,
        timeout: Duration,
    ) -> Result<(), WorldError> {
        let name = translate::service_name(service).map_err(|e| self.world(e))?;
        let request = Request::StartService {
            name,
            timeout_ms: millis(timeout),
        };
        self.plain(request, timeout.saturating_add(MARGIN))
            .await
            .map(|_| ())
    }

    async fn registry_text(&self, key: &str, value: &str) -> Result<Option<String>, WorldError> {
        let key = RegistryKey::parse(key).map_err(|e| self.world(e))?;
        let what = format!("{}: value {value:?} of {key}", self.name);
        match self
            .find(Request::ReadValue {
                key,
                name: value.to_owned(),
            })
            .await?
        {
            None => Ok(None),
            Some(Reply::Value(RegistryValue::Text(text) | RegistryValue::ExpandableText(text))) => {
                Ok(Some(text))
            }
            Some(Reply::Value(RegistryValue::Dword(number))) => Ok(Some(number.to_string())),
            Some(Reply::Value(RegistryValue::Qword(number))) => Ok(Some(number.to_string())),
            Some(Reply::Value(_)) => Err(WorldError::new(
                ErrorKind::Conflict,
                format!("{what} is neither text nor a number"),
            )),
            Some(_) => Err(self.unexpected("read value")),
        }
    }

    async fn run(&self, program: ProgramRun<'_>) -> Result<ProgramOutput, WorldError> {
        let request = Request::Run {
            program: HostPath::parse(program.program).map_err(|e| self.world(e))?,
            arguments: program.args.to_vec(),
            stdin: if program.stdin.is_some() {
                SecretUse::InFrame
            } else {
                SecretUse::Absent
            },
            timeout_ms: millis(program.timeout),
        };
        let limit = program.timeout.saturating_add(MARGIN);
        let reply = self
            .ask(request, line_of(program.stdin), limit)
            .await
            .map_err(|error| self.world(error))?;
        let Reply::Ran(outcome) = reply else {
            return Err(self.unexpected("run"));
        };
        let ended = || format!("{}: {} was ended by a signal", self.name, program.program);
        Ok(ProgramOutput {
            exit_code: outcome
                .exit_code
                .ok_or_else(|| WorldError::new(ErrorKind::Failed, ended()))?,
            stdout: outcome.stdout.text,
            stderr: outcome.stderr.text,
        })
    }

    async fn file(&self, path: &str) -> Result<Option<FileFacts>, WorldError> {
        let path = HostPath::parse(path).map_err(|e| self.world(e))?;
        match self.find(Request::HashFile { path }).await? {
            None => Ok(None),
            Some(Reply::Digest(digest)) => Ok(Some(translate::file(digest))),
            Some(_) => Err(self.unexpected("file")),
        }
    }

    async fn seal_file(
        &self,
        path: &str,
        sealed: &str,
        recipients: &[Recipient],
    ) -> Result<SealedFacts, WorldError> {
        let request = Request::SealFile {
            from: HostPath::parse(path).map_err(|e| self.world(e))?,
            to: HostPath::parse(sealed).map_err(|e| self.world(e))?,
            recipients: recipients.to_vec(),
        };
        let Reply::Sealed(done) = self.plain(request, LONG).await? else {
            return Err(self.unexpected("seal file"));
        };
        Ok(SealedFacts {
            plain: translate::file(done.plain),
            sealed: translate::file(done.sealed),
        })
    }

    async fn fetch_sealed(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        let path = HostPath::parse(path).map_err(|e| self.world(e))?;
        match self.plain(Request::FetchSealed { path }, LONG).await? {
            Reply::SealedContent(content) => Ok(content.0),
            _ => Err(self.unexpected("fetch")),
        }
    }

    async fn delete_file(&self, path: &str) -> Result<(), WorldError> {
        let path = HostPath::parse(path).map_err(|e| self.world(e))?;
        self.plain(Request::DeleteFile { path }, SHORT)
            .await
            .map(|_| ())
    }

    async fn folder_exists(&self, path: &str) -> Result<bool, WorldError> {
        let path = HostPath::parse(path).map_err(|e| self.world(e))?;
        let reply = self.plain(Request::Metadata { path }, SHORT).await?;
        let Reply::Metadata(found) = reply else {
            return Err(self.unexpected("folder"));
        };
        Ok(found.is_some_and(|found| found.kind == FileKind::Directory))
    }

    async fn delete_empty_folder(&self, path: &str) -> Result<(), WorldError> {
        let path = HostPath::parse(path).map_err(|e| self.world(e))?;
        match self
            .ask(
                Request::DeleteEmptyDirectory { path },
                Secret::none(),
                SHORT,
            )
            .await
        {
            // Something is in it.
            Err(AgentError::Failed(failure)) if failure.kind == FailureKind::Busy => Ok(()),
            result => result.map(|_| ()).map_err(|error| self.world(error)),
        }
    }

    async fn create_folder(&self, path: &str) -> Result<(), WorldError> {
        let path = HostPath::parse(path).map_err(|e| self.world(e))?;
        self.plain(Request::CreateDirectory { path }, SHORT)
            .await
            .map(|_| ())
    }

    async fn products(&self) -> Result<Vec<Product>, WorldError> {
        let reply = self.plain(Request::Products, LONG).await?;
        let Reply::Products(products) = reply else {
            return Err(self.unexpected("products"));
        };
        Ok(products.into_iter().map(translate::product).collect())
    }

    async fn retrieval_state(&self, gmsa: &SamAccountName) -> Result<RetrievalState, WorldError> {
        let account = AccountName::parse(gmsa.as_str()).map_err(|e| self.world(e))?;
        let reply = self
            .plain(Request::QueryServiceAccount { account }, LONG)
            .await?;
        let Reply::ServiceAccount(state) = reply else {
            return Err(self.unexpected("retrieval state"));
        };
        Ok(translate::retrieval_state(state))
    }
}

fn millis(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)
}

/// A password for a request that takes one.
fn secret_of(password: Option<&Password>) -> (SecretUse, Secret) {
    match password {
        None => (SecretUse::Absent, Secret::none()),
        Some(password) => (SecretUse::InFrame, Secret::copy_of(password.expose_bytes())),
    }
}

/// The password and a line end: what a program that asks for it reads.
fn line_of(password: Option<&Password>) -> Secret {
    let Some(password) = password else {
        return Secret::none();
    };
    let bytes = password.expose_bytes();
    let mut line = Vec::with_capacity(bytes.len() + 1);
    line.extend_from_slice(bytes);
    line.push(b'\n');
    Secret::take(line)
}
