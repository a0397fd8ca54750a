//! MD5, HMAC-MD5 and RC4: what NTLM is made of, and good for nothing else.

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use zeroize::{Zeroize, Zeroizing};

pub(super) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut digest = Md5::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().into()
}

pub(super) fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 16]> {
    let mut code = Zeroizing::new([0; 16]);
    // HMAC takes a key of any length.
    if let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) {
        parts.iter().for_each(|part| mac.update(part));
        code.copy_from_slice(&mac.finalize().into_bytes());
    }
    code
}

/// Compares in time that depends on the lengths only.
pub(super) fn same(ours: &[u8], theirs: &[u8]) -> bool {
    let pairs = ours.iter().zip(theirs);
    let differences = pairs.fold(0, |differences, (a, b)| differences | (a ^ b));
    ours.len() == theirs.len() && differences == 0
}

/// The RC4 stream cipher; its state goes on from message to message.
pub(super) struct Rc4 {
    state: Box<[u8; 256]>,
    i: u8,
    j: u8,
}

pub(super) fn rc4(key: &[u8]) -> Rc4 {
    let mut cipher = Rc4 {
        state: Box::new(std::array::from_fn(|index| {
            u8::try_from(index).unwrap_or(u8::MAX)
        })),
        i: 0,
        j: 0,
    };
    let mut j = 0u8;
    for (i, key) in (0..=u8::MAX).zip(key.iter().cycle()) {
        j = j.wrapping_add(cipher.at(i)).wrapping_add(*key);
        cipher.swap(i, j);
    }
    cipher
}

impl Rc4 {
    /// Encrypts, or decrypts: that is the same.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.i = self.i.wrapping_add(1);
            self.j = self.j.wrapping_add(self.at(self.i));
            self.swap(self.i, self.j);
            *byte ^= self.at(self.at(self.i).wrapping_add(self.at(self.j)));
        }
    }

    fn at(&self, index: u8) -> u8 {
        self.state.get(usize::from(index)).copied().unwrap_or(0)
    }

    fn swap(&mut self, i: u8, j: u8) {
        self.state.swap(usize::from(i), usize::from(j));
    }
}

impl Drop for Rc4 {
    fn drop(&mut self) {
        self.state.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors() {
        // RFC 6229 section 2, "Test Vectors for RC4": 40-bit key, offset 0.
        let mut stream = [0; 8];
        rc4(&[1, 2, 3, 4, 5]).apply(&mut stream);
        assert_eq!(hex::encode(stream), "b2396305f03dc027");
        // RFC 2202 section 2, "Test Cases for HMAC-MD5": case 2.
        let code = hmac_md5(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex::encode(*code), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(
            hex::encode(md5(&[b"ab", b"c"])),
            "900150983cd24fb0d6963f7d28e17f72"
        );
    }
}
