//! KDS root keys, group key identifiers and the derivation of group seed keys ([MS-GKDI]).
//!
//! A managed password is a function of four things: a [`RootKey`], a time (as [`GroupKeyId`]), the security
//! descriptor of who may derive ([`GMSA_TARGET`], the same for all gMSAs) and the account's SID. This crate goes as
//! far as the [`GroupSeedKey`]; `managed-password` does the last step.
//!
//! ```text
//! RootKeyData ─▶ L0 key ─▶ L1 keys 31, 30 … l1 ─▶ L2 keys 31, 30 … l2 ─▶ password
//!              (l0,-1,-1)    (l0,31,-1) + SD         (l0,l1,31)
//! ```
//!
//! | type                  | source                                                     |
//! |-----------------------|------------------------------------------------------------|
//! | [`GroupKeyId`]        | [MS-GKDI] 3.1.4.1 GetKey (Opnum 0)                         |
//! | [`RootKey`]           | [MS-GKDI] 3.1.1 Abstract Data Model                        |
//! | [`KdfParameters`]     | [MS-GKDI] 2.2.1 KDF Parameters                             |
//! | [`FfcDhParameters`]   | [MS-GKDI] 2.2.2 FFC DH Parameters                          |
//! | [`GroupKeyEnvelope`]  | [MS-GKDI] 2.2.4 Group Key Envelope                         |
//!
//! INVARIANT: key material is wiped when its owner is dropped, intermediate keys included.
//!
//! It does not read the directory (`directory`) or the clock: the caller says what time it is.

mod counter_mode;
mod envelope;
mod error;
mod ffc_dh_group;
mod ffc_dh_parameters;
mod get_key_request;
mod group_key_id;
mod kdf_parameters;
mod root_key;
mod root_key_choice;
mod root_key_export;
mod seed_key;

pub use envelope::{EnvelopeFlags, GroupKeyEnvelope};
pub use error::KdsError;
pub use ffc_dh_parameters::FfcDhParameters;
pub use get_key_request::get_key_request_ndr64;
pub use group_key_id::{GroupKeyId, KeyLevel};
pub use kdf_parameters::{KdfHash, KdfParameters};
pub use root_key::{
    RootKey, RootKeyAttributes, RootKeyData, RootKeyDescription, RootKeyId, Usability,
};
pub use root_key_choice::{preferred_root_key, root_key_for_new_account};
pub use seed_key::{GMSA_TARGET, GroupSeedKey};

use security::Interval;

/// How long an L2 key is the current one: 10 hours.
pub const KEY_CYCLE: Interval = Interval::from_hours(10);

/// How far clocks may be apart ([MS-ADTS] 3.1.1.4.5.39 msDS-ManagedPassword, MaxClockSkew): 5 minutes.
pub const MAX_CLOCK_SKEW: Interval = Interval::from_minutes(5);

/// Bytes of a root key and of every key derived from it.
pub const KEY_LEN: usize = 64;
