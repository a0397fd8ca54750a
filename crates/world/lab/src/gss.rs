//! The accepting side of a Kerberos log-on: tokens during the bind, sealing after it (RFC 4121, RFC 4178).

pub(crate) mod acceptor;
pub(crate) mod framing;
pub(crate) mod seal;
pub(crate) mod spnego;

/// Why a log-on is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// The token is malformed, of another mechanism or for another service.
    Token,
    /// The ticket or authenticator is not genuine, or its time is over.
    Ticket,
}
