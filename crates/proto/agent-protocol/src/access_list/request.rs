//! What is asked about access lists, and what was found.

use std::fmt;

use security::SecurityDescriptor;
use serde::{Deserialize, Serialize};

use super::{AccessList, AccessTree, Namespace};
use crate::{Failure, base64_bytes};

/// What is asked about access lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AccessListRequest {
    /// Those that are there: of the machine, of all its applications, and of these namespaces
    /// → [`crate::Reply::AccessLists`].
    Find {
        /// The namespaces; others are not looked at.
        namespaces: Vec<Namespace>,
    },
    /// Those in these trees that have an entry of their own for an account or a group of a domain
    /// → [`crate::Reply::AccessLists`].
    FindBelow {
        /// The trees; of one that cannot be read whole, the list at its top is told as unreadable.
        trees: Vec<AccessTree>,
    },
    /// Those of all reserved URLs → [`crate::Reply::AccessLists`].
    FindUrls,
    /// One of them → [`crate::Reply::AccessList`].
    Read {
        /// Which.
        list: AccessList,
    },
    /// Replaces one that is there → [`crate::Reply::Done`].
    Write {
        /// Which.
        list: AccessList,
        /// The security descriptor, self-relative.
        descriptor: Descriptor,
    },
}

impl AccessListRequest {
    /// Whether the host is the same afterwards.
    pub fn only_reads(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }
}

impl fmt::Display for AccessListRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Find { .. } => f.write_str("read the access lists of DCOM and WMI"),
            Self::FindBelow { trees } => {
                let trees: Vec<_> = trees.iter().map(ToString::to_string).collect();
                write!(f, "read the access lists below {}", trees.join(", "))
            }
            Self::FindUrls => f.write_str("read the access lists of reserved URLs"),
            Self::Read { list } => write!(f, "read access list {list}"),
            Self::Write { list, .. } => write!(f, "write access list {list}"),
        }
    }
}

/// A security descriptor as it is stored; base64 on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Descriptor(#[serde(with = "base64_bytes")] pub Vec<u8>);

impl Descriptor {
    /// Whether it has an entry of its own, not inherited, for an account or a group of a domain. `None` where it
    /// cannot be read.
    pub fn names_somebody(&self) -> Option<bool> {
        let descriptor = SecurityDescriptor::from_bytes(&self.0).ok()?;
        let aces = descriptor.dacl().map(|dacl| dacl.aces());
        let mut own = aces
            .unwrap_or_default()
            .iter()
            .filter(|ace| !ace.is_inherited());
        Some(own.any(|ace| ace.sid().is_some_and(|sid| sid.domain().is_some())))
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccessLists {
    /// The lists.
    pub lists: Vec<FoundAccessList>,
    /// Those that are there and cannot be read.
    pub unreadable: Vec<(AccessList, Failure)>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundAccessList {
    /// Which.
    pub list: AccessList,
    /// The application's name, where it has one.
    pub title: Option<String>,
    /// What is in it.
    pub descriptor: Descriptor,
}
