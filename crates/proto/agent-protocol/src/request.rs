//! What can be asked, and what is answered.

use serde::{Deserialize, Serialize};

use crate::{
    AccountName, FileDigest, FileMetadata, HostFacts, HostPath, ManagedAccountFlag, Product,
    RegistryKey, RegistryKeyContent, RegistryValue, RunOutcome, Service, ServiceAccountState,
    ServiceList, ServiceName, StoppedService,
};

/// One thing for the agent to do. Each names its [`Reply`]; every other end is a [`crate::Failure`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// The host and its operating system → [`Reply::Facts`].
    Facts,
    /// Every Win32 service → [`Reply::Services`].
    Services,
    /// One service → [`Reply::Service`].
    Service {
        /// Key name.
        name: ServiceName,
    },
    /// Sets the logon account and nothing else → [`Reply::Done`].
    SetLogonAccount {
        /// Key name.
        service: ServiceName,
        /// The new logon account.
        account: AccountName,
        /// Its password: absent (a NULL password) for a gMSA, otherwise the frame's secret as UTF-8.
        password: SecretUse,
    },
    /// Sets or clears the managed-account flag → [`Reply::ManagedAccount`], which says who keeps it now.
    SetManagedAccount {
        /// Key name.
        service: ServiceName,
        /// The new flag.
        managed: bool,
    },
    /// Stops a service and waits until it has → [`Reply::Stopped`].
    StopService {
        /// Key name.
        name: ServiceName,
        /// Whether to stop the running services that need it first; refused as busy otherwise.
        with_dependants: bool,
        /// Longest wait for all of them, in milliseconds.
        timeout_ms: u64,
    },
    /// Starts a service and waits until it runs; running already is success → [`Reply::Done`].
    StartService {
        /// Key name.
        name: ServiceName,
        /// Longest wait, in milliseconds.
        timeout_ms: u64,
    },
    /// One registry value → [`Reply::Value`].
    ReadValue {
        /// The key.
        key: RegistryKey,
        /// Name of the value, empty for the default value.
        name: String,
    },
    /// What a key holds → [`Reply::Key`].
    ReadKey {
        /// The key.
        key: RegistryKey,
    },
    /// Writes a value → [`Reply::Done`].
    WriteValue {
        /// The key.
        key: RegistryKey,
        /// Name of the value, empty for the default value.
        name: String,
        /// Data and type.
        value: RegistryValue,
        /// Whether to create a missing key; not found otherwise.
        create_key: bool,
    },
    /// Deletes a value; its absence is success → [`Reply::Existed`].
    DeleteValue {
        /// The key.
        key: RegistryKey,
        /// Name of the value, empty for the default value.
        name: String,
    },
    /// Runs a program without a shell and waits for its end → [`Reply::Ran`].
    ///
    /// When time is out the program is killed and the failure is a timeout.
    Run {
        /// The program.
        program: HostPath,
        /// Its arguments, one each; quoted by the rules of CommandLineToArgvW on Windows.
        arguments: Vec<String>,
        /// What it reads on its standard input: nothing, or the frame's secret.
        stdin: SecretUse,
        /// Longest run, in milliseconds.
        timeout_ms: u64,
    },
    /// Copies a file and reads the copy back → [`Reply::Digest`] of the copy.
    CopyFile {
        /// The file.
        from: HostPath,
        /// The copy.
        to: HostPath,
        /// Whether an existing `to` is replaced; refused as existing otherwise.
        overwrite: bool,
    },
    /// Size and SHA-256 of a file → [`Reply::Digest`].
    HashFile {
        /// The file.
        path: HostPath,
    },
    /// What is at a path, if anything → [`Reply::Metadata`].
    Metadata {
        /// The path.
        path: HostPath,
    },
    /// Creates a directory and its missing parents → [`Reply::Existed`].
    CreateDirectory {
        /// The directory.
        path: HostPath,
    },
    /// Deletes a file; its absence is success → [`Reply::Existed`].
    DeleteFile {
        /// The file.
        path: HostPath,
    },
    /// Installed products, of both registry views → [`Reply::Products`].
    Products,
    /// Whether this host can use a managed service account → [`Reply::ServiceAccount`].
    QueryServiceAccount {
        /// `sAMAccountName` of the account, with or without its `$`.
        account: AccountName,
    },
}

impl Request {
    /// Whether the request takes the frame's secret.
    pub fn takes_secret(&self) -> bool {
        match self {
            Self::SetLogonAccount { password, .. } => *password == SecretUse::InFrame,
            Self::Run { stdin, .. } => *stdin == SecretUse::InFrame,
            _ => false,
        }
    }

    /// Whether the host is the same afterwards, so that asking again is harmless.
    pub fn only_reads(&self) -> bool {
        match self {
            Self::Facts
            | Self::Services
            | Self::Service { .. }
            | Self::ReadValue { .. }
            | Self::ReadKey { .. }
            | Self::HashFile { .. }
            | Self::Metadata { .. }
            | Self::Products
            | Self::QueryServiceAccount { .. } => true,
            Self::SetLogonAccount { .. }
            | Self::SetManagedAccount { .. }
            | Self::StopService { .. }
            | Self::StartService { .. }
            | Self::WriteValue { .. }
            | Self::DeleteValue { .. }
            | Self::Run { .. }
            | Self::CopyFile { .. }
            | Self::CreateDirectory { .. }
            | Self::DeleteFile { .. } => false,
        }
    }
}

/// Whether a request takes the frame's secret. An empty secret is not the same as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretUse {
    /// There is none.
    Absent,
    /// It is the frame's secret.
    InFrame,
}

/// How a request ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done, and there is nothing to say about it.
    Done,
    /// The host and its operating system.
    Facts(HostFacts),
    /// All services.
    Services(ServiceList),
    /// One service.
    Service(Service),
    /// The managed-account flag as it is now.
    ManagedAccount(ManagedAccountFlag),
    /// What was stopped, in this order: dependants first, the service itself last, with their prior
    /// states. Services that were stopped already are not among them.
    Stopped(Vec<StoppedService>),
    /// A registry value.
    Value(RegistryValue),
    /// A registry key.
    Key(RegistryKeyContent),
    /// Whether it was there before.
    Existed(bool),
    /// How a program ended.
    Ran(RunOutcome),
    /// A file's digest.
    Digest(FileDigest),
    /// What is at a path; `None` for nothing.
    Metadata(Option<FileMetadata>),
    /// Installed products.
    Products(Vec<Product>),
    /// Whether the host can use the account.
    ServiceAccount(ServiceAccountState),
}
