//! What accounts may do on a host by name, by its access lists.

use security::{Ace, Sid};
use serde::{Deserialize, Serialize};

use crate::host::AccessList;

/// An entry that names an account of a domain itself and stands in the list, not inherited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostAccess {
    /// The list.
    pub list: AccessList,
    /// Name of the application that the list belongs to, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whose entry.
    pub sid: Sid,
    /// The entry, as SDDL writes one: `(A;CI;CCWP;;;S-1-5-21-…)`.
    pub ace: Ace,
}
