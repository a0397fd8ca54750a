//! RFC 2743 section 3.1, "Mechanism-Independent Token Format": `60 length 06 length OID token`.

use super::Rejected;

/// The content octets of object identifiers.
pub(crate) const KRB5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// 1.2.840.48018.1.2.2: Kerberos, by Microsoft's slip of a bit.
pub(crate) const MS_KRB5: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];
pub(crate) const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];

/// Cuts a token into mechanism and content.
pub(crate) fn open(token: &[u8]) -> Result<(&[u8], &[u8]), Rejected> {
    let (content, []) = element(token, 0x60)? else {
        return Err(Rejected::Token);
    };
    element(content, 0x06)
}

/// Puts a token together.
pub(crate) fn close(mechanism: &[u8], content: &[u8]) -> Vec<u8> {
    let mut inner = tagged(0x06, mechanism);
    inner.extend_from_slice(content);
    tagged(0x60, &inner)
}

/// The content of the first element, which has this tag, and what follows it.
pub(crate) fn element(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8]), Rejected> {
    let (header, length) = match bytes {
        [found, length @ ..=0x7f, ..] if *found == tag => (2, usize::from(*length)),
        [found, long @ 0x81..=0x84, digits @ ..] if *found == tag => {
            let count = usize::from(long & 0x7f);
            let digits = digits.get(..count).ok_or(Rejected::Token)?;
            (
                2 + count,
                digits
                    .iter()
                    .fold(0, |length, digit| length << 8 | usize::from(*digit)),
            )
        }
        _ => return Err(Rejected::Token),
    };
    let content = bytes
        .get(header..)
        .and_then(|content| content.split_at_checked(length));
    content.ok_or(Rejected::Token)
}

/// An element with a definite length, in DER.
pub(crate) fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length @ ..=0x7f) => bytes.push(length),
        _ => {
            // DER: no octet more than it takes.
            let length = content.len().to_be_bytes();
            let zeros = length.iter().take_while(|byte| **byte == 0).count();
            let digits = length.get(zeros..).unwrap_or_default();
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
            bytes.extend_from_slice(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}
