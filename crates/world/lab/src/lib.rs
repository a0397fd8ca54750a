//! An Active Directory and Windows hosts to rehearse on: simulated worlds behind the real protocols.
//!
//! ```text
//! Lab::start(LabSeed) ─▶ ldap_server ─┐
//!                        kdc ─────────┼─▶ directory ─▶ rules ─▶ store       one of each per domain controller
//!                        gss ─────────┘   (faults, clock) ◀─▶ replication   where there are several
//! ```
//!
//! | item | what |
//! |---|---|
//! | [`Lab::start`]`(`[`LabSeed`]`)` | domain controllers on loopback: LDAP and Kerberos for any client |
//! | [`Lab::controllers`] | each of them: its address, its clock, its replication |
//! | [`LabSeed::reference_estate`] | CONTOSO with MIM on password accounts |
//! | [`Lab::domain`] | the same directory for [`hosts`], without a network between |
//! | [`Lab::clock`], [`Lab::faults`], [`Lab::snapshot`] | the time, what goes wrong, and the objects of a moment |
//! | [`Lab::serve_sql`] | a database server of the domain, for any client of SQL Server |
//! | [`Lab::suffer`]`(`[`DirectoryFault`]`)` | what goes wrong in real estates, by name |
//!
//! INVARIANT: nothing above the wire can tell the lab from a domain, but by its address.
//! INVARIANT: hostile bytes end in an answer or a closed connection, in bounded memory.

mod clock;
mod controller;
mod directory;
mod directory_faults;
mod domain_view;
mod faults;
mod forest;
mod gss;
pub mod hosts;
#[doc(hidden)]
pub mod in_memory;
mod kdc;
mod lab;
mod ldap_server;
pub mod ldif;
mod listeners;
pub mod mim;
mod random;
mod replication;
mod rules;
mod saved;
mod seed;
mod snapshot;
mod store;
mod tds_server;
#[cfg(test)]
mod time_outs;
mod visitors;

pub use clock::LabClock;
pub use controller::LabController;
pub use directory_faults::DirectoryFault;
pub use faults::{Fate, Faults, RequestKind, SeenRequest};
pub use lab::{Lab, LabError};
pub use listeners::LabAddresses;
pub use saved::SavedDirectory;
pub use seed::{LabSeed, SeedObject, SeedRootKey};
pub use snapshot::Snapshot;
pub use tds_server::{DatabaseServerOptions, RunningDatabaseServer};
