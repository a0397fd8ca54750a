//! Active Directory behind the [`model::ports::Directory`] port, over LDAP and Kerberos.
//!
//! | item | what |
//! |---|---|
//! | [`ActiveDirectory::connect`]`(`[`DirectoryOptions`]`)` | logs the operator on to a domain controller |
//! | [`model::ports::Directory`] | the verbs: look up, create, members, retrieval principals, SPNs, proofs |
//! | [`ActiveDirectory::listed_root_keys`], [`ActiveDirectory::root_key`] | KDS root keys in full, one with its secret |
//! | [`ActiveDirectory::global_catalog_holders`] | who holds an SPN as the global catalog shows it |
//!
//! INVARIANT: writes and their reads back go to one domain controller, so replication cannot come in between.
//! INVARIANT: a write is sent once; where its outcome is unknown the error says so.
//! INVARIANT: no secret is part of an error, a proof's text or a log record.
//!
//! It does not decide what to change (`planner`, `engine`), nor speak LDAP itself (`ldap`).

mod account_control;
mod accounts;
mod active_directory;
mod connection;
mod delegation;
mod descriptors;
mod domain_controllers;
mod error;
mod logons;
mod naming;
mod objects;
mod options;
mod password_proof;
mod retrieval;
mod root_key_creation;
mod root_keys;
mod spns;

pub use active_directory::ActiveDirectory;
pub use options::{DirectoryOptions, OperatorSecret};
pub use root_keys::ListedRootKey;
