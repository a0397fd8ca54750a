//! The three messages on the wire ([MS-NLMP] 2.2.1 "NTLM Messages").

use security::FileTime;

use super::Rejected;
use crate::forest::Forest;

pub(super) const SIGNATURE: &[u8] = b"NTLMSSP\0";
const NEGOTIATE: u32 = 1;
const CHALLENGE: u32 = 2;
const AUTHENTICATE: u32 = 3;

/// NegotiateFlags ([MS-NLMP] 2.2.2.5 "NEGOTIATE").
pub(super) mod flags {
    pub(crate) const UNICODE: u32 = 0x0000_0001;
    pub(crate) const REQUEST_TARGET: u32 = 0x0000_0004;
    pub(crate) const SIGN: u32 = 0x0000_0010;
    pub(crate) const SEAL: u32 = 0x0000_0020;
    pub(crate) const NTLM: u32 = 0x0000_0200;
    pub(crate) const ALWAYS_SIGN: u32 = 0x0000_8000;
    pub(crate) const TARGET_TYPE_DOMAIN: u32 = 0x0001_0000;
    pub(crate) const EXTENDED_SECURITY: u32 = 0x0008_0000;
    pub(crate) const TARGET_INFO: u32 = 0x0080_0000;
    pub(crate) const VERSION: u32 = 0x0200_0000;
    pub(crate) const BITS_128: u32 = 0x2000_0000;
    pub(crate) const KEY_EXCHANGE: u32 = 0x4000_0000;
    pub(crate) const BITS_56: u32 = 0x8000_0000;

    /// What a client has to end with.
    pub(crate) const ACCEPTED: u32 = UNICODE | EXTENDED_SECURITY | BITS_128;
    /// What is as the client wants it.
    pub(super) const AS_ASKED: u32 =
        REQUEST_TARGET | SIGN | SEAL | ALWAYS_SIGN | VERSION | BITS_128 | KEY_EXCHANGE | BITS_56;
    /// What the server has in any case.
    pub(super) const OWN: u32 =
        UNICODE | NTLM | TARGET_TYPE_DOMAIN | EXTENDED_SECURITY | TARGET_INFO;
}

// [MS-NLMP] 2.2.2.1 "AV_PAIR".
const AV_END: u16 = 0;
const AV_COMPUTER: u16 = 1;
const AV_DOMAIN: u16 = 2;
const AV_DNS_COMPUTER: u16 = 3;
const AV_DNS_DOMAIN: u16 = 4;
const AV_DNS_FOREST: u16 = 5;
const AV_FLAGS: u16 = 6;
const AV_TIMESTAMP: u16 = 7;
const AV_CHANNEL_BINDINGS: u16 = 10;
/// In [`AV_FLAGS`]: the message has an integrity code.
const HAS_INTEGRITY_CODE: u32 = 2;

/// [MS-NLMP] 2.2.2.10 "VERSION": Windows Server 2019.
const VERSION: [u8; 8] = [10, 0, 0x63, 0x45, 0, 0, 0, 15];

/// NegotiateFlags of a NEGOTIATE_MESSAGE.
pub(super) fn negotiated_flags(token: &[u8]) -> Result<u32, Rejected> {
    let flags = header(token, NEGOTIATE).and_then(|()| u32_at(token, 12));
    flags.ok_or(Rejected::Token)
}

/// A CHALLENGE_MESSAGE.
pub(super) fn challenge(
    forest: &Forest,
    wanted: u32,
    server_challenge: [u8; 8],
    now: FileTime,
) -> Vec<u8> {
    const PAYLOAD: usize = 56;
    let domain = utf16(&forest.netbios_name);
    let mut info = Vec::new();
    for (id, text) in [
        (AV_DOMAIN, &*forest.netbios_name),
        (AV_COMPUTER, &forest.controller),
        (AV_DNS_DOMAIN, &forest.dns_name),
        (AV_DNS_COMPUTER, &forest.controller_dns_name()),
        (AV_DNS_FOREST, &forest.dns_name),
    ] {
        pair(&mut info, id, &utf16(text));
    }
    pair(&mut info, AV_TIMESTAMP, &now.as_ticks().to_le_bytes());
    pair(&mut info, AV_END, &[]);
    let mut message = SIGNATURE.to_vec();
    message.extend_from_slice(&CHALLENGE.to_le_bytes());
    field(&mut message, domain.len(), PAYLOAD);
    message.extend_from_slice(&(flags::OWN | wanted & flags::AS_ASKED).to_le_bytes());
    message.extend_from_slice(&server_challenge);
    message.extend_from_slice(&[0; 8]);
    field(&mut message, info.len(), PAYLOAD + domain.len());
    message.extend_from_slice(&VERSION);
    message.extend_from_slice(&domain);
    message.extend_from_slice(&info);
    message
}

/// An AUTHENTICATE_MESSAGE.
pub(super) struct Authenticate<'a> {
    whole: &'a [u8],
    pub(super) nt_response: &'a [u8],
    pub(super) domain: &'a [u8],
    user: &'a [u8],
    pub(super) session_key: &'a [u8],
    pub(super) flags: u32,
}

/// What an AUTHENTICATE_MESSAGE says of itself, under the protection of its proof.
pub(super) struct Claims {
    pub(super) has_integrity_code: bool,
    /// The TLS channel that the client sees; none where it is not bound to any.
    pub(super) binding: Option<[u8; 16]>,
}

impl<'a> Authenticate<'a> {
    /// NTProofStr, then type, time, challenge of the client: what stands before the AV_PAIRs ([MS-NLMP] 2.2.2.8
    /// "NTLMv2_RESPONSE").
    const BEFORE_PAIRS: usize = 16 + 28;
    const INTEGRITY_CODE: usize = 72;

    pub(super) fn read(whole: &'a [u8]) -> Result<Self, Rejected> {
        let read = || {
            header(whole, AUTHENTICATE)?;
            Some(Self {
                whole,
                nt_response: content(whole, 20)?,
                domain: content(whole, 28)?,
                user: content(whole, 36)?,
                session_key: content(whole, 52)?,
                flags: u32_at(whole, 60)?,
            })
        };
        let message: Self = read().ok_or(Rejected::Token)?;
        let strong = message.flags & flags::ACCEPTED == flags::ACCEPTED;
        strong.then_some(message).ok_or(Rejected::Token)
    }

    pub(super) fn user(&self) -> Result<String, Rejected> {
        text(self.user)
    }

    pub(super) fn domain(&self) -> Result<String, Rejected> {
        text(self.domain)
    }

    pub(super) fn claims(&self) -> Result<Claims, Rejected> {
        let mut claims = Claims {
            has_integrity_code: false,
            binding: None,
        };
        let mut rest = self.nt_response.get(Self::BEFORE_PAIRS..);
        while let Some(pairs) = rest {
            let id = u16_at(pairs, 0).ok_or(Rejected::Token)?;
            let end = 4 + usize::from(u16_at(pairs, 2).ok_or(Rejected::Token)?);
            let value = pairs.get(4..end).ok_or(Rejected::Token)?;
            match id {
                AV_END => return Ok(claims),
                AV_FLAGS => {
                    let flags = u32_at(value, 0).unwrap_or(0);
                    claims.has_integrity_code = flags & HAS_INTEGRITY_CODE != 0;
                }
                AV_CHANNEL_BINDINGS => {
                    let hash = <[u8; 16]>::try_from(value).map_err(|_| Rejected::Token)?;
                    claims.binding = (hash != [0; 16]).then_some(hash);
                }
                _ => {}
            }
            rest = pairs.get(end..);
        }
        Err(Rejected::Token)
    }

    /// The integrity code, and the message with zeros in its place.
    pub(super) fn integrity_code(&self) -> Option<([u8; 16], Vec<u8>)> {
        let mut without = self.whole.to_vec();
        let place = without.get_mut(Self::INTEGRITY_CODE..Self::INTEGRITY_CODE + 16)?;
        let code = <[u8; 16]>::try_from(&*place).ok()?;
        place.fill(0);
        Some((code, without))
    }
}

/// Text as NTLM carries it.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn text(bytes: &[u8]) -> Result<String, Rejected> {
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| {
            pair.iter()
                .rev()
                .fold(0, |unit, byte| unit << 8 | u16::from(*byte))
        })
        .collect();
    String::from_utf16(&units).map_err(|_| Rejected::Token)
}

fn header(token: &[u8], kind: u32) -> Option<()> {
    (token.starts_with(SIGNATURE) && u32_at(token, 8)? == kind).then_some(())
}

/// The content that a field of length and offset points to.
fn content(token: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16_at(token, at)?);
    let offset = usize::try_from(u32_at(token, at + 4)?).ok()?;
    token.get(offset..offset.checked_add(length)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

fn field(message: &mut Vec<u8>, length: usize, offset: usize) {
    let short = u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes();
    message.extend_from_slice(&short);
    message.extend_from_slice(&short);
    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
    message.extend_from_slice(&offset.to_le_bytes());
}

fn pair(info: &mut Vec<u8>, id: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    info.extend_from_slice(&id.to_le_bytes());
    info.extend_from_slice(&length.to_le_bytes());
    info.extend_from_slice(value);
}

/// An AUTHENTICATE_MESSAGE without version and integrity code, as the published example has it.
#[cfg(test)]
pub(super) fn authenticate(
    user: &str,
    domain: &str,
    nt_response: &[u8],
    session_key: &[u8],
    flags: u32,
) -> Vec<u8> {
    let (user, domain) = (utf16(user), utf16(domain));
    let contents: [&[u8]; 6] = [&[0; 24], nt_response, &domain, &user, &[], session_key];
    let mut message = [SIGNATURE, &AUTHENTICATE.to_le_bytes()].concat();
    let mut offset = 64;
    for content in contents {
        field(&mut message, content.len(), offset);
        offset += content.len();
    }
    message.extend_from_slice(&flags.to_le_bytes());
    [message, contents.concat()].concat()
}
