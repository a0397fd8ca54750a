//! Wrap tokens of an established context (RFC 4121 section 4.2.6.2, "Wrap Tokens").

use crate::kdc::Key;

use super::Rejected;

// RFC 4121 section 2, "Key Derivation for Per-Message Tokens".
const ACCEPTOR_SEAL: i32 = 22;
const INITIATOR_SEAL: i32 = 24;

const HEADER_LEN: usize = 2 /* TOK_ID */ + 1 /* Flags */ + 1 /* Filler */ + 2 /* EC */ + 2 /* RRC */ + 8 /* SND_SEQ */;
const TOKEN: [u8; 2] = [0x05, 0x04];
const FILLER: u8 = 0xff;

// RFC 4121 section 4.2.2, "Flags Field".
const SENT_BY_ACCEPTOR: u8 = 0x01;
const SEALED: u8 = 0x02;
const ACCEPTOR_SUBKEY: u8 = 0x04;

/// [MS-KILE] 3.4.5.4.1 "Kerberos Binding of GSS_WrapEx()": right rotation of a sealed token.
const ROTATION: u16 = 28;

/// Seals what the server says and opens what the client says.
#[derive(Debug)]
pub(crate) struct Seal {
    pub(super) key: Key,
    pub(super) own_sub_key: bool,
    pub(super) sequence: u64,
}

impl Seal {
    pub(crate) fn new(key: Key, own_sub_key: bool, sequence: u64) -> Self {
        Self {
            key,
            own_sub_key,
            sequence,
        }
    }

    /// Encrypts: `{confounder | plain | header}key`, rotated.
    pub(crate) fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, Rejected> {
        let unrotated = self.header(SEALED, 0, 0);
        let inner = zeroize::Zeroizing::new([plain, &unrotated].concat());
        let mut cipher = self
            .key
            .encrypt(ACCEPTOR_SEAL, &inner)
            .map_err(|_| Rejected::Ticket)?;
        let rotation = usize::from(ROTATION) % cipher.len().max(1);
        cipher.rotate_right(rotation);
        let mut token = self.header(SEALED, 0, ROTATION).to_vec();
        token.append(&mut cipher);
        self.sequence += 1;
        Ok(token)
    }

    /// Signs only: `header | plain | checksum(plain | header)`.
    pub(crate) fn sign(&mut self, plain: &[u8]) -> Result<Vec<u8>, Rejected> {
        let signed = [plain, &self.header(0, 0, 0)].concat();
        let checksum = self
            .key
            .checksum(ACCEPTOR_SEAL, &signed)
            .map_err(|_| Rejected::Ticket)?;
        let length = u16::try_from(checksum.len()).map_err(|_| Rejected::Ticket)?;
        let token = [&self.header(0, length, 0)[..], plain, &checksum].concat();
        self.sequence += 1;
        Ok(token)
    }

    /// What the client sent; whether it was encrypted, too.
    pub(crate) fn open(&self, token: &[u8]) -> Result<(Vec<u8>, bool), Rejected> {
        let (header, body) = token.split_at_checked(HEADER_LEN).ok_or(Rejected::Token)?;
        let [id0, id1, flags, FILLER, ec0, ec1, rrc0, rrc1, sequence @ ..] = header else {
            return Err(Rejected::Token);
        };
        if [*id0, *id1] != TOKEN || flags & SENT_BY_ACCEPTOR != 0 {
            return Err(Rejected::Token);
        }
        let extra = usize::from(u16::from_be_bytes([*ec0, *ec1]));
        let mut body = body.to_vec();
        let rotation = usize::from(u16::from_be_bytes([*rrc0, *rrc1])) % body.len().max(1);
        body.rotate_left(rotation);
        if flags & SEALED != 0 {
            let inner = self
                .key
                .decrypt(INITIATOR_SEAL, &body)
                .map_err(|_| Rejected::Ticket)?;
            let length = inner
                .len()
                .checked_sub(extra + HEADER_LEN)
                .ok_or(Rejected::Token)?;
            let unrotated = [&[*id0, *id1, *flags, FILLER, *ec0, *ec1, 0, 0], sequence].concat();
            let copy = inner.get(length + extra..).ok_or(Rejected::Token)?;
            let plain = inner.get(..length).ok_or(Rejected::Token)?;
            return if copy == unrotated {
                Ok((plain.to_vec(), true))
            } else {
                Err(Rejected::Ticket)
            };
        }
        let length = body.len().checked_sub(extra).ok_or(Rejected::Token)?;
        let (plain, checksum) = body.split_at_checked(length).ok_or(Rejected::Token)?;
        let signed = [plain, &[*id0, *id1, *flags, FILLER, 0, 0, 0, 0], sequence].concat();
        let expected = self
            .key
            .checksum(INITIATOR_SEAL, &signed)
            .map_err(|_| Rejected::Ticket)?;
        if checksum == expected {
            Ok((plain.to_vec(), false))
        } else {
            Err(Rejected::Ticket)
        }
    }

    fn header(&self, sealed: u8, extra: u16, rotation: u16) -> [u8; HEADER_LEN] {
        let flags = SENT_BY_ACCEPTOR | sealed | if self.own_sub_key { ACCEPTOR_SUBKEY } else { 0 };
        let mut header = [0; HEADER_LEN];
        let [id0, id1] = TOKEN;
        let ([ec0, ec1], [rrc0, rrc1]) = (extra.to_be_bytes(), rotation.to_be_bytes());
        let fixed = [id0, id1, flags, FILLER, ec0, ec1, rrc0, rrc1];
        for (slot, byte) in header
            .iter_mut()
            .zip(fixed.into_iter().chain(self.sequence.to_be_bytes()))
        {
            *slot = byte;
        }
        header
    }
}

/// A SASL buffer with a sealed token as a client sends it, whatever the numbers in its header: for tests and fuzzing.
pub(crate) fn sealed_by_client(
    key: &Key,
    plain: &[u8],
    extra: u16,
    rotation: u16,
) -> Result<Vec<u8>, Rejected> {
    let header = |rotation: u16| {
        let [id0, id1] = TOKEN;
        let ([ec0, ec1], [rrc0, rrc1]) = (extra.to_be_bytes(), rotation.to_be_bytes());
        let fixed = [id0, id1, SEALED, FILLER, ec0, ec1, rrc0, rrc1];
        [&fixed[..], &[0; 8]].concat()
    };
    let filler = vec![0; usize::from(extra)];
    let inner = [plain, &filler, &header(0)].concat();
    let mut cipher = key
        .encrypt(INITIATOR_SEAL, &inner)
        .map_err(|_| Rejected::Ticket)?;
    let by = usize::from(rotation) % cipher.len().max(1);
    cipher.rotate_right(by);
    let token = [header(rotation), cipher].concat();
    let length = u32::try_from(token.len()).map_err(|_| Rejected::Token)?;
    Ok([&length.to_be_bytes()[..], &token].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_tokens_are_refused() {
        let seal = Seal {
            key: Key::random(18),
            own_sub_key: true,
            sequence: 0,
        };
        for length in 0..80 {
            for filler in [0x00, 0x05, 0xff] {
                assert!(seal.open(&vec![filler; length]).is_err());
                let mut token = vec![filler; length];
                for (slot, byte) in token.iter_mut().zip([0x05, 0x04, 0x06, 0xff]) {
                    *slot = byte;
                }
                assert!(seal.open(&token).is_err(), "{length}");
            }
        }
    }
}
