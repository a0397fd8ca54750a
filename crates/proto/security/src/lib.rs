//! What Windows identifies, dates and guards things with: SID, GUID, FILETIME, security descriptors.
//!
//! | type                    | wire form, [MS-DTYP]                          | text form                  |
//! |-------------------------|-----------------------------------------------|----------------------------|
//! | [`Sid`]                 | 2.4.2.2 SID--Packet Representation            | `S-1-5-21-…-1104`          |
//! | [`Guid`]                | 2.3.4.2 GUID--Packet Representation           | `0170e972-a035-af4c-…`     |
//! | [`FileTime`]            | 2.3.3 FILETIME                                | RFC 3339 in UTC            |
//! | [`SecurityDescriptor`]  | 2.4.6 SECURITY_DESCRIPTOR (self-relative)     | SDDL, 2.5.1                |
//!
//! INVARIANT: parsing hostile bytes ends in a value or an error, in time linear in their length.
//! INVARIANT: an ACE that this crate does not understand leaves as the bytes it came in.
//!
//! It reads no clock and does no I/O; [`wire`] has the bounds-checked reader that the other crates of this floor use too.

mod access_check;
mod access_mask;
mod ace;
mod acl;
mod civil_date;
mod control;
mod file_time;
mod guid;
mod retrieval_principals;
mod sddl;
mod security_descriptor;
mod security_descriptor_error;
mod sid;
pub mod wire;

pub use access_mask::AccessMask;
pub use ace::{Ace, AceError, AceFlags, AceType};
pub use acl::Acl;
pub use control::Control;
pub use file_time::{FileTime, FileTimeError, Interval};
pub use guid::{Guid, GuidError};
pub use sddl::SddlError;
pub use security_descriptor::SecurityDescriptor;
pub use security_descriptor_error::SecurityDescriptorError;
pub use sid::{Sid, SidError};
