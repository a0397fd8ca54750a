//! The secret part of a frame.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A password or the stdin of a program: bytes beside the header, wiped on drop.
#[derive(ZeroizeOnDrop)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// No secret: zero bytes on the wire.
    pub fn none() -> Self {
        Self(Box::default())
    }

    /// Copies `bytes` into a box of exactly their size; the caller wipes its own copy.
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// Takes the allocation over, so that no second copy exists; a spare capacity costs one copy,
    /// and the first is wiped.
    pub fn take(mut bytes: Vec<u8>) -> Self {
        if bytes.len() == bytes.capacity() {
            return Self(bytes.into_boxed_slice());
        }
        let secret = Self::copy_of(&bytes);
        bytes.zeroize();
        secret
    }

    /// Whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes themselves.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, `None` when they are not UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::copy_of(b"hunter2")), "Secret(..)");
    }

    #[test]
    fn takes_bytes_with_and_without_spare_capacity() {
        let mut roomy = Vec::with_capacity(64);
        roomy.extend_from_slice(b"abc");
        assert_eq!(Secret::take(roomy).expose_bytes(), b"abc");
        assert_eq!(Secret::take(b"abc".to_vec()).expose_text(), Some("abc"));
        assert_eq!(Secret::copy_of(&[0xff]).expose_text(), None);
    }
}
