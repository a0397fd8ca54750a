//! The port to one host: what the agent can do there.

mod access_lists;
mod account_rights;
mod installer;
mod operating_system;
mod settings;
mod task_scheduler;
mod web_server;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::WorldError;
use crate::host::{Namespace, Recipient};
use crate::inventory::{HostFacts, Product, Service, ServiceState};
use crate::names::{HostName, LogonAccount, SamAccountName, ServiceName};
use crate::secret::Password;

pub use access_lists::AccessControl;
pub use account_rights::AccountRights;
pub use installer::Installer;
pub use operating_system::OperatingSystem;
pub use settings::Settings;
pub use task_scheduler::TaskScheduler;
pub use web_server::WebServer;

/// A service that was stopped, and the state it was in before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedService {
    /// Which.
    pub service: ServiceName,
    /// Its state before.
    pub prior: ServiceState,
}

/// A program to run on the host.
#[derive(Debug)]
pub struct ProgramRun<'a> {
    /// Absolute path.
    pub program: &'a str,
    /// Arguments, one each; quoted by the agent. Never a secret.
    pub args: &'a [String],
    /// What is written to its standard input, followed by a line end; the only way for a secret to reach it.
    pub stdin: Option<&'a Password>,
    /// After this it is ended and the outcome is unknown.
    pub timeout: Duration,
}

/// What a program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramOutput {
    /// Its exit code.
    pub exit_code: i32,
    /// Standard output, bounded, undecodable bytes replaced.
    pub stdout: String,
    /// Standard error, bounded, undecodable bytes replaced.
    pub stderr: String,
}

/// A file as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content, lower-case hex.
    pub sha256: String,
}

/// A file that was sealed to somebody, and its sealed copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedFacts {
    /// The file, as it was read.
    pub plain: FileFacts,
    /// The copy.
    pub sealed: FileFacts,
}

/// What an inventory is going to read of a host, beside facts, services, products, pools, tasks and rights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// Registry values: key and value name.
    pub registry: Vec<(String, String)>,
    /// Files.
    pub files: Vec<String>,
    /// Services whose triggers are read.
    pub triggers: Vec<ServiceName>,
    /// Namespaces of WMI whose access lists are read beside those of DCOM.
    pub namespaces: Vec<Namespace>,
}

/// Whether a host can use a gMSA: the states of `MSA_INFO_STATE` (lmaccess.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetrievalState {
    /// `MsaInfoNotExist` (1): the domain has no such account.
    NotExist,
    /// `MsaInfoNotService` (2): the account is no managed service account.
    NotService,
    /// `MsaInfoCannotInstall` (3): this host may not retrieve the password, or no encryption type in common.
    CannotInstall,
    /// `MsaInfoCanInstall` (4): this host can retrieve the password.
    CanInstall,
    /// `MsaInfoInstalled` (5): it is in use here.
    Installed,
}

/// One host, through its agent: services, files and programs here, the rest by subject in its supertraits.
#[async_trait]
pub trait Host:
    AccountRights + AccessControl + WebServer + TaskScheduler + Settings + OperatingSystem + Installer
{
    /// Gets everything that an inventory is going to read in one exchange, but for what depends on the answers: access
    /// lists of what runs there. The questions that follow are answered from it, each once. Where a host cannot do that,
    /// they are asked one by one.
    ///
    /// # Errors
    /// Where the host does not answer within `patience`, its connection included.
    async fn foresee(&self, reads: &Reads, patience: Duration) -> Result<(), WorldError> {
        let _ = (reads, patience);
        Ok(())
    }

    /// Ends the conversation, so that no connection stays open; the next question begins another.
    async fn hang_up(&self) {}

    /// Operating system, names, boot time and clock.
    async fn facts(&self) -> Result<HostFacts, WorldError>;

    /// All Win32 services.
    async fn services(&self) -> Result<Vec<Service>, WorldError>;

    /// One service; `None` where it is not installed.
    async fn service(&self, name: &ServiceName) -> Result<Option<Service>, WorldError>;

    /// Sets the logon account and nothing else; without a password the account is a gMSA or a built-in one.
    async fn set_logon_account(
        &self,
        service: &ServiceName,
        account: &LogonAccount,
        password: Option<&Password>,
    ) -> Result<(), WorldError>;

    /// Sets the managed-account flag (`SERVICE_CONFIG_MANAGED_ACCOUNT`).
    async fn set_managed_account(
        &self,
        service: &ServiceName,
        managed: bool,
    ) -> Result<(), WorldError>;

    /// Stops a service and everything that depends on it; tells what was stopped, dependants first.
    async fn stop_service(
        &self,
        service: &ServiceName,
        timeout: Duration,
    ) -> Result<Vec<StoppedService>, WorldError>;

    /// Starts a service and waits until it runs; no error when it runs already.
    async fn start_service(
        &self,
        service: &ServiceName,
        timeout: Duration,
    ) -> Result<(), WorldError>;

    /// A text value (REG_SZ, REG_EXPAND_SZ) or a number (REG_DWORD, REG_QWORD) as text, of a key such as
    /// `HKLM\SYSTEM\…`; `None` where key or value is not there.
    async fn registry_text(&self, key: &str, value: &str) -> Result<Option<String>, WorldError>;

    /// Runs a program to its end.
    async fn run(&self, program: ProgramRun<'_>) -> Result<ProgramOutput, WorldError>;

    /// Size and hash of a file; `None` where it is not there.
    async fn file(&self, path: &str) -> Result<Option<FileFacts>, WorldError>;

    /// Encrypts a file on the host into another one that only the holders of the recipients' identities can read.
    ///
    /// # Errors
    /// [`super::ErrorKind::Exists`] where the copy is there already.
    async fn seal_file(
        &self,
        path: &str,
        sealed: &str,
        recipients: &[Recipient],
    ) -> Result<SealedFacts, WorldError>;

    /// The content of a sealed file, which only the holder of an identity can read.
    ///
    /// # Errors
    /// [`super::ErrorKind::Conflict`] where it is another file: of that nothing is told.
    async fn fetch_sealed(&self, path: &str) -> Result<Vec<u8>, WorldError>;

    /// Deletes a file; no error when it is not there.
    async fn delete_file(&self, path: &str) -> Result<(), WorldError>;

    /// Whether there is a folder of that name.
    async fn folder_exists(&self, path: &str) -> Result<bool, WorldError>;

    /// Creates a folder and its parents; no error when it is there.
    async fn create_folder(&self, path: &str) -> Result<(), WorldError>;

    /// Deletes a folder that is empty; leaves any other as it is, without an error.
    async fn delete_empty_folder(&self, path: &str) -> Result<(), WorldError>;

    /// Products that Windows lists as installed.
    async fn products(&self) -> Result<Vec<Product>, WorldError>;

    /// Whether this host can use that gMSA, as Windows itself sees it.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotSupported`] where the system lacks `NetQueryServiceAccount`.
    async fn retrieval_state(&self, gmsa: &SamAccountName) -> Result<RetrievalState, WorldError>;
}

/// All hosts of the estate; connections are made when first needed and kept for the session.
#[async_trait]
pub trait Hosts: Send + Sync {
    /// The host of that name, connected.
    async fn host(&self, name: &HostName) -> Result<Arc<dyn Host>, WorldError>;
}
