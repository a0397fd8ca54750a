//! What a Windows host has beside services: account rights, application pools, scheduled tasks, triggers,
//! registry values, events.
//!
//! These are Windows' own words, so they are one type on the wire to the agent and here. They stand in
//! inventories, plans and journals: their field names are a contract, as those of every noun.

pub use agent_protocol::{
    AccessList, AccessLists, AccessTree, AccountRight, AppPool, ApplicationList, Descriptor, Event,
    EventLevel, EventPage, EventQuery, FoundAccessList, GroupName, HostPath, InvalidName,
    InvalidRecipient, MachineList, Namespace, PolicyDefinition, PoolApplication, PoolControl,
    PoolIdentity, PoolName, PoolState, PropertyName, PropertyValue, Recipient, RegistryValue,
    RightHolders, ScheduledTask, ServiceTrigger, SetupEnd, SetupProperty, SetupRun, SiteBinding,
    TaskDefinition, TaskLogon, TaskPath, TaskPrincipal, TriggerAction, TriggerData, Trustee,
    UnixMillis, UrlPrefix,
};
