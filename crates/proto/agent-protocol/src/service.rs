//! Services as the service control manager knows them.

use serde::{Deserialize, Serialize};

use crate::{AccountName, Failure, ServiceName};

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Key name.
    pub name: ServiceName,
    /// Name that the Services console shows.
    pub display_name: String,
    /// `None` only where the service control manager names none.
    pub logon_account: Option<AccountName>,
    /// Whether Windows fetches the logon account's password itself.
    pub managed_account: ManagedAccountFlag,
    /// When it starts.
    pub start: StartType,
    /// What it does now.
    pub state: ServiceState,
    /// Command line, as stored.
    pub image_path: String,
    /// What it needs before it starts: services, and load-order groups with a leading `+`.
    pub depends_on: Vec<String>,
    /// Services that need it, running or not.
    pub dependants: Vec<ServiceName>,
}

/// All services, and those that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceList {
    /// The services read in full.
    pub services: Vec<Service>,
    /// The others: never silently left out.
    pub unreadable: Vec<UnreadableService>,
}

/// A service whose configuration could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableService {
    /// Key name as listed.
    pub name: String,
    /// Why.
    pub failure: Failure,
}

/// The managed-account flag of a service and where it was found or set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedAccountFlag {
    /// Whether it is set.
    pub set: bool,
    /// Who keeps it.
    pub store: FlagStore,
}

/// Where the managed-account flag was read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagStore {
    /// The service control manager (information level 11 of ChangeServiceConfig2W).
    ServiceControlManager,
    /// The service's registry value `ServiceAccountManaged`, where the service control manager does
    /// not know the level. Windows reads that value when it starts: not yet seen on Windows.
    Registry,
}

/// When a service starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartType {
    /// By the boot loader (drivers).
    Boot,
    /// During kernel initialisation (drivers).
    System,
    /// With Windows.
    Automatic,
    /// With Windows, after the other automatic ones.
    AutomaticDelayed,
    /// On demand.
    Manual,
    /// Never.
    Disabled,
}

/// What a service does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// Not running.
    Stopped,
    /// On its way to running.
    StartPending,
    /// On its way to stopped.
    StopPending,
    /// Running.
    Running,
    /// On its way from paused to running.
    ContinuePending,
    /// On its way to paused.
    PausePending,
    /// Paused.
    Paused,
}

/// A service that was stopped, with its state before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedService {
    /// Key name.
    pub name: ServiceName,
    /// State before the stop: what a later start has to restore.
    pub prior: ServiceState,
}
