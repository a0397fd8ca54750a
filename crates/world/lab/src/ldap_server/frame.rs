//! Cuts what arrives into LDAP messages and SASL buffers.

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::visitors::{FREE_SHARE, Share};

/// Longest message of a client that has logged on: MaxReceiveBuffer ([MS-ADTS] 3.1.1.3.4.6 "LDAP Policies").
pub(crate) const MAX_MESSAGE: usize = 10 * 1024 * 1024;
/// Longest message of one that has not.
pub(crate) const MAX_ANONYMOUS_MESSAGE: usize = 256 * 1024;
/// Most elements of one message: the decoded form of an element takes up to a hundred bytes.
const MAX_ELEMENTS: usize = 200_000;

/// At least so much is read at a time where it is there.
const READ: usize = 8 * 1024;

/// Bytes that have arrived and were not taken yet.
#[derive(Debug)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// So many of them were taken.
    taken: usize,
    share: Share,
}

/// The bytes are no LDAP message, or one that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadFrame;

impl Inbox {
    pub(crate) fn new(share: Share) -> Self {
        Self {
            bytes: Vec::new(),
            taken: 0,
            share,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// Reads what there is; 0 at the end of the stream.
    pub(crate) async fn fill(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> std::io::Result<usize> {
        self.forget_taken();
        self.bytes.reserve(READ);
        let count = stream.read_buf(&mut self.bytes).await?;
        self.account()?;
        Ok(count)
    }

    /// Adds bytes that were opened.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.forget_taken();
        self.bytes.extend_from_slice(bytes);
        self.account()
    }

    /// The next message, header included; `None` until it is complete.
    pub(crate) fn take_message(&mut self, limit: usize) -> Result<Option<&[u8]>, BadFrame> {
        let Some((header, length)) = message_length(self.rest())? else {
            return Ok(None);
        };
        if length > limit {
            return Err(BadFrame);
        }
        match self.take(header + length) {
            Some(message) if elements(message) > MAX_ELEMENTS => Err(BadFrame),
            message => Ok(message),
        }
    }

    /// The next SASL buffer without its length (RFC 4422 section 3.7).
    pub(crate) fn take_sasl_buffer(&mut self, limit: usize) -> Result<Option<&[u8]>, BadFrame> {
        let Some(header) = self.rest().first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header) as usize;
        if length == 0 || length > limit {
            return Err(BadFrame);
        }
        Ok(self.take(4 + length).and_then(|buffer| buffer.get(4..)))
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.taken..)?.get(..length)?;
        self.taken += length;
        Some(taken)
    }

    fn forget_taken(&mut self) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        if self.bytes.is_empty() && self.bytes.capacity() > FREE_SHARE {
            self.bytes = Vec::new();
        }
    }

    fn account(&mut self) -> std::io::Result<()> {
        let full = |_| std::io::Error::from(std::io::ErrorKind::OutOfMemory);
        self.share.keep(self.bytes.len()).map_err(full)
    }
}

/// Header and content length of a SEQUENCE (RFC 4511 section 5.1).
fn message_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, BadFrame> {
    match bytes {
        [] => Ok(None),
        [0x30, ..] => header(bytes),
        _ => Err(BadFrame),
    }
}

/// Header and content length of an element with a definite length of up to four bytes; `None` until they are there.
fn header(bytes: &[u8]) -> Result<Option<(usize, usize)>, BadFrame> {
    match bytes {
        [] | [_] => Ok(None),
        [_, length @ ..=0x7f, ..] => Ok(Some((2, usize::from(*length)))),
        [_, long @ 0x81..=0x84, digits @ ..] => {
            let count = usize::from(long & 0x7f);
            let digits = digits.get(..count).map(|digits| {
                let shift = |length, digit: &u8| length << 8 | usize::from(*digit);
                (2 + count, digits.iter().fold(0, shift))
            });
            Ok(digits)
        }
        _ => Err(BadFrame),
    }
}

/// How many elements stand in a message; counting ends where it is malformed.
fn elements(message: &[u8]) -> usize {
    const CONSTRUCTED: u8 = 0x20;
    let mut rest = message;
    let mut count = 0;
    while let (Some(tag), Ok(Some((header, length)))) = (rest.first(), header(rest)) {
        count += 1;
        let whole = if tag & CONSTRUCTED == 0 {
            header.saturating_add(length)
        } else {
            header // What is in it comes next.
        };
        rest = rest.get(whole..).unwrap_or_default();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visitors::Budget;

    fn inbox(bytes: &[u8]) -> Inbox {
        let mut inbox = Inbox::new(Budget::default().share());
        inbox.push(bytes).unwrap();
        inbox
    }

    #[test]
    fn messages_are_cut_and_bounds_are_kept() {
        let mut two = inbox(&[0x30, 0x02, 1, 2, 0x30, 0x81]);
        assert_eq!(two.take_message(10), Ok(Some(&[0x30, 0x02, 1, 2][..])));
        assert_eq!(two.take_message(10), Ok(None));
        two.push(&[1, 7]).unwrap();
        assert_eq!(two.take_message(10), Ok(Some(&[0x30, 0x81, 1, 7][..])));
        assert!(two.is_empty());
        let mut huge = inbox(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(huge.take_message(MAX_MESSAGE), Err(BadFrame));
        assert_eq!(inbox(&[0x30, 0x80]).take_message(10), Err(BadFrame));
        assert_eq!(inbox(&[0; 4]).take_sasl_buffer(10), Err(BadFrame));
        let mut sasl = inbox(&[0, 0, 0, 1, 7, 8]);
        assert_eq!(sasl.take_sasl_buffer(10), Ok(Some(&[7][..])));
        assert_eq!(sasl.rest(), [8]);
    }

    #[test]
    fn elements_are_counted_at_every_depth() {
        let message = [0x30, 9, 0x30, 2, 5, 0, 0x30, 3, 4, 1, 9];
        assert_eq!(elements(&message), 5);
        assert_eq!(elements(&[0x30, 4, 4, 0x84, 0xff, 0xff]), 1);
        let many = [&[0x30, 0x83, 6, 0x1a, 0x82][..], &[5, 0].repeat(200_001)].concat();
        assert_eq!(inbox(&many).take_message(MAX_MESSAGE), Err(BadFrame));
    }
}
