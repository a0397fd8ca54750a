//! Simulated Windows hosts that speak the agent's frames.
//!
//! ```text
//! import       a host after one that was discovered
//! HostServer   loopback TCP: one line names the host, the agent's frames follow
//! serve        frames over any stream: agent_protocol::Session, faults
//! LabHost      one host: state, domain, products
//! Machine      one request on it: services, logons, files, registry, programs
//! DomainView   what a host asks its domain: the lab's directory answers
//! Products     what a host leaves to the software on it: crate::mim answers
//! ```
//!
//! INVARIANT: a service starts under an account only if Windows would start it, and fails with Windows' code
//! and event where it would not.
//! INVARIANT: no password is kept, only which of the account's passwords was given.

pub mod access_lists;
pub mod app_pool;
pub mod boot;
pub mod domain;
pub mod event_log;
pub mod faults;
pub mod files;
pub mod import;
pub mod install;
pub mod lab_host;
pub mod local_groups;
pub mod logon;
pub mod machine;
#[cfg(test)]
pub(crate) mod memory_domain;
mod pace;
pub mod products;
pub mod programs;
pub mod registry;
pub mod rights;
pub mod scheduled_task;
pub mod serve;
pub mod services;
mod setup_run;
pub mod start;
pub mod state;
pub mod stop;
#[cfg(test)]
mod tests;
mod triggers;

pub use domain::{AccountKind, DomainAccount, DomainView, NoPassword, PasswordVersion, Token};
pub use faults::{Fault, Mishap, NamedFault};
pub use import::import;
pub use lab_host::{Delivery, LabHost, TimeDown};
pub use machine::Machine;
pub use pace::Pace;
pub use products::{NoProducts, Products};
pub use serve::{HostServer, connect, relay, serve};
pub use state::{HostState, Power, WindowsRelease};
