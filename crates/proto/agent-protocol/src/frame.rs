//! Frames: `u32 header length | u32 secret length | header | secret`, lengths big-endian.

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::Secret;

/// Longest header: 16 MiB of JSON.
pub const HEADER_LIMIT: usize = 16 << 20;
/// Longest secret: 64 KiB.
pub const SECRET_LIMIT: usize = 64 << 10;

const PREFIX_LEN: usize = 4 /* header length */ + 4 /* secret length */;

/// One message with its secret.
#[derive(Debug)]
pub struct Frame {
    /// The message: UTF-8 JSON.
    pub header: Vec<u8>,
    /// The secret that goes with it, empty when it has none.
    pub secret: Secret,
}

/// Why bytes are not a frame, or a message fits into none.
#[derive(Debug, Error)]
pub enum FrameError {
    /// A length beyond its limit: the other side does not speak this protocol, or says too much.
    #[error("frame {part} of {length} bytes is over the limit of {limit}{start}")]
    TooLong {
        /// `header` or `secret`.
        part: &'static str,
        /// The length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
        /// How the frame starts, printable, after a colon; empty for a frame of our own.
        start: String,
    },
    /// The bytes ended inside a frame.
    #[error("frame ends before its announced length")]
    Truncated,
    /// The header is not a message of this protocol.
    #[error("frame header is not a message of this protocol")]
    Malformed(#[source] serde_json::Error),
}

impl Frame {
    /// Puts a message and its secret into a frame.
    pub fn of(message: &impl Serialize, secret: Secret) -> Result<Self, FrameError> {
        let header = serde_json::to_vec(message).map_err(FrameError::Malformed)?;
        check_length("header", header.len(), HEADER_LIMIT, String::new)?;
        check_length("secret", secret.len(), SECRET_LIMIT, String::new)?;
        Ok(Self { header, secret })
    }

    /// Reads the message.
    pub fn message<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        serde_json::from_slice(&self.header).map_err(FrameError::Malformed)
    }

    /// The frame's bytes, wiped on drop because the secret is among them.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let secret = self.secret.expose_bytes();
        let mut bytes = Vec::with_capacity(PREFIX_LEN + self.header.len() + secret.len());
        bytes.extend_from_slice(&(self.header.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&(secret.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&self.header);
        bytes.extend_from_slice(secret);
        Zeroizing::new(bytes)
    }
}

/// Makes frames of bytes that arrive in pieces of any size.
#[derive(Default)]
pub struct Decoder {
    prefix: Vec<u8>,
    header: Vec<u8>,
    secret: Vec<u8>,
    /// Lengths of header and secret, once the prefix is complete.
    lengths: Option<(usize, usize)>,
}

impl Decoder {
    /// Takes the next bytes and returns the frames that they complete, in order.
    ///
    /// After an error the stream has lost its frame boundaries: close the connection.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Frame>, FrameError> {
        let mut frames = Vec::new();
        loop {
            let (header_len, secret_len) = match self.lengths {
                Some(lengths) => lengths,
                None => {
                    move_until(&mut self.prefix, &mut bytes, PREFIX_LEN);
                    let Some(lengths) = parse_prefix(&self.prefix)? else {
                        return Ok(frames);
                    };
                    // The secret never grows over its allocation: no copy of it stays behind.
                    self.secret = Vec::with_capacity(lengths.1);
                    *self.lengths.insert(lengths)
                }
            };
            move_until(&mut self.header, &mut bytes, header_len);
            move_until(&mut self.secret, &mut bytes, secret_len);
            if self.header.len() < header_len || self.secret.len() < secret_len {
                return Ok(frames);
            }
            self.lengths = None;
            self.prefix.clear();
            frames.push(Frame {
                header: std::mem::take(&mut self.header),
                secret: Secret::take(std::mem::take(&mut self.secret)),
            });
        }
    }

    /// How many bytes it keeps of a frame that has begun.
    pub fn pending(&self) -> usize {
        self.prefix.len() + self.header.len() + self.secret.len()
    }

    /// Says that no more bytes come: an error when a frame has begun and not ended.
    pub fn finish(&self) -> Result<(), FrameError> {
        if self.prefix.is_empty() {
            Ok(())
        } else {
            Err(FrameError::Truncated)
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// Moves bytes from the front of `source` until `target` holds `length`, or `source` is empty.
fn move_until(target: &mut Vec<u8>, source: &mut &[u8], length: usize) {
    let wanted = length.saturating_sub(target.len()).min(source.len());
    let (taken, rest) = source.split_at(wanted);
    target.extend_from_slice(taken);
    *source = rest;
}

/// Lengths of header and secret, `None` while the prefix is incomplete.
fn parse_prefix(prefix: &[u8]) -> Result<Option<(usize, usize)>, FrameError> {
    let Some((header, rest)) = prefix.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let Some(secret) = rest.first_chunk::<4>() else {
        return Ok(None);
    };
    let start = || format!(": starts with \"{}\"", prefix.escape_ascii());
    let header = u32::from_be_bytes(*header) as usize;
    let secret = u32::from_be_bytes(*secret) as usize;
    check_length("header", header, HEADER_LIMIT, start)?;
    check_length("secret", secret, SECRET_LIMIT, start)?;
    Ok(Some((header, secret)))
}

fn check_length(
    part: &'static str,
    length: usize,
    limit: usize,
    start: impl FnOnce() -> String,
) -> Result<(), FrameError> {
    if length <= limit {
        return Ok(());
    }
    Err(FrameError::TooLong {
        part,
        length,
        limit,
        start: start(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(header: &[u8], secret: &[u8]) -> Frame {
        Frame {
            header: header.to_vec(),
            secret: Secret::copy_of(secret),
        }
    }

    fn parts(frames: &[Frame]) -> Vec<(Vec<u8>, Vec<u8>)> {
        frames
            .iter()
            .map(|f| (f.header.clone(), f.secret.expose_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn bytes_are_lengths_then_header_then_secret() {
        assert_eq!(*frame(b"{}", b"pw").to_bytes(), b"\0\0\0\x02\0\0\0\x02{}pw");
    }

    #[test]
    fn lengths_over_the_limits_are_refused_before_anything_is_read() {
        let error = Decoder::default()
            .push(b"Welcome to MIMSYNC01\n")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "frame header of 1466264675 bytes is over the limit of 16777216: starts with \"Welcome \""
        );
        let error = Decoder::default()
            .push(&[0, 0, 0, 2, 0, 1, 0, 1])
            .unwrap_err();
        assert!(matches!(
            error,
            FrameError::TooLong {
                part: "secret",
                length: 65537,
                ..
            }
        ));
    }

    #[test]
    fn a_secret_over_its_limit_is_not_sent() {
        let secret = Secret::copy_of(&vec![0; SECRET_LIMIT + 1]);
        assert!(matches!(
            Frame::of(&(), secret),
            Err(FrameError::TooLong { part: "secret", .. })
        ));
    }

    #[test]
    fn the_end_inside_a_frame_is_noticed() {
        let mut decoder = Decoder::default();
        assert!(decoder.finish().is_ok());
        decoder.push(&[0, 0, 0, 2, 0, 0, 0, 0, b'{']).unwrap();
        assert!(matches!(decoder.finish(), Err(FrameError::Truncated)));
        assert_eq!(decoder.push(b"}").unwrap().len(), 1);
        assert!(decoder.finish().is_ok());
    }

    proptest! {
        #[test]
        fn frames_survive_any_cutting(
            sent in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..40), prop::collection::vec(any::<u8>(), 0..40)),
                0..5,
            ),
            piece in 1usize..30,
        ) {
            let bytes: Vec<u8> =
                sent.iter().flat_map(|(h, s)| frame(h, s).to_bytes().to_vec()).collect();
            let mut decoder = Decoder::default();
            let mut got = Vec::new();
            for part in bytes.chunks(piece) {
                got.extend(decoder.push(part).unwrap());
            }
            prop_assert_eq!(parts(&got), sent);
            prop_assert!(decoder.finish().is_ok());
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let mut decoder = Decoder::default();
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            if decoder.push(first).is_ok() {
                let _ = decoder.push(second);
            }
            let _ = decoder.finish();
        }
    }
}
