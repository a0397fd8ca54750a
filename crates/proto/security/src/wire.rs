//! Bounds-checked reading of wire formats, and the NUL-terminated UTF-16 text inside them.

/// Reads a byte string from its start; every read is checked against what is left.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

/// The bytes ended before the field did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data ends early: {needed} bytes needed, {left} left")]
pub struct Truncated {
    /// Bytes the field needs.
    pub needed: usize,
    /// Bytes that were left.
    pub left: usize,
}

/// UTF-16 text that is not well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Utf16Error {
    /// An odd number of bytes.
    #[error("utf-16 text has an odd length of {0} bytes")]
    OddLength(usize),
    /// The text must end in exactly one NUL, its last unit.
    #[error("utf-16 text is not terminated by its only nul")]
    Terminator,
    /// A surrogate without its partner.
    #[error("utf-16 text has a lone surrogate")]
    LoneSurrogate,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Starts at `offset`, if that is inside `bytes` or just behind them.
    ///
    /// # Errors
    /// [`Truncated`] when `offset` is behind the end.
    pub fn at(bytes: &'a [u8], offset: usize) -> Result<Self, Truncated> {
        let mut reader = Self::new(bytes);
        reader.take(offset)?;
        Ok(reader)
    }

    /// The bytes not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`Truncated`] when fewer are left; nothing is consumed then.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Truncated> {
        let short = Truncated {
            needed: len,
            left: self.rest.len(),
        };
        let (head, rest) = self.rest.split_at_checked(len).ok_or(short)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Truncated`], as for [`Reader::take`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let short = Truncated {
            needed: N,
            left: self.rest.len(),
        };
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(short)?;
        self.rest = rest;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Truncated`], as for [`Reader::take`].
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        self.array().map(u8::from_le_bytes)
    }

    /// A little-endian 16-bit number.
    ///
    /// # Errors
    /// [`Truncated`], as for [`Reader::take`].
    pub fn u16_le(&mut self) -> Result<u16, Truncated> {
        self.array().map(u16::from_le_bytes)
    }

    /// A little-endian 32-bit number.
    ///
    /// # Errors
    /// [`Truncated`], as for [`Reader::take`].
    pub fn u32_le(&mut self) -> Result<u32, Truncated> {
        self.array().map(u32::from_le_bytes)
    }

    /// A little-endian signed 32-bit number.
    ///
    /// # Errors
    /// [`Truncated`], as for [`Reader::take`].
    pub fn i32_le(&mut self) -> Result<i32, Truncated> {
        self.array().map(i32::from_le_bytes)
    }

    /// A little-endian 64-bit number.
    ///
    /// # Errors
    /// [`Truncated`], as for [`Reader::take`].
    pub fn u64_le(&mut self) -> Result<u64, Truncated> {
        self.array().map(u64::from_le_bytes)
    }

    /// A big-endian 16-bit number.
    ///
    /// # Errors
    /// [`Truncated`], as for [`Reader::take`].
    pub fn u16_be(&mut self) -> Result<u16, Truncated> {
        self.array().map(u16::from_be_bytes)
    }

    /// A big-endian 32-bit number.
    ///
    /// # Errors
    /// [`Truncated`], as for [`Reader::take`].
    pub fn u32_be(&mut self) -> Result<u32, Truncated> {
        self.array().map(u32::from_be_bytes)
    }

    /// A length field used as a count of bytes: never larger than what is addressable.
    ///
    /// # Errors
    /// [`Truncated`], as for [`Reader::take`].
    pub fn len_u32_le(&mut self) -> Result<usize, Truncated> {
        self.u32_le()
            .map(|len| usize::try_from(len).unwrap_or(usize::MAX))
    }
}

/// Reads UTF-16LE text whose last unit, and no other, is NUL.
///
/// # Errors
/// [`Utf16Error`] for odd lengths, missing or early NULs, and lone surrogates.
pub fn utf16_nul_terminated(bytes: &[u8]) -> Result<String, Utf16Error> {
    let (units, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Utf16Error::OddLength(bytes.len()));
    }
    let (last, text) = units.split_last().ok_or(Utf16Error::Terminator)?;
    if *last != [0, 0] || text.contains(&[0, 0]) {
        return Err(Utf16Error::Terminator);
    }
    char::decode_utf16(text.iter().map(|unit| u16::from_le_bytes(*unit)))
        .collect::<Result<_, _>>()
        .map_err(|_| Utf16Error::LoneSurrogate)
}

/// Writes `text` as UTF-16LE with a NUL at its end.
#[must_use]
pub fn to_utf16_nul_terminated(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_read_past_the_end_consumes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u32_le(), Err(Truncated { needed: 4, left: 3 }));
        assert_eq!(reader.u16_be(), Ok(0x0102));
        assert_eq!(reader.rest(), [3]);
        assert!(Reader::at(&[1, 2, 3], 3).is_ok());
        assert!(Reader::at(&[1, 2, 3], 4).is_err());
    }

    #[test]
    fn utf16_text_is_strict_about_its_terminator() {
        assert_eq!(utf16_nul_terminated(&[]), Err(Utf16Error::Terminator));
        assert_eq!(utf16_nul_terminated(&[65]), Err(Utf16Error::OddLength(1)));
        assert_eq!(utf16_nul_terminated(&[65, 0]), Err(Utf16Error::Terminator));
        assert_eq!(
            utf16_nul_terminated(&[0, 0, 0, 0]),
            Err(Utf16Error::Terminator)
        );
        assert_eq!(
            utf16_nul_terminated(&[0, 0xd8, 0, 0]),
            Err(Utf16Error::LoneSurrogate)
        );
    }

    proptest! {
        #[test]
        fn utf16_text_round_trips(text in "[^\0]*") {
            prop_assert_eq!(utf16_nul_terminated(&to_utf16_nul_terminated(&text)), Ok(text));
        }
    }
}
