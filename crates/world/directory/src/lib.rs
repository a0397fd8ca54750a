//! Active Directory behind the [`model::ports::Directory`] port, over LDAP and Kerberos.
//!
//! | item | what |
//! |---|---|
//! | [`ActiveDirectory::connect`]`(`[`DirectoryOptions`]`)` | logs the operator on to a domain controller |
//! | [`locate`] | the nearest writable domain controller, by DNS and ping |
//! | [`model::ports::Directory`] | the verbs: look up, create, members, retrieval principals, SPNs, proofs |
//! | [`ActiveDirectory::listed_root_keys`], [`ActiveDirectory::root_key`] | KDS root keys in full, one with its secret |
//! | [`ActiveDirectory::recording`] | keeps what is changed, to show it; or rehearses only |
//! | [`ActiveDirectory::late_controllers`] | which domain controllers do not show these changes yet |
//! | [`ActiveDirectory::global_catalog_holders`] | who holds an SPN as the global catalog shows it |
//!
//! INVARIANT: writes and their reads back go to one domain controller, so replication cannot come in between.
//! INVARIANT: a write is sent once; where its outcome is unknown the error says so.
//! INVARIANT: no secret is part of an error, a proof's text or a log record.
//!
//! It does not decide what to change (`planner`, `engine`), nor speak LDAP itself (`ldap`).

mod account_control;
mod account_pages;
mod accounts;
mod active_directory;
mod changes;
mod connection;
mod delegation;
mod descriptors;
mod domain_controllers;
mod error;
mod holding;
mod locator;
mod logons;
mod managed_keys;
mod naming;
mod new_objects;
mod objects;
mod options;
mod password_proof;
mod principals;
mod replication;
mod retrieval;
mod rights;
mod root_key_creation;
mod root_keys;
mod searches;
mod settings;
mod spn_audit;
mod spns;

pub use active_directory::ActiveDirectory;
pub use changes::{AttributeChange, Change, ChangeKind};
pub use error::is_clock_skew;
pub use locator::{Dns, Located, locate};
pub use managed_keys::ManagedKeys;
pub use options::{DirectoryOptions, OperatorSecret};
pub use principals::{Member, Principal};
pub use root_keys::ListedRootKey;
pub use settings::Settings;
pub use spn_audit::{Aliases, HeldSpn};
