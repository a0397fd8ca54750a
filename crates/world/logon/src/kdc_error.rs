//! Errors of the key distribution centre (RFC 4120 section 5.9.1, "KRB-ERROR Definition").

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rasn::types::{Any, GeneralString, GeneralizedTime, Integer, OctetString};
use rasn::{AsnType, Decode, Decoder as _, Encoder as _};

use crate::failure::LogonFailure;

/// What an error says that matters here.
#[derive(Debug)]
pub(crate) struct KdcError {
    /// RFC 4120 section 7.5.9, "Error Codes".
    pub(crate) code: u32,
    /// The server's clock.
    server_time: SystemTime,
    text: String,
    /// [MS-KILE] 2.2.2 KERB-EXT-ERROR: the NTSTATUS behind the error, when Windows sends one.
    pub(crate) status: Option<u32>,
    /// From ETYPE-INFO2 (RFC 4120 section 5.2.7.5), with "pre-authentication required".
    pub(crate) salt: Option<String>,
}

impl KdcError {
    pub(crate) const PREAUTH_REQUIRED: u32 = 25;

    /// Reads a KRB-ERROR; `None` when it is malformed.
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        let error = rasn::der::decode::<KrbError>(der).ok()?;
        let data = error.e_data.map(|data| padata(&data)).unwrap_or_default();
        let value = |wanted: i32| {
            data.iter()
                .find(|padata| padata.kind == wanted)
                .map(|padata| &padata.value[..])
        };
        let seconds = u64::try_from(error.stime.timestamp()).ok()?;
        Some(Self {
            code: u32::try_from(error.error_code).ok()?,
            server_time: UNIX_EPOCH + Duration::from_secs(seconds),
            text: error.e_text.map(|words| text(&words)).unwrap_or_default(),
            status: value(EXTENDED_ERROR)
                .and_then(<[u8]>::first_chunk)
                .map(|status| u32::from_le_bytes(*status)),
            salt: value(ETYPE_INFO2).and_then(salt),
        })
    }

    /// What the operator is told; `logging_on`: the error answers an AS-REQ, not a request for a service ticket.
    pub(crate) fn failure(
        &self,
        user: &str,
        service: &str,
        logging_on: bool,
        now: SystemTime,
    ) -> LogonFailure {
        match (self.code, self.status) {
            (37, _) => LogonFailure::ClockSkew {
                client: now,
                server: self.server_time,
            },
            (_, Some(0xc000_006f | 0xc000_0070 | 0xc000_0413 | 0xc000_006e)) => {
                LogonFailure::Forbidden
            }
            (_, Some(0xc000_0072)) => LogonFailure::Disabled,
            (_, Some(0xc000_0193)) => LogonFailure::Expired,
            (_, Some(0xc000_0234)) => LogonFailure::Locked,
            (_, Some(0xc000_0071)) => LogonFailure::PasswordExpired,
            (_, Some(0xc000_0224)) => LogonFailure::PasswordMustChange,
            (6, _) => LogonFailure::UnknownUser,
            (7, _) if logging_on => LogonFailure::WrongRealm(user.to_owned()),
            (7 | 8, _) => LogonFailure::ServicePrincipal(service.to_owned()),
            (12, _) => LogonFailure::Forbidden,
            (14, _) => LogonFailure::EncryptionType,
            (18, _) => LogonFailure::Revoked,
            (23, _) => LogonFailure::PasswordExpired,
            (24 | 31, _) if logging_on => LogonFailure::WrongPassword,
            // Expired, sealed with another key, or altered: what a request for a service ticket came with.
            (31 | 32 | 41, _) => LogonFailure::TicketRefused,
            (68, _) => LogonFailure::WrongRealm(user.to_owned()),
            (code, _) => LogonFailure::Kerberos {
                code,
                text: self.text.clone(),
            },
        }
    }
}

/// [MS-KILE] 2.2.1 KERB-ERROR-DATA: `KERB_ERR_TYPE_EXTENDED`; as PA-DATA the number is PA-PW-SALT.
const EXTENDED_ERROR: i32 = 3;
const ETYPE_INFO2: i32 = 19;

/// The error's data is a list of PA-DATA, or one KERB-ERROR-DATA, which has the same shape.
fn padata(der: &[u8]) -> Vec<PaData> {
    let one = || rasn::der::decode::<PaData>(der).map(|padata| vec![padata]);
    rasn::der::decode::<Vec<PaData>>(der)
        .or_else(|_| one())
        .unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn salt(der: &[u8]) -> Option<String> {
    const AES: [i32; 2] = [18, 17];
    let entries = rasn::der::decode::<Vec<EtypeInfo2Entry>>(der).ok()?;
    let aes = entries
        .into_iter()
        .find(|entry| AES.contains(&entry.etype))?;
    aes.salt.map(|salt| text(&salt))
}

#[derive(AsnType, Decode)]
#[cfg_attr(test, derive(rasn::Encode))]
#[rasn(tag(explicit(application, 30)))]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the fields stand for what is on the wire")
)]
struct KrbError {
    #[rasn(tag(explicit(0)))]
    pvno: Integer,
    #[rasn(tag(explicit(1)))]
    msg_type: Integer,
    #[rasn(tag(explicit(2)))]
    ctime: Option<GeneralizedTime>,
    #[rasn(tag(explicit(3)))]
    cusec: Option<Integer>,
    #[rasn(tag(explicit(4)))]
    stime: GeneralizedTime,
    #[rasn(tag(explicit(5)))]
    susec: Integer,
    #[rasn(tag(explicit(6)))]
    error_code: i32,
    #[rasn(tag(explicit(7)))]
    crealm: Option<GeneralString>,
    #[rasn(tag(explicit(8)))]
    cname: Option<Any>,
    #[rasn(tag(explicit(9)))]
    realm: GeneralString,
    #[rasn(tag(explicit(10)))]
    sname: Any,
    #[rasn(tag(explicit(11)))]
    e_text: Option<GeneralString>,
    #[rasn(tag(explicit(12)))]
    e_data: Option<OctetString>,
}

/// RFC 4120 section 5.2.7, "PA-DATA".
#[derive(AsnType, Decode)]
#[cfg_attr(test, derive(rasn::Encode))]
struct PaData {
    #[rasn(tag(explicit(1)))]
    kind: i32,
    #[rasn(tag(explicit(2)))]
    value: OctetString,
}

/// RFC 4120 section 5.2.7.5, "PA-ETYPE-INFO2".
#[derive(AsnType, Decode)]
#[cfg_attr(test, derive(rasn::Encode))]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the fields stand for what is on the wire")
)]
struct EtypeInfo2Entry {
    #[rasn(tag(explicit(0)))]
    etype: i32,
    #[rasn(tag(explicit(1)))]
    salt: Option<GeneralString>,
    #[rasn(tag(explicit(2)))]
    s2kparams: Option<OctetString>,
}

/// A KRB-ERROR as a key distribution centre sends it, at 2026-11-05 12:00:00 UTC.
#[cfg(test)]
pub(crate) fn encoded(code: i32, status: Option<u32>) -> Vec<u8> {
    let general = |text: &str| GeneralString::try_from(text.as_bytes()).unwrap();
    let salt = EtypeInfo2Entry {
        etype: 18,
        salt: Some(general("CONTOSO.COMsvc")),
        s2kparams: None,
    };
    let salt = PaData {
        kind: ETYPE_INFO2,
        value: rasn::der::encode(&vec![salt]).unwrap().into(),
    };
    let extended = status.map(|status| PaData {
        kind: EXTENDED_ERROR,
        value: [&status.to_le_bytes()[..], &[0, 0, 0, 0, 1, 0, 0, 0]]
            .concat()
            .into(),
    });
    let data = extended.map_or_else(
        || rasn::der::encode(&vec![salt]),
        |extended| rasn::der::encode(&extended),
    );
    let error = KrbError {
        pvno: 5.into(),
        msg_type: 30.into(),
        ctime: None,
        cusec: None,
        stime: "2026-11-05T12:00:00+00:00".parse().unwrap(),
        susec: 0.into(),
        error_code: code,
        crealm: None,
        cname: None,
        realm: general("CONTOSO.COM"),
        sname: Any::new(b"\x30\x11\xa0\x03\x02\x01\x02\xa1\x0a\x30\x08\x1b\x06krbtgt".to_vec()),
        e_text: Some(general("words")),
        e_data: Some(data.unwrap().into()),
    };
    rasn::der::encode(&error).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salt_and_status_are_found_in_both_forms_of_error_data() {
        let error = KdcError::parse(&encoded(25, None)).unwrap();
        assert_eq!(
            (error.code, error.salt.as_deref(), error.status),
            (25, Some("CONTOSO.COMsvc"), None)
        );
        let error = KdcError::parse(&encoded(18, Some(0xc000_0072))).unwrap();
        assert_eq!(
            (error.code, error.salt.as_deref(), error.status),
            (18, None, Some(0xc000_0072))
        );
    }

    #[test]
    fn every_error_has_its_reason() {
        use LogonFailure as Failure;
        for (code, status, logging_on, expected) in [
            (6, None, true, Failure::UnknownUser),
            (7, None, true, Failure::WrongRealm("svc@A".into())),
            (7, None, false, Failure::ServicePrincipal("ldap/dc1".into())),
            (8, None, false, Failure::ServicePrincipal("ldap/dc1".into())),
            (14, None, true, Failure::EncryptionType),
            (18, None, true, Failure::Revoked),
            (18, Some(0xc000_0072), true, Failure::Disabled),
            (18, Some(0xc000_0193), true, Failure::Expired),
            (18, Some(0xc000_0234), true, Failure::Locked),
            (12, Some(0xc000_006f), true, Failure::Forbidden),
            (23, None, true, Failure::PasswordExpired),
            (23, Some(0xc000_0224), true, Failure::PasswordMustChange),
            (24, None, true, Failure::WrongPassword),
            (31, None, true, Failure::WrongPassword),
            (32, None, false, Failure::TicketRefused),
            (68, None, true, Failure::WrongRealm("svc@A".into())),
            (
                60,
                None,
                true,
                Failure::Kerberos {
                    code: 60,
                    text: "words".into(),
                },
            ),
        ] {
            let error = KdcError::parse(&encoded(code, status)).unwrap();
            assert_eq!(
                error.failure("svc@A", "ldap/dc1", logging_on, UNIX_EPOCH),
                expected,
                "{code} {status:x?}"
            );
        }
    }

    #[test]
    fn cut_errors_are_none() {
        let whole = encoded(18, Some(0xc000_0072));
        for length in 0..whole.len() {
            assert!(KdcError::parse(&whole[..length]).is_none(), "{length}");
        }
    }
}
