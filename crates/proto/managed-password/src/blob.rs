//! The blob in which a domain controller hands out managed passwords.

use security::Interval;
use security::wire::{Reader, Truncated};
use zeroize::Zeroizing;

use crate::ManagedPasswordError;
use crate::password::ManagedPassword;

/// [MS-ADTS] 2.2.19 MSDS-MANAGEDPASSWORD_BLOB: value of the constructed attribute `msDS-ManagedPassword`.
///
/// The specification aligns QueryPasswordInterval to 8 bytes; Windows does not. Written as Windows writes it, read
/// by the offsets alone.
#[derive(Debug, PartialEq, Eq)]
pub struct ManagedPasswordBlob {
    /// The password to log on with, but within five minutes of its start, when not all domain controllers need to
    /// know it yet.
    pub current: ManagedPassword,
    /// The password before that; `None` when PreviousPasswordOffset is 0x0000.
    pub previous: Option<ManagedPassword>,
    /// QueryPasswordInterval: from now until a client should read again.
    pub query_interval: Interval,
    /// UnchangedPasswordInterval: from now, the time for which `current` is sure to stay the current password.
    pub unchanged_interval: Interval,
}

impl ManagedPasswordBlob {
    /// Version: MUST be 0x0001.
    pub const VERSION: u16 = 0x0001;
    const STRUCTURE: &str = "managed password blob";
    const HEADER_LEN: usize = 2 /* Version */ + 2 /* Reserved */ + 4 /* Length */
        + 2 /* CurrentPasswordOffset */ + 2 /* PreviousPasswordOffset */
        + 2 /* QueryPasswordIntervalOffset */ + 2 /* UnchangedPasswordIntervalOffset */;
    const PASSWORD_LEN: usize = ManagedPassword::LEN + 2 /* NUL */;
    const INTERVAL_LEN: usize = 8;

    /// Reads a blob; `bytes` is the whole attribute value.
    ///
    /// # Errors
    /// [`ManagedPasswordError::Truncated`] and [`ManagedPasswordError::Field`] for bytes of another form,
    /// [`ManagedPasswordError::PasswordLength`] for a password that is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManagedPasswordError> {
        let offsets = Offsets::read(bytes)?;
        let previous = match offsets.previous {
            0 => None,
            offset => Some(password_at(bytes, offset)?),
        };
        Ok(Self {
            current: password_at(bytes, offsets.current)?,
            previous,
            query_interval: interval_at(bytes, offsets.query)?,
            unchanged_interval: interval_at(bytes, offsets.unchanged)?,
        })
    }

    /// The bytes on the wire, as Windows writes them: 290, or 548 with a previous password.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let end_of_current = Self::HEADER_LEN + Self::PASSWORD_LEN;
        let (previous, query) = match self.previous {
            None => (0, end_of_current),
            Some(_) => (end_of_current, end_of_current + Self::PASSWORD_LEN),
        };
        let offsets = [
            Self::HEADER_LEN,
            previous,
            query,
            query + Self::INTERVAL_LEN,
        ];

        let mut bytes = Zeroizing::new(Vec::with_capacity(self.encoded_len()));
        bytes.extend(Self::VERSION.to_le_bytes());
        bytes.extend([0, 0] /* Reserved */);
        bytes.extend((self.encoded_len() as u32).to_le_bytes()); // at most 548
        bytes.extend(
            offsets
                .iter()
                .flat_map(|offset| (*offset as u16).to_le_bytes()),
        );
        for password in [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
        {
            bytes.extend(password.expose_bytes());
            bytes.extend([0, 0] /* NUL */);
        }
        bytes.extend(self.query_interval.as_ticks().to_le_bytes());
        bytes.extend(self.unchanged_interval.as_ticks().to_le_bytes());
        bytes
    }

    /// Bytes that [`Self::to_bytes`] gives.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let passwords = 1 + usize::from(self.previous.is_some());
        Self::HEADER_LEN + passwords * Self::PASSWORD_LEN + 2 * Self::INTERVAL_LEN
    }
}

/// Where the variable part has what.
struct Offsets {
    current: u16,
    previous: u16,
    query: u16,
    unchanged: u16,
}

impl Offsets {
    fn read(bytes: &[u8]) -> Result<Self, ManagedPasswordError> {
        let mut reader = Reader::new(bytes);
        if reader.u16_le().map_err(truncated)? != ManagedPasswordBlob::VERSION {
            return Err(field("Version"));
        }
        let _reserved = reader.u16_le().map_err(truncated)?;
        if reader.len_u32_le().map_err(truncated)? != bytes.len() {
            return Err(field("Length"));
        }
        let mut offset = || reader.u16_le().map_err(truncated);
        let (current, previous, query, unchanged) = (offset()?, offset()?, offset()?, offset()?);
        let behind_header = |offset: u16| usize::from(offset) >= ManagedPasswordBlob::HEADER_LEN;
        match () {
            () if !behind_header(current) => Err(field("CurrentPasswordOffset")),
            () if previous != 0 && !behind_header(previous) => Err(field("PreviousPasswordOffset")),
            () if !behind_header(query) => Err(field("QueryPasswordIntervalOffset")),
            () if !behind_header(unchanged) => Err(field("UnchangedPasswordIntervalOffset")),
            () => Ok(Self {
                current,
                previous,
                query,
                unchanged,
            }),
        }
    }
}

/// A password ends at its NUL, which must be there.
fn password_at(bytes: &[u8], offset: u16) -> Result<ManagedPassword, ManagedPasswordError> {
    let mut reader = Reader::at(bytes, usize::from(offset)).map_err(truncated)?;
    let password = reader.take(ManagedPassword::LEN).map_err(truncated)?;
    match reader.u16_le().map_err(truncated)? {
        0 => ManagedPassword::from_bytes(password),
        _ => Err(field("password: no nul behind 256 bytes")),
    }
}

fn interval_at(bytes: &[u8], offset: u16) -> Result<Interval, ManagedPasswordError> {
    let mut reader = Reader::at(bytes, usize::from(offset)).map_err(truncated)?;
    reader.u64_le().map(Interval::from_ticks).map_err(truncated)
}

fn truncated(source: Truncated) -> ManagedPasswordError {
    ManagedPasswordError::Truncated {
        structure: ManagedPasswordBlob::STRUCTURE,
        source,
    }
}

fn field(field: &'static str) -> ManagedPasswordError {
    ManagedPasswordError::Field {
        structure: ManagedPasswordBlob::STRUCTURE,
        field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::tests::any_password;
    use proptest::prelude::*;

    fn any_blob() -> impl Strategy<Value = ManagedPasswordBlob> {
        (
            any_password(),
            proptest::option::of(any_password()),
            any::<u64>(),
            any::<u64>(),
        )
            .prop_map(
                |(current, previous, query, unchanged)| ManagedPasswordBlob {
                    current,
                    previous,
                    query_interval: Interval::from_ticks(query),
                    unchanged_interval: Interval::from_ticks(unchanged),
                },
            )
    }

    #[test]
    fn padding_before_the_intervals_is_tolerated() {
        let blob = ManagedPasswordBlob {
            current: ManagedPassword::from_bytes(&[b'a'; 256]).unwrap(),
            previous: None,
            query_interval: Interval::from_hours(1),
            unchanged_interval: Interval::from_minutes(55),
        };
        let written = blob.to_bytes();
        let mut padded = [&written[..274], &[0; 6], &written[274..]].concat();
        padded[4] += 6; // Length
        padded[12] += 6; // QueryPasswordIntervalOffset
        padded[14] += 6; // UnchangedPasswordIntervalOffset
        assert_eq!(ManagedPasswordBlob::from_bytes(&padded), Ok(blob));
    }

    #[test]
    fn offsets_into_the_header_are_refused() {
        let blob = ManagedPasswordBlob {
            current: ManagedPassword::from_bytes(&[b'a'; 256]).unwrap(),
            previous: None,
            query_interval: Interval::ZERO,
            unchanged_interval: Interval::ZERO,
        };
        for (at, name) in [
            (8, "CurrentPasswordOffset"),
            (12, "QueryPasswordIntervalOffset"),
            (14, "UnchangedPasswordIntervalOffset"),
        ] {
            for offset in [0, 15] {
                let mut bytes = blob.to_bytes();
                bytes[at..at + 2].copy_from_slice(&[offset, 0]);
                assert_eq!(ManagedPasswordBlob::from_bytes(&bytes), Err(field(name)));
            }
        }
    }

    proptest! {
        #[test]
        fn blobs_round_trip(blob in any_blob()) {
            let bytes = blob.to_bytes();
            prop_assert_eq!(bytes.len(), blob.encoded_len());
            prop_assert_eq!(bytes.capacity(), blob.encoded_len());
            prop_assert_eq!(ManagedPasswordBlob::from_bytes(&bytes), Ok(blob));
        }

        #[test]
        fn hostile_bytes_are_answered(blob in any_blob(), flips in proptest::collection::vec((0usize..24, any::<u8>()), 1..6), cut: prop::sample::Index) {
            let mut bytes = blob.to_bytes();
            prop_assert!(ManagedPasswordBlob::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
            for (at, value) in flips {
                bytes[at] = value;
            }
            let _ = ManagedPasswordBlob::from_bytes(&bytes);
        }
    }
}
