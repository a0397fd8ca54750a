//! What can be wrong with a key, an identifier or a request for one.

use security::FileTime;
use security::wire::{Truncated, Utf16Error};

use crate::group_key_id::GroupKeyId;
use crate::root_key::RootKeyId;

/// Why a key is not read, not chosen, or not derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KdsError {
    /// Only root keys of version 1 are defined.
    #[error("root key version {0} is not supported, only 1 is")]
    UnsupportedVersion(u32),
    /// The key derivation function is not SP800-108 counter mode over HMAC with SHA1, SHA256, SHA384 or SHA512.
    #[error("key derivation algorithm {0:?} is not supported")]
    UnsupportedAlgorithm(String),
    /// `msKds-RootKeyData` has 64 bytes.
    #[error("root key data has {0} bytes, not 64")]
    RootKeyDataLength(usize),
    /// Not one of (≥0, −1, −1), (≥0, 0..31, −1), (≥0, 0..31, 0..31).
    #[error("({0}, {1}, {2}) is not a group key identifier")]
    InvalidGroupKeyId(i32, i32, i32),
    /// Derivation only goes to older keys under the same L0 index.
    #[error("the key {to} cannot be derived from the key {from}")]
    NotDerivable {
        /// The key at hand.
        from: GroupKeyId,
        /// The key that was asked for.
        to: GroupKeyId,
    },
    /// A key is handed out at most five minutes before its time.
    #[error("the key {requested} lies in the future, the latest one is {latest}")]
    FromTheFuture {
        /// The key that was asked for.
        requested: GroupKeyId,
        /// The newest key that may be asked for.
        latest: GroupKeyId,
    },
    /// `msKds-UseStartTime` is 0.
    #[error("root key {0} has no effective time")]
    NoUseStartTime(RootKeyId),
    /// `msKds-UseStartTime` is still to come.
    #[error("root key {id} is not effective before {use_start_time}")]
    NotYetEffective {
        /// The root key.
        id: RootKeyId,
        /// Its `msKds-UseStartTime`.
        use_start_time: FileTime,
    },
    /// No root key can be used for that time.
    #[error("there is no root key that can be used for {0}")]
    NoUsableRootKey(FileTime),
    /// The bytes end early.
    #[error("{structure} is truncated")]
    Truncated {
        /// What was being read.
        structure: &'static str,
        /// Where it ended.
        source: Truncated,
    },
    /// Text in a structure is malformed.
    #[error("{structure} holds malformed text")]
    Text {
        /// What was being read.
        structure: &'static str,
        /// What is wrong with the text.
        source: Utf16Error,
    },
    /// A field has a value that the specification does not allow.
    #[error("{structure} has an invalid {field}")]
    Field {
        /// What was being read.
        structure: &'static str,
        /// The field's name in the specification.
        field: &'static str,
    },
}

impl KdsError {
    /// The code that Windows or Samba answers in this case, where there is one.
    #[must_use]
    pub fn windows_name(&self) -> Option<&'static str> {
        match self {
            Self::UnsupportedVersion(_)
            | Self::UnsupportedAlgorithm(_)
            | Self::RootKeyDataLength(_) => Some("NT_STATUS_NOT_SUPPORTED"),
            Self::InvalidGroupKeyId(..)
            | Self::NotDerivable { .. }
            | Self::FromTheFuture { .. } => Some("NT_STATUS_INVALID_PARAMETER"),
            Self::NotYetEffective { .. } => Some("E_INVALIDARG"),
            Self::NoUseStartTime(_) => Some("NTE_BAD_KEY"),
            Self::NoUsableRootKey(_) => Some("NTE_NO_KEY"),
            Self::Truncated { .. } | Self::Text { .. } | Self::Field { .. } => None,
        }
    }
}
