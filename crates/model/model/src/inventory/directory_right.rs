//! What accounts may do in the directory by name: entries in the access lists of objects.

use security::{Ace, Sid};
use serde::{Deserialize, Serialize};

use crate::names::Dn;

/// An entry that names an account itself and stands on the object, not inherited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryRight {
    /// The object.
    pub object: Dn,
    /// Whose entry.
    pub sid: Sid,
    /// The entry, as SDDL writes one: `(OA;CI;WP;bf9679c0-…;;S-1-5-21-…)`.
    pub ace: Ace,
}

/// What a search for such entries found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryRights {
    /// The entries, by object.
    pub entries: Vec<DirectoryRight>,
    /// How many objects there are whose list may not be read, or is damaged.
    pub unreadable: usize,
}
