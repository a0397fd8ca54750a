//! Errors of the key distribution centre (RFC 4120 section 5.9.1, "KRB-ERROR Definition").

use rasn::{AsnType, Encode, Encoder as _};
use rasn_kerberos::{KrbError, PrincipalName};
use security::FileTime;

use super::wire;

/// RFC 4120 section 7.5.9, "Error Codes".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

impl Code {
    pub(crate) const CLIENT_UNKNOWN: Self = Self(6);
    pub(crate) const SERVER_UNKNOWN: Self = Self(7);
    pub(crate) const NOT_UNIQUE: Self = Self(8);
    pub(crate) const BAD_OPTION: Self = Self(13);
    pub(crate) const ENCRYPTION_TYPE: Self = Self(14);
    pub(crate) const CLIENT_REVOKED: Self = Self(18);
    pub(crate) const KEY_EXPIRED: Self = Self(23);
    pub(crate) const PREAUTH_FAILED: Self = Self(24);
    pub(crate) const PREAUTH_REQUIRED: Self = Self(25);
    pub(crate) const UNAVAILABLE: Self = Self(29);
    pub(crate) const BAD_INTEGRITY: Self = Self(31);
    pub(crate) const TICKET_EXPIRED: Self = Self(32);
    pub(crate) const SKEW: Self = Self(37);
    pub(crate) const MESSAGE_TYPE: Self = Self(40);
    pub(crate) const GENERIC: Self = Self(60);
    pub(crate) const WRONG_REALM: Self = Self(68);
}

/// Why there is no ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KdcFailure {
    pub(crate) code: Code,
    pub(crate) data: Option<Vec<u8>>,
}

impl From<Code> for KdcFailure {
    fn from(code: Code) -> Self {
        Self { code, data: None }
    }
}

impl KdcFailure {
    /// With the NTSTATUS behind it, as Windows adds it.
    pub(crate) fn with_status(code: Code, status: u32) -> Self {
        // [MS-KILE] 2.2.2 KERB-EXT-ERROR: status, reserved, flags.
        let value = [status, 0, 1]
            .iter()
            .flat_map(|field| field.to_le_bytes())
            .collect::<Vec<u8>>();
        let data = ErrorData {
            kind: ErrorData::EXTENDED,
            value: value.into(),
        };
        Self {
            code,
            data: rasn::der::encode(&data).ok(),
        }
    }

    /// The message, for a client that asked at `now` for a ticket to `service`.
    pub(crate) fn encode(self, realm: &str, service: &PrincipalName, now: FileTime) -> Vec<u8> {
        let error = KrbError {
            pvno: 5.into(),
            msg_type: 30.into(),
            ctime: None,
            cusec: None,
            stime: wire::time(now),
            susec: (now.as_ticks() / 10 % 1_000_000).into(),
            error_code: self.code.0,
            crealm: None,
            cname: None,
            realm: wire::string(realm),
            sname: service.clone(),
            e_text: None,
            e_data: self.data.map(Into::into),
        };
        rasn::der::encode(&error).unwrap_or_default()
    }
}

/// [MS-KILE] 2.2.1 KERB-ERROR-DATA.
#[derive(AsnType, Encode)]
struct ErrorData {
    #[rasn(tag(explicit(1)))]
    kind: i32,
    #[rasn(tag(explicit(2)))]
    value: rasn::types::OctetString,
}

impl ErrorData {
    /// KERB_ERR_TYPE_EXTENDED
    const EXTENDED: i32 = 3;
}
