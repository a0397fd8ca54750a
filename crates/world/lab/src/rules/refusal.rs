//! How the domain controller says no: a result code, and the Windows error in the words that Active Directory uses.

use rasn_ldap::ResultCode;

/// A request that is not carried out ([MS-ADTS] 3.1.1.3.1.9 "Error Message Strings").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ResultCode,
    /// `00002071: UpdErr: DSID-031B0D67, problem 6005 (ENTRY_EXISTS), data 0`
    pub(crate) diagnostic: String,
    /// The longest part of the name that is there, for "no such object".
    pub(crate) matched: String,
    /// LDAP URLs of who to ask instead, for a referral.
    pub(crate) referrals: Vec<String>,
}

impl Refusal {
    /// `windows` is the Win32 error or status, `words` follow it.
    pub(crate) fn new(code: ResultCode, windows: u32, words: &str) -> Self {
        Self {
            code,
            diagnostic: format!("{windows:08X}: {words}\n\0"),
            matched: String::new(),
            referrals: Vec::new(),
        }
    }

    /// Another server has the object, or may change it: a host name or a domain's, and the object's name.
    pub(crate) fn referral(server: &str, dn: &str) -> Self {
        let words = format!("RefErr: DSID-0310084A, data 0, 1 access points\n\tref 1: '{server}'");
        Self {
            referrals: vec![format!("ldap://{server}/{}", url_encoded(dn))],
            ..Self::new(ResultCode::Referral, 0x202B, &words)
        }
    }

    pub(crate) fn no_such_object(matched: String) -> Self {
        let words = format!(
            "NameErr: DSID-03100241, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'{matched}'"
        );
        Self {
            matched,
            ..Self::new(ResultCode::NoSuchObject, 0x208D, &words)
        }
    }

    pub(crate) fn access_denied() -> Self {
        let words = "SecErr: DSID-03152E13, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0";
        Self::new(ResultCode::InsufficientAccessRights, 0x2098, words)
    }

    pub(crate) fn constraint(windows: u32, attribute: &str) -> Self {
        let words = format!(
            "AtrErr: DSID-03151E07, #1:\n\t0: {windows:08X}: DSID-03151E07, problem 1005 (CONSTRAINT_ATT_TYPE), \
             data 0, Att ({attribute})"
        );
        Self::new(ResultCode::ConstraintViolation, windows, &words)
    }

    /// A value that is none of the attribute's syntax.
    pub(crate) fn syntax(attribute: &str) -> Self {
        let words = format!(
            "AtrErr: DSID-03151BB5, #1:\n\t0: 0000200B: DSID-03151BB5, problem 1002 (INVALID_ATT_SYNTAX), data 0, \
             Att ({attribute})"
        );
        Self::new(ResultCode::InvalidAttributeSyntax, 0x200B, &words)
    }

    /// Something about the values of an attribute that is neither syntax nor constraint.
    pub(crate) fn value(code: ResultCode, windows: u32, attribute: &str) -> Self {
        let words = format!(
            "AtrErr: DSID-03190F80, #1:\n\t0: {windows:08X}: DSID-03190F80, problem 1001, data 0, Att ({attribute})"
        );
        Self::new(code, windows, &words)
    }

    /// A member that is not there.
    pub(crate) fn missing_member(windows: u32) -> Self {
        let words =
            "NameErr: DSID-031A11E2, problem 2001 (NO_OBJECT), data 0, best match of:\n\t''";
        Self::new(ResultCode::NoSuchObject, windows, words)
    }

    pub(crate) fn object_class(windows: u32, about: &str) -> Self {
        let words =
            format!("UpdErr: DSID-030F0D1A, problem 6002 (OBJ_CLASS_VIOLATION), data 0 ({about})");
        Self::new(ResultCode::ObjectClassViolation, windows, &words)
    }

    pub(crate) fn unwilling(windows: u32, about: &str) -> Self {
        let words =
            format!("SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0 ({about})");
        Self::new(ResultCode::UnwillingToPerform, windows, &words)
    }

    pub(crate) fn exists(windows: u32) -> Self {
        let words = "UpdErr: DSID-031B0D67, problem 6005 (ENTRY_EXISTS), data 0";
        Self::new(ResultCode::EntryAlreadyExists, windows, words)
    }

    pub(crate) fn operations(windows: u32, words: &str) -> Self {
        let words = format!("SvcErr: DSID-03152A4B, problem 5012 (DIR_ERROR), data 0 ({words})");
        Self::new(ResultCode::OperationsError, windows, &words)
    }

    /// A name that is none.
    pub(crate) fn bad_dn() -> Self {
        let words =
            "NameErr: DSID-03100233, problem 2006 (BAD_NAME), data 8349, best match of:\n\t''";
        Self::new(ResultCode::InvalidDnSyntax, 0x2032, words)
    }

    /// An attribute that the schema does not have.
    pub(crate) fn unknown_attribute() -> Self {
        let words = "LdapErr: DSID-0C090D11, comment: Error in attribute conversion operation, data 0, v4563";
        Self::new(ResultCode::NoSuchAttribute, 0x57, words)
    }

    /// A request that wants a log-on first.
    pub(crate) fn not_logged_on() -> Self {
        let words = "LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be \
                     completed on the connection., data 0, v4563";
        Self::new(ResultCode::OperationsError, 0x4DC, words)
    }
}

/// RFC 4516 section 2.1 "Percent-Encoding": everything in a name that a URL cannot hold as it is.
fn url_encoded(dn: &str) -> String {
    let mut encoded = String::with_capacity(dn.len());
    for byte in dn.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(byte.into()),
            b'-' | b'.' | b'_' | b'~' | b'=' | b',' | b'+' | b';' | b':' | b'@' | b'\'' => {
                encoded.push(byte.into());
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
