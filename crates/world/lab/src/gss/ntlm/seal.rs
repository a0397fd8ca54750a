//! Signing and sealing with extended session security ([MS-NLMP] 3.4 "Session Security Details").

use zeroize::Zeroizing;

use super::crypto::{Rc4, hmac_md5, md5, rc4, same};
use super::messages::flags;
use crate::gss::Rejected;

const SIGNATURE: usize = 4 /* Version */ + 8 /* Checksum */ + 4 /* SeqNum */;
const VERSION: [u8; 4] = 1u32.to_le_bytes();

/// Seals what the server says and opens what the client says.
pub(crate) struct NtlmSeal {
    own: Direction,
    client: Direction,
    seals: bool,
}

/// One direction's keys, and how many messages went there.
struct Direction {
    signing: Zeroizing<[u8; 16]>,
    cipher: Rc4,
    sequence: u32,
    /// Checksums are encrypted too.
    exchanged: bool,
}

impl NtlmSeal {
    pub(super) fn new(session: &[u8; 16], negotiated: u32, sequence: u32) -> Self {
        let direction = |from: &str, to: &str| {
            let magic = |what: &str| {
                format!("session key to {from}-to-{to} {what} key magic constant\0").into_bytes()
            };
            let sealing = Zeroizing::new(md5(&[session, &magic("sealing")]));
            Direction {
                signing: Zeroizing::new(md5(&[session, &magic("signing")])),
                cipher: rc4(&*sealing),
                sequence,
                exchanged: negotiated & flags::KEY_EXCHANGE != 0,
            }
        };
        Self {
            own: direction("server", "client"),
            client: direction("client", "server"),
            seals: negotiated & flags::SEAL != 0,
        }
    }

    /// Encrypts: the signature of the plain text, then the cipher text.
    pub(crate) fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut cipher = plain.to_vec();
        self.own.cipher.apply(&mut cipher);
        let signature = self.own.signature(plain);
        [&signature[..], &cipher].concat()
    }

    /// Signs only.
    pub(crate) fn sign(&mut self, plain: &[u8]) -> Vec<u8> {
        [&self.own.signature(plain)[..], plain].concat()
    }

    /// The signature alone.
    pub(crate) fn integrity_code(&mut self, message: &[u8]) -> Vec<u8> {
        self.own.signature(message).to_vec()
    }

    /// Whether a signature alone is the client's.
    pub(crate) fn is_signed(&mut self, message: &[u8], signature: &[u8]) -> bool {
        same(&self.client.signature(message), signature)
    }

    /// What the client sent; whether it was encrypted, too.
    pub(crate) fn open(&mut self, token: &[u8]) -> Result<(Vec<u8>, bool), Rejected> {
        let (signature, body) = token.split_at_checked(SIGNATURE).ok_or(Rejected::Token)?;
        let mut plain = body.to_vec();
        if self.seals {
            self.client.cipher.apply(&mut plain);
        }
        match self.is_signed(&plain, signature) {
            true => Ok((plain, self.seals)),
            false => Err(Rejected::Ticket),
        }
    }
}

impl Direction {
    /// [MS-NLMP] 3.4.4.2 "With Extended Session Security".
    fn signature(&mut self, message: &[u8]) -> [u8; SIGNATURE] {
        let sequence = self.sequence.to_le_bytes();
        self.sequence = self.sequence.wrapping_add(1);
        let code = hmac_md5(&*self.signing, &[&sequence, message]);
        let mut checksum: Vec<u8> = code.iter().take(8).copied().collect();
        if self.exchanged {
            self.cipher.apply(&mut checksum);
        }
        let mut signature = [0; SIGNATURE];
        let bytes = VERSION.iter().chain(&checksum).chain(&sequence);
        for (slot, byte) in signature.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        signature
    }
}

impl std::fmt::Debug for NtlmSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NtlmSeal(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-NLMP] 4.2.4.4 "GSS_WrapEx Examples", from the client's side.
    #[test]
    fn the_published_example_is_opened() {
        let mut seal = NtlmSeal::new(&[0x55; 16], flags::SEAL | flags::KEY_EXCHANGE, 0);
        let cipher = hex::decode("54e50165bf1936dc996020c1811b0f06fb5f").unwrap();
        let signature = hex::decode("010000007fb38ec5c55d497600000000").unwrap();
        let token = [signature, cipher].concat();
        let mut changed = token.clone();
        changed[20] ^= 1;
        assert!(
            NtlmSeal::new(&[0x55; 16], flags::SEAL | flags::KEY_EXCHANGE, 0)
                .open(&changed)
                .is_err()
        );
        let (plain, sealed) = seal.open(&token).unwrap();
        assert_eq!(plain, super::super::messages::utf16("Plaintext"));
        assert!(sealed);
        assert!(seal.open(&token).is_err(), "it comes once");
        assert!(seal.open(&token[..7]).is_err());
    }
}
