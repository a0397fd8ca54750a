//! What `gmsactl host` prints.

use model::host::{
    AccessList, AppPool, Event, EventLevel, GroupName, PropertyName, RegistryValue, RightHolders,
    ScheduledTask, ServiceTrigger, SetupProperty, TaskDefinition, Trustee,
};
use model::inventory::{HostFacts, Product, Service};
use model::names::{HostName, ServiceName};
use model::plan::Change;
use model::ports::StoppedService;
use security::{Ace, FileTime, Sid};
use serde::{Deserialize, Serialize};

/// The document of every verb that changes something.
#[derive(Debug, Serialize)]
pub struct HostChange {
    /// Where.
    pub host: HostName,
    /// What holds afterwards, in words.
    pub subject: String,
    /// Old → new; none where it held already.
    pub changes: Vec<Change>,
    /// Whether the changes were only to be shown.
    pub dry_run: bool,
    /// Whether they were made.
    pub applied: bool,
    /// What the operator should know.
    pub advice: Vec<String>,
    /// For `stop`: what was stopped, dependants first, and its state before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Vec<StoppedService>>,
}

/// The document of `msi change`.
#[derive(Debug, Serialize)]
pub struct SetupChange {
    /// Where.
    pub host: HostName,
    /// The package, as the host sees it.
    pub package: String,
    /// Its SHA-256.
    pub sha256: String,
    /// The installed product that it is for, where that was looked at.
    pub product: Option<Product>,
    /// What it is given.
    pub properties: Vec<SetupProperty>,
    /// The property that gets a password.
    pub secret_property: Option<PropertyName>,
    /// Whether it was only to be shown.
    pub dry_run: bool,
    /// Whether setup did its work; null where it was not run.
    pub succeeded: Option<bool>,
    /// What Windows Installer returned.
    pub code: Option<u32>,
    /// What that means.
    pub meaning: Option<String>,
    /// Whether the host is to restart for all of it to take effect.
    pub restart_wanted: bool,
    /// How often it was tried because another installation was running.
    pub attempts: Option<u32>,
    /// Where the log is on the host.
    pub log_file: String,
    /// Lines of it: those around where it failed, or the last ones.
    pub log: Vec<String>,
    /// What the operator should know.
    pub advice: Vec<String>,
}

/// What `start` reads of the document of `stop`.
#[derive(Debug, Deserialize)]
pub struct StoppedDocument {
    /// Where.
    pub host: HostName,
    /// What was stopped, dependants first, and its state before.
    pub stopped: Vec<StoppedService>,
}

/// The document of `host facts`.
#[derive(Debug, Serialize)]
pub struct FactsDocument {
    /// Which host.
    pub host: HostName,
    /// What it says of itself.
    #[serde(flatten)]
    pub facts: HostFacts,
}

/// The document of `host services`.
#[derive(Debug, Serialize)]
pub struct ServiceList {
    /// Which host.
    pub host: HostName,
    /// Its services.
    pub services: Vec<Service>,
}

/// The document of `host products`.
#[derive(Debug, Serialize)]
pub struct ProductList {
    /// Which host.
    pub host: HostName,
    /// What is installed.
    pub products: Vec<Product>,
}

/// The document of `host rights show`.
#[derive(Debug, Serialize)]
pub struct RightList {
    /// Which host.
    pub host: HostName,
    /// The rights, who holds them, and the policies that define them.
    pub rights: Vec<RightHolders>,
}

/// The document of `host access show`.
#[derive(Debug, Serialize)]
pub struct AccessDocument {
    /// Which host.
    pub host: HostName,
    /// Entries of access lists, by list and in its order.
    pub entries: Vec<AccessEntry>,
    /// Lists that are there and could not be read.
    pub unreadable: Vec<UnreadList>,
}

/// An entry of an access list.
#[derive(Debug, Serialize)]
pub struct AccessEntry {
    /// Which list.
    pub list: AccessList,
    /// Name of the application that it belongs to, where it has one.
    pub title: Option<String>,
    /// Whose entry; `None` for a kind of entry that is not known.
    pub sid: Option<Sid>,
    /// The entry, as SDDL writes one.
    pub entry: Ace,
    /// The same in words.
    pub means: String,
}

/// A list that could not be read.
#[derive(Debug, Serialize)]
pub struct UnreadList {
    /// Which.
    pub list: AccessList,
    /// Why.
    pub why: String,
}

/// The document of `host trigger show`.
#[derive(Debug, Serialize)]
pub struct TriggerList {
    /// Which host.
    pub host: HostName,
    /// Which service.
    pub service: ServiceName,
    /// Its triggers.
    pub triggers: Vec<ListedTrigger>,
}

/// A trigger with a name for people.
#[derive(Debug, Serialize)]
pub struct ListedTrigger {
    /// `start/networkon`, or action, type and subtype.
    pub name: String,
    /// The trigger.
    #[serde(flatten)]
    pub trigger: ServiceTrigger,
}

impl From<ServiceTrigger> for ListedTrigger {
    fn from(trigger: ServiceTrigger) -> Self {
        let name = trigger.to_string();
        Self { name, trigger }
    }
}

/// The document of `host app-pools show`.
#[derive(Debug, Serialize)]
pub struct PoolList {
    /// Which host.
    pub host: HostName,
    /// Whether it has a web server at all.
    pub web_server: bool,
    /// Its pools.
    pub app_pools: Vec<AppPool>,
}

/// The document of `host tasks show`.
#[derive(Debug, Serialize)]
pub struct TaskList {
    /// Which host.
    pub host: HostName,
    /// Its tasks.
    pub tasks: Vec<ScheduledTask>,
}

/// The document of `host tasks show` with a task.
#[derive(Debug, Serialize)]
pub struct TaskDocument {
    /// Which host.
    pub host: HostName,
    /// The task and its definition.
    #[serde(flatten)]
    pub definition: TaskDefinition,
}

/// The document of `host registry show`.
#[derive(Debug, Serialize)]
pub struct RegistryDocument {
    /// Which host.
    pub host: HostName,
    /// The key.
    pub key: String,
    /// Name of the value.
    pub name: String,
    /// Type and data; null where there is no such value.
    pub value: Option<RegistryValue>,
}

/// The document of `host local-group show`.
#[derive(Debug, Serialize)]
pub struct MemberList {
    /// Which host.
    pub host: HostName,
    /// Which group.
    pub group: GroupName,
    /// Its direct members.
    pub members: Vec<Trustee>,
}

/// The document of `host events`.
#[derive(Debug, Serialize)]
pub struct EventList {
    /// Which host.
    pub host: HostName,
    /// Name of the log.
    pub log: String,
    /// The events, newest first.
    pub events: Vec<ListedEvent>,
    /// Whether there were more than the limit.
    pub more: bool,
}

/// An event.
#[derive(Debug, Serialize)]
pub struct ListedEvent {
    /// When, by the host's clock (RFC 3339, UTC).
    pub time: Option<FileTime>,
    /// Its number in the log.
    pub record: u64,
    /// Who wrote it.
    pub provider: String,
    /// Its number, meaningful with its provider only.
    pub id: u32,
    /// How bad it is.
    pub level: EventLevel,
    /// What happened; null where the host cannot say it in words.
    pub message: Option<String>,
}

impl From<Event> for ListedEvent {
    fn from(event: Event) -> Self {
        Self {
            time: FileTime::from_unix_nanos(i128::from(event.time.0) * 1_000_000),
            record: event.record,
            provider: event.provider,
            id: event.id,
            level: event.level,
            message: event.message,
        }
    }
}
