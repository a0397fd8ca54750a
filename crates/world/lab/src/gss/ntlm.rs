//! The accepting side of NTLM ([MS-NLMP]): three messages, of which the last proves the password.
//!
//! Only NTLMv2 with extended session security and 128 bits is spoken; anything less is refused as a domain controller
//! with LmCompatibilityLevel 5 refuses it.
//!
//! INVARIANT: a client is accepted only if its NTProofStr is that of the account's NT hash, its message integrity code
//! holds where it claims to have one, and it is bound to this TLS channel where it says that it is bound to one.

mod crypto;
mod messages;
mod seal;

use managed_password::NtHash;
use zeroize::Zeroizing;

use super::Rejected;
use crate::directory::Directory;
use crate::random;
use crypto::{hmac_md5, md5, rc4};
use messages::{Authenticate, flags};
pub(crate) use seal::NtlmSeal;

/// 1.3.6.1.4.1.311.2.2.10
pub(crate) const NTLMSSP: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];

/// A log-on between the server's challenge and the client's answer.
#[derive(Debug)]
pub(crate) struct Exchange {
    negotiate: Vec<u8>,
    pub(crate) challenge: Vec<u8>,
    server_challenge: [u8; 8],
}

/// Who the client says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) user: String,
    pub(crate) domain: String,
}

/// A client that has proved a password.
pub(crate) struct Proved {
    /// The ExportedSessionKey.
    session: Zeroizing<[u8; 16]>,
    flags: u32,
}

/// Whether these bytes are NTLM without negotiation around it.
pub(crate) fn is_message(token: &[u8]) -> bool {
    token.starts_with(messages::SIGNATURE)
}

impl Exchange {
    /// Answers a NEGOTIATE_MESSAGE.
    pub(crate) fn begin(directory: &Directory, negotiate: &[u8]) -> Result<Self, Rejected> {
        let wanted = messages::negotiated_flags(negotiate)?;
        let server_challenge = random::bytes();
        let challenge =
            messages::challenge(&directory.forest, wanted, server_challenge, directory.now());
        Ok(Self {
            negotiate: negotiate.to_vec(),
            challenge,
            server_challenge,
        })
    }

    /// Who sends an AUTHENTICATE_MESSAGE.
    pub(crate) fn claim(token: &[u8]) -> Result<Claim, Rejected> {
        let message = Authenticate::read(token)?;
        let (user, domain) = (message.user()?, message.domain()?);
        Ok(Claim { user, domain })
    }

    /// Checks an AUTHENTICATE_MESSAGE against the account's NT hash ([MS-NLMP] 3.2.5.1.2 "Server Receives an
    /// AUTHENTICATE_MESSAGE from the Client"); `binding` is the hash of the TLS channel's bindings.
    pub(crate) fn finish(
        &self,
        token: &[u8],
        hash: &NtHash,
        binding: Option<[u8; 16]>,
    ) -> Result<Proved, Rejected> {
        let message = Authenticate::read(token)?;
        let key = response_key(hash, &message)?;
        let (proof, rest) = message
            .nt_response
            .split_first_chunk::<16>()
            .ok_or(Rejected::Token)?;
        let expected = hmac_md5(&*key, &[&self.server_challenge, rest]);
        if !crypto::same(&*expected, proof) {
            return Err(Rejected::Password);
        }
        let exchange_key = hmac_md5(&*key, &[proof]);
        let session = match message.flags & flags::KEY_EXCHANGE {
            0 => exchange_key,
            _ => {
                let mut key = Zeroizing::new(
                    <[u8; 16]>::try_from(message.session_key).map_err(|_| Rejected::Token)?,
                );
                rc4(&*exchange_key).apply(&mut *key);
                key
            }
        };
        let claims = message.claims()?;
        if claims.has_integrity_code {
            let (found, without) = message.integrity_code().ok_or(Rejected::Token)?;
            let parts = [&self.negotiate[..], &self.challenge, &without];
            if !crypto::same(&*hmac_md5(&*session, &parts), &found) {
                return Err(Rejected::Ticket);
            }
        }
        if claims
            .binding
            .is_some_and(|claimed| Some(claimed) != binding)
        {
            return Err(Rejected::Binding);
        }
        Ok(Proved {
            session,
            flags: message.flags,
        })
    }
}

impl Proved {
    /// Whether the client wants what follows to be encrypted.
    pub(crate) fn seals(&self) -> bool {
        self.flags & flags::SEAL != 0
    }

    /// Whether the client wants what follows to be signed.
    pub(crate) fn signs(&self) -> bool {
        self.flags & flags::SIGN != 0
    }

    /// Keys as they are at first; the next messages have this number.
    pub(crate) fn seal(&self, sequence: u32) -> NtlmSeal {
        NtlmSeal::new(&self.session, self.flags, sequence)
    }
}

impl std::fmt::Debug for Proved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proved(..)")
    }
}

/// NTOWFv2 ([MS-NLMP] 3.3.2 "NTLM v2 Authentication").
fn response_key(
    hash: &NtHash,
    message: &Authenticate<'_>,
) -> Result<Zeroizing<[u8; 16]>, Rejected> {
    let user = messages::utf16(&message.user()?.to_uppercase());
    Ok(hmac_md5(hash.expose_bytes(), &[&user, message.domain]))
}

/// The MD5 of a TLS channel's bindings as NTLM carries it ([MS-NLMP] 2.2.2.1 "AV_PAIR", MsvAvChannelBindings).
pub(crate) fn channel_binding(application_data: &[u8]) -> [u8; 16] {
    let length = u32::try_from(application_data.len()).unwrap_or(u32::MAX);
    md5(&[&[0; 16], &length.to_le_bytes(), application_data])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-NLMP] 4.2.4 "NTLMv2 Authentication".
    const NT_PROOF: &str = "68cd0ab851e51c96aabc927bebef6a1c";
    const RESPONSE_REST: &str = "01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d006100690\
                                 06e0001000c005300650072007600650072000000000000000000";
    const SESSION_KEY: &str = "c5dad2544fc9799094ce1ce90bc9d03e";

    fn exchange() -> Exchange {
        Exchange {
            negotiate: Vec::new(),
            challenge: Vec::new(),
            server_challenge: [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef],
        }
    }

    fn published() -> Vec<u8> {
        let unhex = |text: &str| hex::decode(text.replace(' ', "")).unwrap();
        let response = [unhex(NT_PROOF), unhex(RESPONSE_REST)].concat();
        let wanted = flags::ACCEPTED | flags::SEAL | flags::SIGN | flags::KEY_EXCHANGE;
        messages::authenticate("User", "Domain", &response, &unhex(SESSION_KEY), wanted)
    }

    #[test]
    fn the_published_example_is_accepted() {
        let hash = NtHash::of_text("Password");
        let proved = exchange().finish(&published(), &hash, None).unwrap();
        assert_eq!(*proved.session, [0x55; 16]);
        let claim = Exchange::claim(&published()).unwrap();
        assert_eq!(
            (claim.user.as_str(), claim.domain.as_str()),
            ("User", "Domain")
        );
    }

    /// A proof of "Password" whose AV_PAIRs are these.
    fn with_pairs(pairs: &[u8]) -> Vec<u8> {
        let hash = NtHash::of_text("Password");
        let wanted = flags::ACCEPTED | flags::SEAL | flags::SIGN;
        let message =
            |response: &[u8]| messages::authenticate("User", "Domain", response, &[], wanted);
        let first = message(&[]);
        let key = response_key(&hash, &Authenticate::read(&first).unwrap()).unwrap();
        let rest = [&[1, 1][..], &[0; 26], pairs, &[0; 8]].concat();
        let proof = hmac_md5(&*key, &[&exchange().server_challenge, &rest]);
        message(&[&proof[..], &rest].concat())
    }

    #[test]
    fn what_the_client_is_bound_to_must_be_this_channel() {
        let hash = NtHash::of_text("Password");
        let binding = channel_binding(b"tls-server-end-point:this");
        let message = with_pairs(&[&[10, 0, 16, 0][..], &binding].concat());
        let finish = |binding| exchange().finish(&message, &hash, binding);
        assert!(finish(Some(binding)).is_ok());
        let other = channel_binding(b"tls-server-end-point:other");
        assert_eq!(finish(Some(other)).unwrap_err(), Rejected::Binding);
        assert_eq!(finish(None).unwrap_err(), Rejected::Binding);
    }

    #[test]
    fn a_promised_integrity_code_must_hold() {
        let message = with_pairs(&[6, 0, 4, 0, 2, 0, 0, 0]);
        let hash = NtHash::of_text("Password");
        let refused = exchange().finish(&message, &hash, None).unwrap_err();
        assert_eq!(refused, Rejected::Ticket);
    }

    #[test]
    fn a_wrong_password_and_a_changed_answer_are_refused() {
        let (message, right) = (published(), NtHash::of_text("Password"));
        let refused =
            |message: &[u8], hash: &NtHash| exchange().finish(message, hash, None).is_err();
        assert!(refused(&message, &NtHash::of_text("password")));
        for at in 0..message.len() {
            let mut changed = message.clone();
            changed[at] ^= 1;
            // Where names and lengths stand does not matter, what was proved does.
            if let Ok(proved) = exchange().finish(&changed, &right, None) {
                let claim = Exchange::claim(&changed).unwrap();
                assert_eq!(claim.domain, "Domain", "{at}");
                assert!(claim.user.eq_ignore_ascii_case("User"), "{at}");
                drop(proved);
            }
            assert!(refused(&message[..at], &right), "{at}");
        }
    }
}
