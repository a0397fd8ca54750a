//! Windows error codes inside the diagnostic texts of Active Directory and Samba.

use std::fmt;

/// A Windows error: [MS-ERREF] 2.2 Win32 Error Codes, or an SSPI status (2.1.1 HRESULT Values).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowsError {
    /// The number.
    pub code: u32,
    /// The symbolic name, or `unknown`.
    pub name: &'static str,
    /// What it means to the operator; empty when unknown.
    pub meaning: &'static str,
}

impl WindowsError {
    /// The error with this number.
    pub fn from_code(code: u32) -> Self {
        let known = KNOWN.iter().find(|(number, ..)| *number == code);
        known.map_or(
            Self {
                code,
                name: "unknown",
                meaning: "",
            },
            |&(code, name, meaning)| Self {
                code,
                name,
                meaning,
            },
        )
    }

    /// Finds the code in a server's diagnostic text.
    ///
    /// Three shapes occur: `0000202B: RefErr: …`, `80090308: LdapErr: …, data 52e, v4563`, and Samba's
    /// `00002035: …` or `error in module …: … (WERR_…)`. A code that is zero says nothing and is no error.
    pub fn from_diagnostic(text: &str) -> Option<Self> {
        let leading = text
            .get(..8)
            .filter(|_| text.get(8..9) == Some(":"))
            .and_then(hexadecimal);
        let code = match leading {
            // SEC_E_…: what went wrong stands behind "data".
            Some(sspi) if sspi >= 0x8000_0000 => {
                data_of(text).filter(|data| *data != 0).unwrap_or(sspi)
            }
            Some(code) => code,
            None => data_of(text)?,
        };
        (code != 0).then(|| Self::from_code(code))
    }
}

fn data_of(text: &str) -> Option<u32> {
    let (_, after) = text.split_once(", data ")?;
    hexadecimal(after.split([',', ' ', '\0']).next()?)
}

fn hexadecimal(digits: &str) -> Option<u32> {
    let digits = digits.trim_start_matches("0x");
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

impl fmt::Display for WindowsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning {
            "" => write!(f, "Windows error {}", self.code),
            meaning => write!(f, "Windows error {} {}: {meaning}", self.code, self.name),
        }
    }
}

/// Sorted by number. Most stand in [MS-ERREF] 2.2; all names and numbers are winerror.h's.
#[rustfmt::skip]
const KNOWN: &[(u32, &str, &str)] = &[
    (5, "ERROR_ACCESS_DENIED", "access is denied"),
    (87, "ERROR_INVALID_PARAMETER", "a parameter is invalid"),
    (1315, "ERROR_INVALID_ACCOUNT_NAME", "the account name is not well-formed"),
    (1316, "ERROR_USER_EXISTS", "the account exists already"),
    (1317, "ERROR_NO_SUCH_USER", "the account does not exist"),
    (1318, "ERROR_GROUP_EXISTS", "the group exists already"),
    (1321, "ERROR_MEMBER_NOT_IN_GROUP", "the account is not a member of the group"),
    (1325, "ERROR_PASSWORD_RESTRICTION", "the password does not meet the domain's policy"),
    (1326, "ERROR_LOGON_FAILURE", "the user name or password is wrong"),
    (1327, "ERROR_ACCOUNT_RESTRICTION", "a restriction of the account forbids the log-on"),
    (1328, "ERROR_INVALID_LOGON_HOURS", "the account may not log on at this hour"),
    (1329, "ERROR_INVALID_WORKSTATION", "the account may not log on from this machine"),
    (1330, "ERROR_PASSWORD_EXPIRED", "the password has expired"),
    (1331, "ERROR_ACCOUNT_DISABLED", "the account is disabled"),
    (1355, "ERROR_NO_SUCH_DOMAIN", "the domain does not exist or cannot be contacted"),
    (1378, "ERROR_MEMBER_IN_ALIAS", "the account is a member of the group already"),
    (1387, "ERROR_NO_SUCH_MEMBER", "the member to add does not exist"),
    (1793, "ERROR_ACCOUNT_EXPIRED", "the account has expired"),
    (1907, "ERROR_PASSWORD_MUST_CHANGE", "the password must be changed before the first log-on"),
    (1909, "ERROR_ACCOUNT_LOCKED_OUT", "the account is locked out"),
    (8202, "ERROR_DS_NO_ATTRIBUTE_OR_VALUE", "the attribute or value is not there"),
    (8203, "ERROR_DS_INVALID_ATTRIBUTE_SYNTAX", "the value does not fit the attribute's syntax"),
    (8204, "ERROR_DS_ATTRIBUTE_TYPE_UNDEFINED", "the schema has no such attribute"),
    (8205, "ERROR_DS_ATTRIBUTE_OR_VALUE_EXISTS", "the attribute or value is there already"),
    (8206, "ERROR_DS_BUSY", "the directory service is busy"),
    (8207, "ERROR_DS_UNAVAILABLE", "the directory service is unavailable"),
    (8208, "ERROR_DS_NO_RIDS_ALLOCATED", "the domain controller has no identifiers for new accounts"),
    (8212, "ERROR_DS_OBJ_CLASS_VIOLATION", "the object class does not allow it"),
    (8213, "ERROR_DS_CANT_ON_NON_LEAF", "the object has children"),
    (8224, "ERROR_DS_OPERATIONS_ERROR", "an operations error occurred; often a log-on must come first"),
    (8226, "ERROR_DS_TIMELIMIT_EXCEEDED", "the server's time limit was exceeded"),
    (8227, "ERROR_DS_SIZELIMIT_EXCEEDED", "the size limit was exceeded"),
    (8232, "ERROR_DS_STRONG_AUTH_REQUIRED", "the server wants a better protected connection"),
    (8235, "ERROR_DS_REFERRAL", "another server holds the object"),
    (8237, "ERROR_DS_CONFIDENTIALITY_REQUIRED", "the server wants an encrypted connection"),
    (8239, "ERROR_DS_CONSTRAINT_VIOLATION", "the value violates a constraint"),
    (8240, "ERROR_DS_NO_SUCH_OBJECT", "the object does not exist"),
    (8242, "ERROR_DS_INVALID_DN_SYNTAX", "the distinguished name is malformed"),
    (8245, "ERROR_DS_UNWILLING_TO_PERFORM", "the server is unwilling to process the request"),
    (8247, "ERROR_DS_NAMING_VIOLATION", "the name violates the directory's structure"),
    (8303, "ERROR_DS_ATT_NOT_DEF_IN_SCHEMA", "the schema has no such attribute"),
    (8305, "ERROR_DS_OBJ_STRING_NAME_EXISTS", "an object with this name exists already"),
    (8311, "ERROR_DS_ILLEGAL_MOD_OPERATION", "the modification is not allowed"),
    (8316, "ERROR_DS_MISSING_REQUIRED_ATT", "a mandatory attribute is missing"),
    (8321, "ERROR_DS_SINGLE_VALUE_CONSTRAINT", "the attribute takes one value only"),
    (8322, "ERROR_DS_RANGE_CONSTRAINT", "the value is too long, too short, too large or too small"),
    (8323, "ERROR_DS_ATT_VAL_ALREADY_EXISTS", "the value is there already"),
    (8341, "ERROR_DS_GENERIC_ERROR", "a directory service error occurred"),
    (8344, "ERROR_DS_INSUFF_ACCESS_RIGHTS", "the account has not the right to do this"),
    (8346, "ERROR_DS_ATTRIBUTE_OWNED_BY_SAM", "the system owns the attribute"),
    (8369, "ERROR_DS_CANT_MOD_SYSTEM_ONLY", "only the system may change the attribute"),
    (8373, "ERROR_DS_NAME_REFERENCE_INVALID", "the name refers to an object that does not exist"),
    (8418, "ERROR_DS_DRA_SCHEMA_MISMATCH", "the schemas of two domain controllers differ"),
    (8423, "ERROR_DS_SECURITY_ILLEGAL_MODIFY", "security forbids the modification"),
    (8453, "ERROR_DS_DRA_ACCESS_DENIED", "access to replication is denied"),
    (8481, "ERROR_DS_CANT_RETRIEVE_ATTS", "the account has not the right to read the attribute"),
    (8547, "ERROR_DS_GC_REQUIRED", "a global catalog server is needed and cannot be reached"),
    (8557, "ERROR_DS_MACHINE_ACCOUNT_QUOTA_EXCEEDED", "the account has made as many computer accounts as it may"),
    (8647, "ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST", "another account of the forest has this service principal name"),
    (8648, "ERROR_DS_UPN_VALUE_NOT_UNIQUE_IN_FOREST", "another account of the forest has this user principal name"),
    (0x8009_0308, "SEC_E_INVALID_TOKEN", "the server could not use the log-on token"),
    (0x8009_030c, "SEC_E_LOGON_DENIED", "the log-on was denied"),
    (0x8009_0346, "SEC_E_BAD_BINDINGS", "the log-on is not bound to this TLS channel"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_every_shape_of_diagnostic() {
        for (text, code) in [
            (
                "0000202B: RefErr: DSID-0310084A, data 0, 1 access points\n\tref 1: 'contoso.com'\n",
                Some(8235),
            ),
            (
                "80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data 52e, v4563\0",
                Some(1326),
            ),
            (
                "8009030C: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 533, v1db1",
                Some(1331),
            ),
            (
                "80090346: LdapErr: DSID-0C090597, comment: AcceptSecurityContext error, data 80090346, v4563",
                Some(0x80090346),
            ),
            (
                "80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data 773, v4563",
                Some(1907),
            ),
            ("00002121: no right to view attribute", Some(8481)),
            (
                "000021C7: AtrErr: DSID-03200E5F, #1:\n\t0: 000021C7: DSID-03200E5F, problem 1005",
                Some(8647),
            ),
            (
                "00002098: SecErr: DSID-031514A0, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n",
                Some(8344),
            ),
            ("00000000: nothing", None),
            ("", None),
            ("Č0000000: not hexadecimal", None),
            ("SASL:[GSS-SPNEGO]: NT_STATUS_LOGON_FAILURE", None),
        ] {
            assert_eq!(
                WindowsError::from_diagnostic(text).map(|e| e.code),
                code,
                "{text}"
            );
        }
    }

    #[test]
    fn the_table_is_sorted_without_doubles() {
        assert!(KNOWN.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn an_unknown_code_keeps_its_number() {
        assert_eq!(
            WindowsError::from_code(4711).to_string(),
            "Windows error 4711"
        );
        assert_eq!(
            WindowsError::from_code(1331).to_string(),
            "Windows error 1331 ERROR_ACCOUNT_DISABLED: the account is disabled"
        );
    }
}
