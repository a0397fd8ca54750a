//! What gmsactl and the agent on a host say to each other: requests, replies, frames.
//!
//! ```text
//! gmsactl ── Hello { protocol, client } ─▶ agent
//!         ◀─ Hello { protocol, agent_version, os } ──
//!         ── Request, secret ─▶
//!         ◀─ Done(Reply) or Failed(Failure) ──
//! ```
//!
//! One request is answered before the next is read; both carry the same id. Requests that only read can be
//! asked together, as a batch: one round trip for a whole inventory. Everything travels over
//! the agent's stdin and stdout, whatever carries those (a local process, ssh).
//!
//! INVARIANT: a secret travels beside the JSON header, never inside it.
//! INVARIANT: the frame format and both Hello messages stay as they are in every protocol version,
//! so that two sides of different versions can still tell each other which they speak.
//!
//! It performs no I/O: [`Decoder`] takes bytes as they come, [`Session`] turns a frame into a frame.

mod access_list;
mod account_right;
mod app_pool;
mod base64_bytes;
mod event;
mod failure;
mod frame;
mod host;
mod local_group;
mod message;
mod name;
mod pipe;
mod registry;
mod request;
#[cfg(test)]
mod round_trips;
mod scheduled_task;
mod secret;
mod service;
mod service_trigger;
mod session;
mod setup;
pub mod task_xml;
pub mod win32;

pub use access_list::{
    AccessList, AccessListRequest, AccessLists, AccessTree, ApplicationList, Descriptor,
    FoundAccessList, Keeper, MachineList, Namespace, UrlPrefix, in_braces,
};
pub use account_right::{AccountRight, PolicyDefinition, RightHolders, RightsRequest, Trustee};
pub use app_pool::{
    AppPool, AppPoolRequest, PoolApplication, PoolControl, PoolIdentity, PoolState, SiteBinding,
};
pub use event::{EVENT_LIMIT, Event, EventLevel, EventPage, EventQuery};
pub use failure::{Failure, FailureKind};
pub use frame::{Decoder, Frame, FrameError, HEADER_LIMIT, SECRET_LIMIT};
pub use host::{
    Captured, FileDigest, FileKind, FileMetadata, HostFacts, Product, RegistryView, RunOutcome,
    SealedContent, SealedDigest, ServiceAccountState, UnixMillis,
};
pub use local_group::LocalGroupRequest;
pub use message::{AgentBody, AgentHello, AgentMessage, ClientBody, ClientHello, ClientMessage};
pub use message::{PROTOCOL_VERSION, ProtocolVersion, VersionMismatch};
pub use name::{AccountName, GroupName, HostPath, InvalidName, PoolName, ServiceName, TaskPath};
pub use pipe::PipeName;
pub use registry::{Hive, RegistryKey, RegistryKeyContent, RegistryValue};
pub use request::{BATCH_LIMIT, Reply, Request, SecretUse};
pub use scheduled_task::{
    ScheduledTask, TaskDefinition, TaskList, TaskLogon, TaskPrincipal, TaskRequest,
};
pub use sealed_file::{InvalidRecipient, Recipient};
pub use secret::Secret;
pub use service::{
    FlagStore, ManagedAccountFlag, Service, ServiceList, ServiceState, StartType, StoppedService,
    UnreadableService,
};
pub use service_trigger::{ServiceTrigger, TriggerAction, TriggerData, TriggerRequest};
pub use session::{Answer, Session};
pub use setup::{
    PropertyName, PropertyValue, SETUP_PROPERTY_LIMIT, SetupEnd, SetupProperty, SetupRun,
};
