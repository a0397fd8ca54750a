//! What can be asked, and what is answered.

use std::fmt;

use security::Sid;
use serde::{Deserialize, Serialize};

use crate::{
    AccessListRequest, AccessLists, AccountName, AppPool, AppPoolRequest, Descriptor, EventPage,
    EventQuery, Failure, FileDigest, FileMetadata, HostFacts, HostPath, LocalGroupRequest,
    ManagedAccountFlag, PipeName, PoolState, Product, Recipient, RegistryKey, RegistryKeyContent,
    RegistryValue, RightHolders, RightsRequest, RunOutcome, SealedContent, SealedDigest, Service,
    ServiceAccountState, ServiceList, ServiceName, ServiceTrigger, SetupEnd, SetupRun,
    StoppedService, TaskDefinition, TaskList, TaskRequest, TriggerRequest, Trustee,
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
    /// Encrypts a file into another one, which only the holders of the recipients' identities can read
    /// → [`Reply::Sealed`]. An existing `to` is refused.
    SealFile {
        /// The file; it stays.
        from: HostPath,
        /// Its sealed copy.
        to: HostPath,
        /// Whose identities open it; at least one.
        recipients: Vec<Recipient>,
    },
    /// The content of a sealed file; of any other file nothing is told → [`Reply::SealedContent`].
    FetchSealed {
        /// The file.
        path: HostPath,
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
    /// Deletes a directory that is empty; its absence is success → [`Reply::Existed`].
    DeleteEmptyDirectory {
        /// The directory.
        path: HostPath,
    },
    /// Installed products, of both registry views → [`Reply::Products`].
    Products,
    /// Whether this host can use a managed service account → [`Reply::ServiceAccount`].
    QueryServiceAccount {
        /// `sAMAccountName` of the account, with or without its `$`.
        account: AccountName,
    },
    /// The SID of an account, as the host resolves its name → [`Reply::Sid`].
    ResolveAccount {
        /// The account.
        account: AccountName,
    },
    /// Account rights.
    Rights(RightsRequest),
    /// Access lists of the host.
    AccessLists(AccessListRequest),
    /// Application pools.
    AppPools(AppPoolRequest),
    /// Scheduled tasks.
    Tasks(TaskRequest),
    /// Triggers of services.
    Triggers(TriggerRequest),
    /// Local groups.
    LocalGroup(LocalGroupRequest),
    /// Events → [`Reply::Events`].
    Events(EventQuery),
    /// Hands the frame's secret to a local service through its named pipe, connects again, and reads what it says until
    /// it closes the pipe → [`Reply::Said`].
    Converse {
        /// The pipe.
        pipe: PipeName,
        /// Longest wait for pipe and answer, in milliseconds.
        timeout_ms: u64,
    },
    /// Runs the setup of a product silently, with properties → [`Reply::SetupEnded`].
    RunSetup(SetupRun),
    /// Purges the Kerberos tickets of the computer itself, so that the next carry its memberships of now
    /// → [`Reply::Done`].
    PurgeTickets,
    /// Has the host restart → [`Reply::Done`], before it does.
    Reboot {
        /// How long it waits before it begins, in seconds.
        delay_seconds: u32,
    },
    /// Requests that only read, answered in one go → [`Reply::Batch`] with one answer each, in their order.
    Batch(Vec<Request>),
}

/// Most requests in a batch.
pub const BATCH_LIMIT: usize = 256;

impl Request {
    /// Whether the request takes the frame's secret.
    pub fn takes_secret(&self) -> bool {
        match self {
            Self::SetLogonAccount { password, .. } => *password == SecretUse::InFrame,
            Self::Run { stdin, .. } => *stdin == SecretUse::InFrame,
            Self::Converse { .. } => true,
            Self::RunSetup(run) => run.secret_property.is_some(),
            Self::AppPools(request) => request.takes_secret(),
            Self::Tasks(request) => request.takes_secret(),
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
            | Self::FetchSealed { .. }
            | Self::HashFile { .. }
            | Self::Metadata { .. }
            | Self::Products
            | Self::QueryServiceAccount { .. }
            | Self::ResolveAccount { .. }
            | Self::Events(_) => true,
            Self::Rights(request) => request.only_reads(),
            Self::AccessLists(request) => request.only_reads(),
            Self::AppPools(request) => request.only_reads(),
            Self::Tasks(request) => request.only_reads(),
            Self::Triggers(request) => request.only_reads(),
            Self::LocalGroup(request) => request.only_reads(),
            Self::Batch(requests) => requests.iter().all(Self::only_reads),
            Self::SetLogonAccount { .. }
            | Self::SetManagedAccount { .. }
            | Self::StopService { .. }
            | Self::StartService { .. }
            | Self::WriteValue { .. }
            | Self::DeleteValue { .. }
            | Self::Run { .. }
            | Self::CopyFile { .. }
            | Self::SealFile { .. }
            | Self::CreateDirectory { .. }
            | Self::DeleteFile { .. }
            | Self::DeleteEmptyDirectory { .. }
            | Self::Converse { .. }
            | Self::RunSetup(_)
            | Self::PurgeTickets
            | Self::Reboot { .. } => false,
        }
    }
}

/// What the request does, in words for messages and logs.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Facts => f.write_str("read the host's facts"),
            Self::Services => f.write_str("list the services"),
            Self::Service { name } => write!(f, "read service {name}"),
            Self::SetLogonAccount {
                service, account, ..
            } => {
                write!(f, "set the logon account of service {service} to {account}")
            }
            Self::SetManagedAccount { service, managed } => {
                write!(
                    f,
                    "set the managed-account flag of service {service} to {managed}"
                )
            }
            Self::StopService { name, .. } => write!(f, "stop service {name}"),
            Self::StartService { name, .. } => write!(f, "start service {name}"),
            Self::ReadValue { key, name } => write!(f, "read value {name:?} of {key}"),
            Self::ReadKey { key } => write!(f, "list {key}"),
            Self::WriteValue { key, name, .. } => write!(f, "write value {name:?} of {key}"),
            Self::DeleteValue { key, name } => write!(f, "delete value {name:?} of {key}"),
            Self::Run { program, .. } => write!(f, "run {program}"),
            Self::CopyFile { from, to, .. } => write!(f, "copy {from} to {to}"),
            Self::SealFile { from, to, .. } => write!(f, "seal {from} into {to}"),
            Self::FetchSealed { path } => write!(f, "fetch {path}"),
            Self::HashFile { path } => write!(f, "read {path}"),
            Self::Metadata { path } => write!(f, "look at {path}"),
            Self::CreateDirectory { path } => write!(f, "create directory {path}"),
            Self::DeleteFile { path } => write!(f, "delete {path}"),
            Self::DeleteEmptyDirectory { path } => write!(f, "delete empty directory {path}"),
            Self::Products => f.write_str("list the installed products"),
            Self::QueryServiceAccount { account } => {
                write!(f, "ask for managed service account {account}")
            }
            Self::ResolveAccount { account } => write!(f, "look up account {account}"),
            Self::Rights(request) => request.fmt(f),
            Self::AccessLists(request) => request.fmt(f),
            Self::AppPools(request) => request.fmt(f),
            Self::Tasks(request) => request.fmt(f),
            Self::Triggers(request) => request.fmt(f),
            Self::LocalGroup(request) => request.fmt(f),
            Self::Events(query) => write!(f, "read the {} log", query.log),
            Self::Converse { pipe, .. } => write!(f, "talk to pipe {pipe}"),
            Self::RunSetup(run) => write!(f, "run the setup {}", run.package),
            Self::PurgeTickets => f.write_str("purge the computer's tickets"),
            Self::Reboot { .. } => f.write_str("restart the host"),
            Self::Batch(requests) => write!(f, "read {} things at once", requests.len()),
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
    /// A file that was sealed, and its copy.
    Sealed(SealedDigest),
    /// The content of a sealed file.
    SealedContent(SealedContent),
    /// What is at a path; `None` for nothing.
    Metadata(Option<FileMetadata>),
    /// Installed products.
    Products(Vec<Product>),
    /// Whether the host can use the account.
    ServiceAccount(ServiceAccountState),
    /// The SID of an account.
    Sid(Sid),
    /// Account rights and who has them.
    Rights(Vec<RightHolders>),
    /// Access lists of the host.
    AccessLists(AccessLists),
    /// One of them; `None` where there is none.
    AccessList(Option<Descriptor>),
    /// Application pools.
    AppPools(Vec<AppPool>),
    /// What a pool did before it was started, stopped or recycled.
    AppPoolWas(PoolState),
    /// Scheduled tasks.
    Tasks(TaskList),
    /// One with its definition.
    Task(TaskDefinition),
    /// Triggers of a service.
    Triggers(Vec<ServiceTrigger>),
    /// Members of a local group.
    Members(Vec<Trustee>),
    /// Events.
    Events(EventPage),
    /// How a setup ended.
    SetupEnded(SetupEnd),
    /// What a service said.
    Said(String),
    /// The answers to a batch.
    Batch(Vec<Result<Reply, Failure>>),
}
