//! The accepting side of log-ons: tokens during the bind, sealing after it (RFC 4121, RFC 4178, [MS-NLMP]).

pub(crate) mod acceptor;
pub(crate) mod framing;
pub(crate) mod ntlm;
pub(crate) mod seal;
pub(crate) mod spnego;

use ntlm::NtlmSeal;
use seal::Seal;

/// Why a log-on is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// The token is malformed, of another mechanism or for another service.
    Token,
    /// The ticket, authenticator or signature is not genuine, or its time is over.
    Ticket,
    /// What should prove the password does not.
    Password,
    /// The client is bound to another TLS channel than this one.
    Binding,
}

/// What protects the bytes after a log-on.
#[derive(Debug)]
pub(crate) enum Layer {
    /// Kerberos' wrap tokens.
    Kerberos(Seal),
    /// NTLM's signatures.
    Ntlm(NtlmSeal),
}

impl Layer {
    /// Encrypts.
    pub(crate) fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, Rejected> {
        match self {
            Self::Kerberos(seal) => seal.seal(plain),
            Self::Ntlm(seal) => Ok(seal.seal(plain)),
        }
    }

    /// Signs only.
    pub(crate) fn sign(&mut self, plain: &[u8]) -> Result<Vec<u8>, Rejected> {
        match self {
            Self::Kerberos(seal) => seal.sign(plain),
            Self::Ntlm(seal) => Ok(seal.sign(plain)),
        }
    }

    /// What the client sent; whether it was encrypted, too.
    pub(crate) fn open(&mut self, token: &[u8]) -> Result<(Vec<u8>, bool), Rejected> {
        match self {
            Self::Kerberos(seal) => seal.open(token),
            Self::Ntlm(seal) => seal.open(token),
        }
    }
}
