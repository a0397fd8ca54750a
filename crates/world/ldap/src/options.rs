//! How to reach a server, and as whom.

use std::net::SocketAddr;
use std::time::Duration;

use logon::{LogonSecret, Mechanism, Password, TlsRoots};

/// Everything [`crate::Client::connect`] needs. Holds secrets: so neither `Clone` nor serializable.
#[derive(Debug)]
pub struct ConnectOptions {
    /// The server's DNS host name: its certificate is checked against it, its service principal name is made of it.
    pub server: String,
    /// Where the server listens; the caller has resolved the name. Port 389, or 636 for [`Transport::Ldaps`].
    pub address: SocketAddr,
    /// What protects the connection.
    pub transport: Transport,
    /// Whose signatures on server certificates count; unused with [`Transport::Sealed`].
    pub roots: TlsRoots,
    /// Who logs on, and how.
    pub auth: Auth,
    /// The key distribution centre; `None`: the server's address, port 88.
    pub kdc: Option<SocketAddr>,
    /// The service principal name to ask a ticket for; `None`: `ldap/` and the server's host name.
    pub service_principal: Option<String>,
    /// Upper bounds of every wait.
    pub timeouts: Timeouts,
}

impl ConnectOptions {
    /// Options with platform roots, default time-outs, the server as its own key distribution centre.
    pub fn new(
        server: impl Into<String>,
        address: SocketAddr,
        transport: Transport,
        auth: Auth,
    ) -> Self {
        Self {
            server: server.into(),
            address,
            transport,
            roots: TlsRoots::Platform,
            auth,
            kdc: None,
            service_principal: None,
            timeouts: Timeouts::default(),
        }
    }

    pub(crate) fn kdc_address(&self) -> SocketAddr {
        self.kdc
            .unwrap_or_else(|| SocketAddr::new(self.address.ip(), 88))
    }

    pub(crate) fn service_principal_name(&self) -> String {
        self.service_principal
            .clone()
            .unwrap_or_else(|| format!("ldap/{}", self.server))
    }
}

/// What protects the bytes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// The log-on's own keys encrypt every message (SASL confidentiality), port 389: the default.
    Sealed,
    /// TLS started by an extended operation (RFC 4511 section 4.14), port 389.
    StartTls,
    /// TLS from the first byte, port 636.
    Ldaps,
}

impl Transport {
    /// Whether TLS protects the connection.
    pub fn is_tls(self) -> bool {
        self != Self::Sealed
    }
}

/// Who logs on, and how. There is no silent fall-back from one to another.
#[derive(Debug)]
pub enum Auth {
    /// Kerberos; sealed connections only, see the crate's page.
    Kerberos {
        /// The SASL mechanism that carries it.
        mechanism: Mechanism,
        /// `name@REALM` or `DOMAIN\name`.
        user: String,
        /// What proves it.
        secret: LogonSecret,
    },
    /// NTLM inside GSS-SPNEGO, for servers that Kerberos cannot reach: sealed, or over TLS with channel binding.
    Ntlm {
        /// `DOMAIN\name` or `name@domain`.
        user: String,
        /// Its password.
        password: Password,
    },
    /// A simple bind: the server sees the password. Over TLS only.
    Simple {
        /// A distinguished name, `name@domain` or `DOMAIN\name`.
        name: String,
        /// Its password; an empty one is refused here, servers would take it for an anonymous bind.
        password: Password,
    },
    /// Nobody: Active Directory then answers for the root DSE only.
    Anonymous,
}

/// Upper bounds of every wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the TCP connection, and again for the TLS handshake.
    pub connect: Duration,
    /// For one operation, from the first byte sent to the last received; a page of a paged search is one.
    pub operation: Duration,
    /// For one exchange with the key distribution centre.
    pub kdc: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            operation: Duration::from_secs(60),
            kdc: Duration::from_secs(10),
        }
    }
}
