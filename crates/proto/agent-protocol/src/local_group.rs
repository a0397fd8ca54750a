//! Local groups of a host.

use std::fmt;

use security::Sid;
use serde::{Deserialize, Serialize};

use crate::GroupName;

/// What is asked about a local group; not found where there is none of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LocalGroupRequest {
    /// Its direct members → [`crate::Reply::Members`].
    Read {
        /// The group.
        group: GroupName,
    },
    /// Adds a member; being one already is success → [`crate::Reply::Existed`].
    Add {
        /// The group.
        group: GroupName,
        /// The new member.
        member: Sid,
    },
    /// Removes a member; not being one is success → [`crate::Reply::Existed`].
    Remove {
        /// The group.
        group: GroupName,
        /// The member.
        member: Sid,
    },
}

impl LocalGroupRequest {
    /// Whether the host is the same afterwards.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::Read { .. })
    }
}

impl fmt::Display for LocalGroupRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { group } => write!(f, "read local group {group}"),
            Self::Add { group, member } => write!(f, "add {member} to local group {group}"),
            Self::Remove { group, member } => {
                write!(f, "remove {member} from local group {group}")
            }
        }
    }
}
