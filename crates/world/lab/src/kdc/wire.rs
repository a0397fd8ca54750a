//! Kerberos values between the wire (`rasn-kerberos`) and the lab.

use rasn::types::{GeneralString, GeneralizedTime};
use rasn_kerberos::{EncryptedData, EncryptionKey, KerberosFlags, KerberosTime, PrincipalName};
use security::{FileTime, Interval};

use super::keys::{Key, WrongKey};
use crate::clock::{moved, system_time};

/// Name types of RFC 4120 section 6.2, "Principal Names", and RFC 6806 section 5.
pub(crate) const NT_PRINCIPAL: i32 = 1;
pub(crate) const NT_SRV_INST: i32 = 2;
pub(crate) const NT_ENTERPRISE: i32 = 10;

/// How far clocks may be apart.
pub(crate) const MAX_SKEW: Interval = Interval::from_minutes(5);

pub(crate) fn string(text: &str) -> GeneralString {
    let latin: String = text
        .chars()
        .map(|character| if character.is_ascii() { character } else { '?' })
        .collect();
    GeneralString::from_bytes(latin.as_bytes()).unwrap_or_default()
}

pub(crate) fn text(string: &GeneralString) -> String {
    String::from_utf8_lossy(string.as_bytes()).into_owned()
}

pub(crate) fn principal(kind: i32, parts: &[&str]) -> PrincipalName {
    PrincipalName {
        r#type: kind,
        string: parts.iter().map(|part| string(part)).collect(),
    }
}

/// `ldap/dc1.contoso.com`
pub(crate) fn joined(name: &PrincipalName) -> String {
    name.string.iter().map(text).collect::<Vec<_>>().join("/")
}

/// A time in whole seconds, as Kerberos has it.
pub(crate) fn time(at: FileTime) -> KerberosTime {
    let seconds = FileTime::from_ticks(at.as_ticks() / 10_000_000 * 10_000_000);
    KerberosTime(
        seconds
            .to_string()
            .parse::<GeneralizedTime>()
            .unwrap_or_default(),
    )
}

pub(crate) fn file_time(time: &KerberosTime) -> FileTime {
    FileTime::from_unix_nanos(i128::from(time.0.timestamp()) * 1_000_000_000)
        .unwrap_or(FileTime::ZERO)
}

/// Kerberos runs on the system's clock: its clients do.
pub(crate) fn now(skew_seconds: i64) -> FileTime {
    moved(system_time(), skew_seconds)
}

pub(crate) fn is_skewed(theirs: FileTime, ours: FileTime) -> bool {
    let apart = theirs
        .saturating_since(ours)
        .as_ticks()
        .max(ours.saturating_since(theirs).as_ticks());
    apart > MAX_SKEW.as_ticks()
}

pub(crate) fn flags(bits: u32) -> KerberosFlags {
    KerberosFlags::from_slice(&bits.to_be_bytes())
}

/// The first 32 flags.
pub(crate) fn bits(flags: &KerberosFlags) -> u32 {
    flags
        .iter()
        .take(32)
        .enumerate()
        .fold(0, |bits, (index, flag)| {
            bits | u32::from(*flag) << (31 - index)
        })
}

pub(crate) fn key_on_wire(key: &Key) -> EncryptionKey {
    EncryptionKey {
        r#type: key.encryption_type(),
        value: key.expose_bytes().to_vec().into(),
    }
}

pub(crate) fn key(wire: &EncryptionKey) -> Option<Key> {
    Key::new(wire.r#type, &wire.value)
}

/// Encodes and encrypts.
pub(crate) fn encrypted<T: rasn::Encode>(
    key: &Key,
    usage: i32,
    kvno: Option<u32>,
    value: &T,
) -> Result<EncryptedData, WrongKey> {
    let plain = zeroize::Zeroizing::new(rasn::der::encode(value).map_err(|_| WrongKey)?);
    let cipher = key.encrypt(usage, &plain)?.into();
    Ok(EncryptedData {
        etype: key.encryption_type(),
        kvno,
        cipher,
    })
}

/// Decrypts and decodes.
pub(crate) fn decrypted<T: rasn::Decode>(
    key: &Key,
    usage: i32,
    data: &EncryptedData,
) -> Result<T, WrongKey> {
    if data.etype != key.encryption_type() {
        return Err(WrongKey);
    }
    rasn::der::decode(&key.decrypt(usage, &data.cipher)?).map_err(|_| WrongKey)
}
