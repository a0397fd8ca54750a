//! What a domain controller says of itself when it is pinged.
//!
//! [MS-ADTS] 6.3.1.9 "NETLOGON_SAM_LOGON_RESPONSE_EX": numbers in little-endian order, then names as DNS has them
//! (RFC 1035 section 4.1.4 "Message compression"), pointers counted from the structure's first byte.

/// As much of the answer as the choice needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) flags: u32,
    pub(super) site: String,
    /// The site of who asks, as far as the domain controller knows its network.
    pub(super) client_site: Option<String>,
}

/// [MS-ADTS] 6.3.1.3 "Operation Code": LOGON_SAM_LOGON_RESPONSE_EX and LOGON_SAM_USER_UNKNOWN_EX; without a user in the
/// question some servers say one, some the other.
const OPERATIONS: [u16; 2] = [23, 25];

/// [MS-ADTS] 6.3.1.2 "DS_FLAG Options Bits": DS_CLOSEST_FLAG and DS_WRITABLE_FLAG.
const CLOSEST: u32 = 0x80;
const WRITABLE: u32 = 0x100;

/// Where the names begin: behind operation, filler, flags and the domain's GUID.
const NAMES: usize = 2 + 2 + 4 + 16;

/// A name has no more labels and pointers.
const HOPS: usize = 128;

impl Answer {
    /// Reads the attribute's value; `None` where it is something else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let operation = u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?);
        if !OPERATIONS.contains(&operation) {
            return None;
        }
        let mut names = Names { bytes, at: NAMES };
        // Forest, domain, host, domain and host in NetBIOS' form, user.
        for _ in 0..6 {
            names.next()?;
        }
        let site = names.next()?;
        Some(Self {
            flags: u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?),
            site,
            client_site: names.next().filter(|site| !site.is_empty()),
        })
    }

    pub(super) fn is_closest(&self) -> bool {
        self.flags & CLOSEST != 0
    }

    pub(super) fn is_writable(&self) -> bool {
        self.flags & WRITABLE != 0
    }
}

struct Names<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Names<'_> {
    fn next(&mut self) -> Option<String> {
        let mut labels: Vec<&str> = Vec::new();
        let (mut at, mut behind) = (self.at, None);
        for _ in 0..HOPS {
            let length = *self.bytes.get(at)?;
            match length {
                0 => {
                    self.at = behind.unwrap_or(at + 1);
                    return Some(labels.join("."));
                }
                1..=63 => {
                    let end = at + 1 + usize::from(length);
                    labels.push(std::str::from_utf8(self.bytes.get(at + 1..end)?).ok()?);
                    at = end;
                }
                0xc0.. => {
                    let low = *self.bytes.get(at + 1)?;
                    behind.get_or_insert(at + 2);
                    at = usize::from(length & 0x3f) << 8 | usize::from(low);
                }
                _ => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names in full first, then pointers to them, as Windows and Samba write.
    fn sample() -> Vec<u8> {
        let mut bytes = vec![23, 0, 0, 0];
        bytes.extend((CLOSEST | WRITABLE | 0x4).to_le_bytes());
        bytes.extend([7; 16]);
        bytes.extend(b"\x07contoso\x03com\0"); // at 24
        bytes.extend([0xc0, 24]); // domain
        bytes.extend(b"\x03dc1\xc0\x18"); // host
        bytes.extend(b"\x07CONTOSO\0\x03DC1\0\0");
        bytes.extend(b"\x0fDefault-Of-All1\0"); // site
        let site = bytes.len() - 17;
        bytes.extend([0xc0, u8::try_from(site).unwrap()]); // client's site
        bytes.extend([5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        bytes
    }

    #[test]
    fn flags_and_sites_are_read() {
        let answer = Answer::read(&sample()).unwrap();
        assert!(answer.is_closest() && answer.is_writable());
        assert_eq!(answer.site, "Default-Of-All1");
        assert_eq!(answer.client_site.as_deref(), Some("Default-Of-All1"));
    }

    #[test]
    fn nothing_hostile_is_read_for_long() {
        let whole = sample();
        let needed = whole.len() - 10;
        for length in 0..needed {
            assert_eq!(Answer::read(&whole[..length]), None, "{length}");
        }
        let mut circle = whole.clone();
        circle.splice(24..26, [0xc0, 24]);
        assert_eq!(Answer::read(&circle), None);
        let mut other = whole;
        other[0] = 19;
        assert_eq!(Answer::read(&other), None, "another operation");
    }
}
