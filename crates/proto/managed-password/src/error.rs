//! What can be wrong with a managed password and what surrounds it.

use kds::{GroupKeyId, KdsError, RootKeyId};
use security::wire::{Truncated, Utf16Error};

/// Why a managed password is not read or derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManagedPasswordError {
    /// The blob or identifier ends early, or an offset in it points behind its end.
    #[error("{structure} is truncated")]
    Truncated {
        /// What was being read.
        structure: &'static str,
        /// Where it ended.
        source: Truncated,
    },
    /// A field has a value that the specification does not allow.
    #[error("{structure} has an invalid {field}")]
    Field {
        /// What was being read.
        structure: &'static str,
        /// The field's name in the specification.
        field: &'static str,
    },
    /// A name in the identifier is malformed.
    #[error("a domain name in the managed password id is malformed")]
    Name(#[from] Utf16Error),
    /// A managed password has 256 bytes, none of its 16-bit units being zero.
    #[error("a managed password of {0} bytes, not 256")]
    PasswordLength(usize),
    /// A password belongs to an L2 key.
    #[error("the key {0} is not an l2 key, so no password belongs to it")]
    NotAnL2Key(GroupKeyId),
    /// `msDS-ManagedPasswordInterval` is negative, zero, or too large to count with.
    #[error("a managed password interval of {0} days cannot be used")]
    Interval(i64),
    /// The root key that a stored identifier names is not among those given.
    #[error("root key {0}, which the managed password id names, is missing")]
    RootKeyMissing(RootKeyId),
    /// Times too far from ours to count with.
    #[error("the password's times are out of range")]
    TimeOutOfRange,
    /// No root key can be used, or the identifier is malformed.
    #[error("the group key cannot be had")]
    Kds(#[from] KdsError),
}
