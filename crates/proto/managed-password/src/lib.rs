//! The password of a gMSA: derived, read from the directory, rolled over, and turned into keys.
//!
//! ```text
//! GroupSeedKey + SID ─▶ ManagedPassword ─▶ NtHash
//!  (crate kds)             ▲        └────▶ KerberosKeys ─▶ Keytab
//!        msDS-ManagedPassword blob
//! ```
//!
//! | type                        | source                                                      |
//! |-----------------------------|-------------------------------------------------------------|
//! | [`ManagedPassword`]         | [MS-ADTS] 3.1.1.4.5.39 msDS-ManagedPassword                 |
//! | [`ManagedPasswordBlob`]     | [MS-ADTS] 2.2.19 MSDS-MANAGEDPASSWORD_BLOB                  |
//! | [`ManagedPasswordId`]       | value of `msDS-ManagedPasswordId`                           |
//! | [`ManagedPasswordState`]    | [MS-ADTS] 3.1.1.4.5.39, GetgMSAPasswordBlob                 |
//! | [`NtHash`]                  | [MS-NLMP] 3.3.1 NTLM v1 Authentication, NTOWFv1             |
//! | [`KerberosKey`]             | RFC 3962 section 4, [MS-KILE] 3.1.1.2 Cryptographic Material|
//! | [`Keytab`]                  | MIT keytab file format, version 0x0502                      |
//!
//! INVARIANT: no secret is shown by `Debug`, copied by `Clone`, or left in memory by `Drop`.
//! INVARIANT: the same state, time and root keys give the same passwords: nothing here reads a clock.

mod blob;
mod error;
mod interval;
mod kerberos_key;
mod keytab;
mod nt_hash;
mod password;
mod password_id;
mod rollover;

pub use blob::ManagedPasswordBlob;
pub use error::ManagedPasswordError;
pub use interval::ManagedPasswordInterval;
pub use kerberos_key::{EncryptionType, ITERATIONS, KerberosKey, KerberosKeys, Salt};
pub use keytab::{Keytab, KeytabEntry, KeytabError, KeytabPrincipal};
pub use nt_hash::NtHash;
pub use password::ManagedPassword;
pub use password_id::{ManagedPasswordId, PasswordKeyId};
pub use rollover::{ManagedPasswordState, ManagedPasswordUpdate, Retrieval};
