//! The global catalog's port: the whole forest, read-only ([MS-ADTS] 3.1.1.1.8 "GC Server"). Which attributes it shows:
//! [`crate::store::partial_set`].

use rasn_ldap::ResultCode;

use crate::rules::refusal::Refusal;

// [MS-ERREF] 2.2 "Win32 Error Codes": ERROR_DS_UNWILLING_TO_PERFORM.
const UNWILLING_TO_PERFORM: u32 = 0x2035;

/// The answer to a write.
pub(super) fn read_only() -> Refusal {
    let words =
        "LdapErr: DSID-0C090C3E, comment: Operation not allowed through GC port, data 0, v4563";
    Refusal::new(ResultCode::UnwillingToPerform, UNWILLING_TO_PERFORM, words)
}
