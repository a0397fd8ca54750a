//! What can be wrong with a security descriptor.

use crate::ace::AceError;
use crate::sid::SidError;
use crate::wire::Truncated;

/// Why bytes are not a security descriptor, or an edit of one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecurityDescriptorError {
    /// The bytes end inside the descriptor, or an offset points behind them.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// Too many bytes, read or written.
    #[error("a security descriptor or list of {0} bytes is larger than 64 kib")]
    TooLarge(usize),
    /// Only revision 1 exists.
    #[error("security descriptor revision is {0}, not 1")]
    Revision(u8),
    /// Absolute descriptors hold pointers, which mean nothing here.
    #[error("the security descriptor is not self-relative")]
    NotSelfRelative,
    /// An offset points into the header.
    #[error("offset {0} points into the security descriptor's header")]
    Offset(usize),
    /// Only revisions 2 to 4 exist.
    #[error("acl revision is {0}, not 2 to 4")]
    AclRevision(u8),
    /// AclSize is smaller than the header it counts.
    #[error("acl size {0} is smaller than its own header")]
    AclSize(u16),
    /// An ACE is malformed.
    #[error("an ace is malformed")]
    Ace(#[from] AceError),
    /// Owner or group is malformed.
    #[error("owner or group is malformed")]
    Sid(#[from] SidError),
    /// There is no DACL, so everyone is allowed everything; the first ACE would take that from all others.
    #[error("there is no dacl to edit: everyone is allowed everything")]
    NoDacl,
}
