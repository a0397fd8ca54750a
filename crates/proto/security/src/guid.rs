//! GUIDs, in the byte order that Windows puts on the wire.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::Reader;

/// [MS-DTYP] 2.3.4.2 GUID--Packet Representation: Data1, Data2, Data3 little-endian, Data4 as it stands.
///
/// Text is [MS-DTYP] 2.3.4.3 GUID--Curly Braced String Representation without the braces, in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid([u8; Guid::LEN]);

/// Text that is not a GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a guid: expected 8-4-4-4-12 hexadecimal digits")]
pub struct GuidError;

impl Guid {
    /// Bytes on the wire.
    pub const LEN: usize = 4 /* Data1 */ + 2 /* Data2 */ + 2 /* Data3 */ + 8 /* Data4 */;

    /// Takes the bytes as they stand on the wire.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes as they stand on the wire.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }

    /// Turns wire order into the order of the text, and back.
    fn swapped(self) -> [u8; Self::LEN] {
        let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = self.0;
        let [d0, d1, d2, d3, d4, d5, d6, d7] = rest;
        [
            a3, a2, a1, a0, b1, b0, c1, c0, d0, d1, d2, d3, d4, d5, d6, d7,
        ]
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.swapped().iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guid({self})")
    }
}

impl FromStr for Guid {
    type Err = GuidError;

    fn from_str(text: &str) -> Result<Self, GuidError> {
        let groups: Vec<&str> = text.split('-').collect();
        if !groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) {
            return Err(GuidError);
        }
        let digits = groups.concat();
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(GuidError);
        }
        let number = u128::from_str_radix(&digits, 16).map_err(|_| GuidError)?;
        Ok(Self(Self(number.to_be_bytes()).swapped()))
    }
}

impl Serialize for Guid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Guid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Reader<'_> {
    /// A GUID in its packet representation.
    ///
    /// # Errors
    /// [`Truncated`](crate::wire::Truncated) when fewer than 16 bytes are left.
    pub fn guid(&mut self) -> Result<Guid, crate::wire::Truncated> {
        self.array().map(Guid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn data1_to_data3_are_little_endian_on_the_wire() {
        let guid: Guid = "9d922231-af27-b73b-1056-aeb18eeca71a".parse().unwrap();
        assert_eq!(
            hex::encode(guid.to_bytes()),
            "3122929d27af3bb71056aeb18eeca71a"
        );
        assert_eq!("9D922231-AF27-B73B-1056-AEB18EECA71A".parse(), Ok(guid));
    }

    #[test]
    fn text_of_another_shape_is_refused() {
        for text in [
            "",
            "9d922231",
            "{9d922231-af27-b73b-1056-aeb18eeca71a}",
            "9d922231-af27-b73b-1056-aeb18eeca71",
            "+d922231-af27-b73b-1056-aeb18eeca71a",
            "9d922231af27-b73b-1056-aeb18eeca71a-",
        ] {
            assert_eq!(text.parse::<Guid>(), Err(GuidError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_json_round_trip(bytes: [u8; 16]) {
            let guid = Guid::from_bytes(bytes);
            prop_assert_eq!(guid.to_string().parse::<Guid>(), Ok(guid));
            let json = serde_json::to_string(&guid).unwrap();
            prop_assert_eq!(serde_json::from_str::<Guid>(&json).unwrap(), guid);
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = text.parse::<Guid>();
        }
    }
}
