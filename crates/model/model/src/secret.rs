//! Passwords in memory.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A password as bytes (UTF-8): wiped when dropped, shown to nobody.
///
/// INVARIANT: no `Clone`, `Serialize`, `Display` or `AsRef`; the only way to the bytes is [`Password::expose_bytes`].
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Password(Box<[u8]>);

impl Password {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into_boxed_slice())
    }

    /// The bytes, for the moment of use only.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(
            format!("{:?}", Password::new(b"Pa55word".to_vec())),
            "Password(..)"
        );
    }
}
