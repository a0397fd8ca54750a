//! Cuts what arrives into LDAP messages and SASL buffers.

/// Longest message of a client that has logged on: MaxReceiveBuffer ([MS-ADTS] 3.1.1.3.4.6 "LDAP Policies").
pub(crate) const MAX_MESSAGE: usize = 10 * 1024 * 1024;
/// Longest message of one that has not.
pub(crate) const MAX_ANONYMOUS_MESSAGE: usize = 256 * 1024;

/// Bytes that have arrived.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    pub(crate) bytes: Vec<u8>,
}

/// The bytes are no LDAP message, or one that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadFrame;

impl Inbox {
    /// The next message, header included; `None` until it is complete.
    pub(crate) fn take_message(&mut self, limit: usize) -> Result<Option<Vec<u8>>, BadFrame> {
        let Some((header, length)) = message_length(&self.bytes)? else {
            return Ok(None);
        };
        if length > limit {
            Err(BadFrame)
        } else {
            Ok(self.take(header + length))
        }
    }

    /// The next SASL buffer without its length (RFC 4422 section 3.7).
    pub(crate) fn take_sasl_buffer(&mut self, limit: usize) -> Result<Option<Vec<u8>>, BadFrame> {
        let Some(header) = self.bytes.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header) as usize;
        if length == 0 || length > limit {
            return Err(BadFrame);
        }
        Ok(self.take(4 + length).map(|mut buffer| buffer.split_off(4)))
    }

    fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        if self.bytes.len() < length {
            return None;
        }
        let rest = self.bytes.split_off(length);
        Some(std::mem::replace(&mut self.bytes, rest))
    }
}

/// Header and content length of a SEQUENCE (RFC 4511 section 5.1).
fn message_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, BadFrame> {
    match bytes {
        [] | [0x30] => Ok(None),
        [0x30, length @ ..=0x7f, ..] => Ok(Some((2, usize::from(*length)))),
        [0x30, long @ 0x81..=0x84, digits @ ..] => {
            let count = usize::from(long & 0x7f);
            let Some(digits) = digits.get(..count) else {
                return Ok(None);
            };
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            Ok(Some((2 + count, length)))
        }
        _ => Err(BadFrame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_and_bounds_are_kept() {
        let mut inbox = Inbox {
            bytes: vec![0x30, 0x02, 1, 2, 0x30, 0x81],
        };
        assert_eq!(inbox.take_message(10), Ok(Some(vec![0x30, 0x02, 1, 2])));
        assert_eq!(inbox.take_message(10), Ok(None));
        inbox.bytes = vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(inbox.take_message(MAX_MESSAGE), Err(BadFrame));
        inbox.bytes = vec![0x30, 0x80];
        assert_eq!(inbox.take_message(10), Err(BadFrame));
        inbox.bytes = vec![0, 0, 0, 0];
        assert_eq!(inbox.take_sasl_buffer(10), Err(BadFrame));
        inbox.bytes = vec![0, 0, 0, 1, 7, 8];
        assert_eq!(inbox.take_sasl_buffer(10), Ok(Some(vec![7])));
        assert_eq!(inbox.bytes, [8]);
    }
}
