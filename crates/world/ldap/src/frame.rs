//! Cuts a byte stream into frames: LDAP messages, and the SASL buffers that may carry them.
//!
//! The two do not line up: one SASL buffer can hold several messages, and a message can span several buffers.

use zeroize::Zeroizing;

/// Longest message or SASL buffer accepted from a server, in bytes (RFC 4752 section 3.3 allows 3 bytes of length).
pub(crate) const MAX_FRAME: usize = 0xff_ffff;

/// How many bytes are asked for at once.
const READ_SIZE: usize = 32 * 1024;

/// Bytes that have arrived and are not cut yet.
#[derive(Default)]
pub(crate) struct Inbox {
    bytes: Zeroizing<Vec<u8>>,
    /// Everything before was taken.
    start: usize,
}

impl Inbox {
    /// The buffer to append newly read bytes to, with room for some.
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.reserve(READ_SIZE);
        &mut self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending().is_empty()
    }

    /// The next LDAP message, header included; `None` until it is complete.
    ///
    /// # Errors
    /// When the bytes cannot be the start of a message of bearable length.
    pub(crate) fn take_message(&mut self) -> Result<Option<&[u8]>, &'static str> {
        let Some(length) = message_length(self.pending())? else {
            return Ok(None);
        };
        Ok(self.take(length))
    }

    /// The next SASL buffer, without its 4 bytes of length (RFC 4422 section 3.7); `None` until it is complete.
    ///
    /// # Errors
    /// When it is empty or longer than [`MAX_FRAME`].
    pub(crate) fn take_sasl_buffer(&mut self) -> Result<Option<&[u8]>, &'static str> {
        let Some(header) = self.pending().first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header) as usize;
        if length == 0 || length > MAX_FRAME {
            return Err("a SASL buffer's length is out of bounds");
        }
        Ok(self.take(4 + length).and_then(|frame| frame.get(4..)))
    }

    fn pending(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let frame = self.bytes.get(self.start..)?.get(..length)?;
        self.start += length;
        Some(frame)
    }
}

/// RFC 4511 section 5.1, "Protocol Encoding": a SEQUENCE of definite length.
fn message_length(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    let (tag, length) = match bytes {
        [] => return Ok(None),
        [tag] => (*tag, None),
        [tag, length, ..] => (*tag, Some(*length)),
    };
    if tag != 0x30 {
        return Err("what arrived is not an LDAP message");
    }
    let (header, content) = match length {
        None => return Ok(None),
        Some(short @ 0..=0x7f) => (2, usize::from(short)),
        Some(long @ 0x81..=0x84) => {
            let octets = usize::from(long & 0x7f);
            let Some(digits) = bytes.get(2..2 + octets) else {
                return Ok(None);
            };
            (
                2 + octets,
                digits
                    .iter()
                    .fold(0, |length, digit| length << 8 | usize::from(*digit)),
            )
        }
        Some(_) => return Err("a message's length is indefinite or out of bounds"),
    };
    if content > MAX_FRAME {
        Err("a message is longer than 16 MiB")
    } else {
        Ok(Some(header + content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let header = match length {
            0..0x80 => vec![0x30, length as u8],
            _ => [&[0x30, 0x84][..], &(length as u32).to_be_bytes()].concat(),
        };
        [header, vec![0xaa; length]].concat()
    }

    fn sasl(payload: &[u8]) -> Vec<u8> {
        [&(payload.len() as u32).to_be_bytes()[..], payload].concat()
    }

    fn messages(inbox: &mut Inbox) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| inbox.take_message().unwrap().map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn a_stream_may_be_split_at_every_byte() {
        let expected = [
            message(5),
            message(300),
            message(0),
            message(127),
            message(128),
        ];
        let stream = expected.concat();
        for split in 0..=stream.len() {
            let mut inbox = Inbox::default();
            inbox.tail().extend(&stream[..split]);
            let mut found = messages(&mut inbox);
            inbox.tail().extend(&stream[split..]);
            found.extend(messages(&mut inbox));
            assert_eq!(found, expected, "split at {split}");
            assert!(inbox.is_empty());
        }
    }

    #[test]
    fn one_byte_at_a_time_gives_the_same_messages() {
        let expected = [message(200), message(3)];
        let mut inbox = Inbox::default();
        let mut found = Vec::new();
        for byte in expected.concat() {
            inbox.tail().push(byte);
            found.extend(messages(&mut inbox));
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn sasl_buffers_and_messages_do_not_line_up() {
        let expected = [message(300), message(4), message(1000)];
        let plain = expected.concat();
        for size in 1..plain.len() + 1 {
            let stream: Vec<u8> = plain.chunks(size).flat_map(sasl).collect();
            let (mut sealed, mut opened, mut found) =
                (Inbox::default(), Inbox::default(), Vec::new());
            for piece in stream.chunks(97) {
                sealed.tail().extend(piece);
                while let Some(buffer) = sealed.take_sasl_buffer().unwrap() {
                    opened.tail().extend(buffer);
                }
                found.extend(messages(&mut opened));
            }
            assert_eq!(found, expected, "SASL buffers of {size} bytes");
        }
    }

    #[test]
    fn unbearable_lengths_are_errors() {
        for bytes in [
            &[0x31, 0][..],
            &[0x30, 0x80],
            &[0x30, 0x85, 0, 0, 0, 0, 1],
            &[0x30, 0x84, 1, 0, 0, 0],
            b"HTTP/1.1",
        ] {
            let mut inbox = Inbox::default();
            inbox.tail().extend(bytes);
            assert!(inbox.take_message().is_err(), "{bytes:x?}");
        }
        for length in [0u32, 0x0100_0000, u32::MAX] {
            let mut inbox = Inbox::default();
            inbox.tail().extend(length.to_be_bytes());
            assert!(inbox.take_sasl_buffer().is_err(), "{length}");
        }
    }
}
