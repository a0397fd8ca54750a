//! Security identifiers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::{Reader, Truncated};

/// [MS-DTYP] 2.4.2.2 SID--Packet Representation; text is 2.4.2.1 SID String Format Syntax.
///
/// INVARIANT: the authority fits in 48 bits and the sub-authorities behind `count` are zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid {
    authority: u64,
    count: u8,
    sub_authorities: [u32; Sid::MAX_SUB_AUTHORITIES],
}

/// Why bytes or text are not a SID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SidError {
    /// The bytes end inside the SID.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// Only revision 1 exists.
    #[error("sid revision is {0}, not 1")]
    Revision(u8),
    /// At most 15 sub-authorities.
    #[error("sid has {0} sub-authorities, more than 15")]
    TooManySubAuthorities(usize),
    /// Bytes follow the SID.
    #[error("{0} bytes follow the sid")]
    Trailing(usize),
    /// Not of the form `S-1-authority-sub-…`.
    #[error("not a sid of the form S-1-5-…")]
    Text,
}

impl Sid {
    /// Most sub-authorities that a SID can have.
    pub const MAX_SUB_AUTHORITIES: usize = 15;
    const REVISION: u8 = 1;
    const HEADER_LEN: usize = 1 /* Revision */ + 1 /* SubAuthorityCount */ + 6 /* IdentifierAuthority */;
    const NT_AUTHORITY: u64 = 5;

    /// S-1-0-0: nobody.
    pub const NOBODY: Self = Self::with_one(0, 0);
    /// `S-1-5-18`, Local System.
    pub const LOCAL_SYSTEM: Self = Self::with_one(Self::NT_AUTHORITY, 18);
    /// `S-1-5-32-544`, the built-in Administrators.
    pub const BUILTIN_ADMINISTRATORS: Self = Self::with_two(Self::NT_AUTHORITY, 32, 544);
    /// `S-1-5-9`, Enterprise Domain Controllers.
    pub const ENTERPRISE_DOMAIN_CONTROLLERS: Self = Self::with_one(Self::NT_AUTHORITY, 9);
    /// `S-1-5-11`, Authenticated Users.
    pub const AUTHENTICATED_USERS: Self = Self::with_one(Self::NT_AUTHORITY, 11);
    /// `S-1-1-0`, Everyone.
    pub const EVERYONE: Self = Self::with_one(1, 0);
    /// `S-1-3-4`, Owner Rights.
    pub const OWNER_RIGHTS: Self = Self::with_one(3, 4);

    const fn with_one(authority: u64, sub: u32) -> Self {
        Self {
            authority,
            count: 1,
            sub_authorities: [sub, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        }
    }

    const fn with_two(authority: u64, first: u32, second: u32) -> Self {
        Self {
            authority,
            count: 2,
            sub_authorities: [first, second, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        }
    }

    /// Puts a SID together; `authority` has 48 bits.
    fn from_parts(authority: u64, subs: impl IntoIterator<Item = u32>) -> Result<Self, SidError> {
        let mut sid = Self {
            authority,
            count: 0,
            sub_authorities: [0; Self::MAX_SUB_AUTHORITIES],
        };
        let mut slots = sid.sub_authorities.iter_mut();
        for sub in subs {
            let slot = slots.next().ok_or(SidError::TooManySubAuthorities(
                Self::MAX_SUB_AUTHORITIES + 1,
            ))?;
            *slot = sub;
            sid.count += 1;
        }
        Ok(sid)
    }

    /// Reads a SID and nothing behind it.
    ///
    /// # Errors
    /// [`SidError`] when the bytes are no SID, or more than one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SidError> {
        let mut reader = Reader::new(bytes);
        let sid = Self::read(&mut reader)?;
        match reader.rest().len() {
            0 => Ok(sid),
            trailing => Err(SidError::Trailing(trailing)),
        }
    }

    /// Reads a SID from the front of `reader`.
    ///
    /// # Errors
    /// [`SidError`] when no SID stands there.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, SidError> {
        let revision = reader.u8()?;
        if revision != Self::REVISION {
            return Err(SidError::Revision(revision));
        }
        let count = usize::from(reader.u8()?);
        if count > Self::MAX_SUB_AUTHORITIES {
            return Err(SidError::TooManySubAuthorities(count));
        }
        let [a, b, c, d, e, f] = reader.array()?; // IdentifierAuthority is big-endian
        let (subs, _) = reader.take(4 * count)?.as_chunks::<4>();
        Self::from_parts(
            u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
            subs.iter().map(|sub| u32::from_le_bytes(*sub)),
        )
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.encoded_len());
        bytes.extend([Self::REVISION, self.count]);
        bytes.extend(self.authority.to_be_bytes().iter().skip(2));
        bytes.extend(
            self.sub_authorities()
                .iter()
                .flat_map(|sub| sub.to_le_bytes()),
        );
        bytes
    }

    /// Bytes that [`Sid::to_bytes`] gives: at most 68.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        Self::HEADER_LEN + 4 * usize::from(self.count)
    }

    /// IdentifierAuthority; 5 is the NT authority.
    #[must_use]
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// The sub-authorities; the last one is the RID.
    #[must_use]
    pub fn sub_authorities(&self) -> &[u32] {
        self.sub_authorities
            .get(..usize::from(self.count))
            .unwrap_or_default()
    }

    /// The relative identifier: the last sub-authority.
    #[must_use]
    pub fn rid(&self) -> Option<u32> {
        self.sub_authorities().last().copied()
    }

    /// The SID without its RID: for an account's SID, its domain's.
    #[must_use]
    pub fn domain(&self) -> Option<Self> {
        let (_, domain) = self.sub_authorities().split_last()?;
        Self::from_parts(self.authority, domain.iter().copied()).ok()
    }

    /// The SID of `rid` in this domain.
    ///
    /// # Errors
    /// [`SidError::TooManySubAuthorities`] when there is no room for a sixteenth.
    pub fn with_rid(&self, rid: u32) -> Result<Self, SidError> {
        Self::from_parts(
            self.authority,
            self.sub_authorities().iter().copied().chain([rid]),
        )
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 2.4.2.1: an authority of 2^32 or more is written in hexadecimal, twelve digits.
        match u32::try_from(self.authority) {
            Ok(authority) => write!(f, "S-1-{authority}")?,
            Err(_) => write!(f, "S-1-0x{:012X}", self.authority)?,
        }
        self.sub_authorities()
            .iter()
            .try_for_each(|sub| write!(f, "-{sub}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({self})")
    }
}

impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Self, SidError> {
        let rest = text
            .strip_prefix("S-1-")
            .or_else(|| text.strip_prefix("s-1-"))
            .ok_or(SidError::Text)?;
        let mut parts = rest.split('-');
        let authority = parts
            .next()
            .and_then(parse_authority)
            .ok_or(SidError::Text)?;
        let subs = parts.map(|part| parse_decimal(part).and_then(|sub| u32::try_from(sub).ok()));
        let subs: Option<Vec<u32>> = subs.take(Self::MAX_SUB_AUTHORITIES + 1).collect();
        Self::from_parts(authority, subs.ok_or(SidError::Text)?)
    }
}

fn parse_authority(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits)
            if digits.len() == 12 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) =>
        {
            u64::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => parse_decimal(text).filter(|authority| u32::try_from(*authority).is_ok()),
    }
}

/// Digits only: `u64::from_str` would also take a sign.
fn parse_decimal(text: &str) -> Option<u64> {
    text.bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

impl Serialize for Sid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn any_sid() -> impl Strategy<Value = Sid> {
        (
            0..1u64 << 48,
            proptest::collection::vec(any::<u32>(), 0..=15),
        )
            .prop_map(|(authority, subs)| Sid::from_parts(authority, subs).unwrap())
    }

    #[test]
    fn a_domain_account_has_a_domain_and_a_rid() {
        let sid: Sid = "S-1-5-21-4119591868-3001629103-3445594911-48026"
            .parse()
            .unwrap();
        assert_eq!(
            hex::encode(sid.to_bytes()),
            "010500000000000515000000bcfb8bf5af39e9b21f9b5fcd9abb0000"
        );
        assert_eq!(sid.rid(), Some(48026));
        assert_eq!(
            sid.domain().unwrap().to_string(),
            "S-1-5-21-4119591868-3001629103-3445594911"
        );
        assert_eq!(sid.domain().unwrap().with_rid(48026), Ok(sid));
    }

    #[test]
    fn well_known_sids_have_their_published_text() {
        for (sid, text) in [
            (Sid::LOCAL_SYSTEM, "S-1-5-18"),
            (Sid::BUILTIN_ADMINISTRATORS, "S-1-5-32-544"),
            (Sid::ENTERPRISE_DOMAIN_CONTROLLERS, "S-1-5-9"),
            (Sid::AUTHENTICATED_USERS, "S-1-5-11"),
            (Sid::EVERYONE, "S-1-1-0"),
            (Sid::OWNER_RIGHTS, "S-1-3-4"),
        ] {
            assert_eq!(sid.to_string(), text);
            assert_eq!(text.parse(), Ok(sid));
        }
    }

    #[test]
    fn malformed_sids_are_refused() {
        for text in [
            "",
            "S-1",
            "S-1-",
            "S-2-5-18",
            "S-1-5-",
            "S-1-5-+1",
            "S-1-5-4294967296",
            "S-1-4294967296-1",
            "S-1-0x5-1",
            "S-1-5-18 ",
        ] {
            assert_eq!(text.parse::<Sid>(), Err(SidError::Text), "{text}");
        }
        let sixteen = format!("S-1-5{}", "-1".repeat(16));
        assert_eq!(
            sixteen.parse::<Sid>(),
            Err(SidError::TooManySubAuthorities(16))
        );
        assert_eq!(
            Sid::from_bytes(&[2, 0, 0, 0, 0, 0, 0, 5]),
            Err(SidError::Revision(2))
        );
        assert_eq!(
            Sid::from_bytes(&[1, 16, 0, 0, 0, 0, 0, 5]),
            Err(SidError::TooManySubAuthorities(16))
        );
        assert_eq!(
            Sid::from_bytes(&[1, 0, 0, 0, 0, 0, 0, 5, 9]),
            Err(SidError::Trailing(1))
        );
    }

    proptest! {
        #[test]
        fn every_form_round_trips(sid in any_sid()) {
            prop_assert_eq!(Sid::from_bytes(&sid.to_bytes()), Ok(sid));
            prop_assert_eq!(sid.to_bytes().len(), sid.encoded_len());
            prop_assert_eq!(sid.to_string().parse::<Sid>(), Ok(sid));
            let json = serde_json::to_string(&sid).unwrap();
            prop_assert_eq!(serde_json::from_str::<Sid>(&json).unwrap(), sid);
        }

        #[test]
        fn hostile_bytes_and_text_are_answered(bytes: Vec<u8>, text in "[sS]-1-[0-9xX-]{0,40}") {
            if let Ok(sid) = Sid::from_bytes(&bytes) {
                prop_assert_eq!(sid.to_bytes(), bytes);
            }
            let _ = text.parse::<Sid>();
        }
    }
}
