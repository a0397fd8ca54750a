//! How to reach the directory, and as whom.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use managed_password::Keytab;
use model::estate::{Auth, DirectoryTransport};
use model::names::{DnsName, HostName, SamAccountName};
use model::ports::Clock;
use model::secret::Password;

use crate::password_proof::newest_aes_key;

/// Everything [`crate::ActiveDirectory::connect`] needs. Holds secrets: neither `Clone` nor serializable.
pub struct DirectoryOptions {
    /// The domain whose accounts are converted; its name in capitals is the Kerberos realm.
    pub domain: DnsName,
    /// A writable domain controller of that domain: it gets all writes, and their reads back.
    pub server: DnsName,
    /// Where it listens: port 389, or 636 for [`DirectoryTransport::Ldaps`].
    pub address: SocketAddr,
    /// Where the Kerberos key distribution centre listens; port 88 of `address` where `None`.
    pub kdc: Option<SocketAddr>,
    /// How connections are protected.
    pub transport: DirectoryTransport,
    /// How the operator logs on.
    pub auth: Auth,
    /// The operator: `name`, `name@domain` or `DOMAIN\name`.
    pub user: String,
    /// What proves the operator.
    pub secret: OperatorSecret,
    /// Certificate authorities (PEM) that count for TLS; those of the system where `None`.
    pub ca_pem: Option<Vec<u8>>,
    /// Machine accounts of hosts: with them the directory proves what a host can retrieve.
    pub machine_keytabs: BTreeMap<HostName, Keytab>,
    /// Addresses of domain controllers that the system's resolver does not know.
    pub addresses: BTreeMap<DnsName, IpAddr>,
    /// What time it is here.
    pub clock: Arc<dyn Clock>,
}

/// What proves the operator.
pub enum OperatorSecret {
    /// A password, for whatever [`DirectoryOptions::auth`] says.
    Password(Password),
    /// A Kerberos key, from a keytab.
    Key(ldap::KerberosKey),
    /// Kerberos tickets of an earlier log-on; the operator is who they were given to.
    TicketCache(ldap::TicketCache),
    /// Whoever is logged on to Windows.
    LoggedOnUser,
}

impl OperatorSecret {
    /// The newest AES key that a keytab has for the account; `None` where it has none.
    pub fn of_keytab(keytab: &Keytab, account: &SamAccountName) -> Option<Self> {
        newest_aes_key(keytab, account).map(Self::Key)
    }
}

impl From<Password> for OperatorSecret {
    fn from(password: Password) -> Self {
        Self::Password(password)
    }
}

impl fmt::Debug for DirectoryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryOptions")
            .field("domain", &self.domain)
            .field("server", &self.server)
            .field("address", &self.address)
            .field("transport", &self.transport)
            .field("auth", &self.auth)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl DirectoryOptions {
    /// The Kerberos realm of the domain.
    pub(crate) fn realm(&self) -> String {
        self.domain.as_str().to_uppercase()
    }

    /// Where the domain's key distribution centre listens.
    pub(crate) fn kdc(&self) -> SocketAddr {
        self.kdc
            .unwrap_or_else(|| SocketAddr::new(self.address.ip(), 88))
    }

    /// The operator's log-on at one server.
    pub(crate) fn operator_at(
        &self,
        server: &DnsName,
        address: SocketAddr,
    ) -> ldap::ConnectOptions {
        let user = self.operator();
        let auth = match &self.secret {
            OperatorSecret::Password(password) => self.with_password(user, password),
            OperatorSecret::Key(key) => kerberos(user, ldap::LogonSecret::Key(key.duplicate())),
            OperatorSecret::TicketCache(cache) => {
                kerberos(user, ldap::LogonSecret::TicketCache(cache.clone()))
            }
            OperatorSecret::LoggedOnUser => kerberos(user, ldap::LogonSecret::LoggedOnUser),
        };
        let transport = match self.transport {
            DirectoryTransport::Sealed => ldap::Transport::Sealed,
            DirectoryTransport::Starttls => ldap::Transport::StartTls,
            DirectoryTransport::Ldaps => ldap::Transport::Ldaps,
        };
        let mut options = ldap::ConnectOptions::new(server.as_str(), address, transport, auth);
        if let Some(pem) = &self.ca_pem {
            options.roots = ldap::TlsRoots::Pem(pem.clone());
        }
        options.kdc = Some(self.kdc());
        options
    }

    fn with_password(&self, user: String, password: &Password) -> ldap::Auth {
        let password = ldap::Password::new(password.expose_bytes().to_vec());
        match self.auth {
            Auth::Ntlm => ldap::Auth::Ntlm { user, password },
            Auth::Simple => ldap::Auth::Simple {
                name: user,
                password,
            },
            Auth::Default | Auth::LoggedOn | Auth::Kerberos | Auth::TicketCache | Auth::Keytab => {
                kerberos(user, ldap::LogonSecret::Password(password))
            }
        }
    }

    /// A machine's log-on at the first server: always sealed, whatever the operator uses.
    pub(crate) fn machine_at_server(
        &self,
        host: &HostName,
        key: ldap::KerberosKey,
    ) -> ldap::ConnectOptions {
        let user = format!("{}@{}", host.computer_account(), self.realm());
        let address = match self.transport {
            DirectoryTransport::Sealed => self.address,
            DirectoryTransport::Starttls | DirectoryTransport::Ldaps => {
                SocketAddr::new(self.address.ip(), 389)
            }
        };
        let auth = kerberos(user, ldap::LogonSecret::Key(key));
        let mut options =
            ldap::ConnectOptions::new(self.server.as_str(), address, ldap::Transport::Sealed, auth);
        options.kdc = Some(self.kdc());
        options
    }

    /// The operator's name with the domain, which a bare name lacks.
    pub(crate) fn operator(&self) -> String {
        match self.auth {
            _ if self.user.contains(['@', '\\']) => self.user.clone(),
            Auth::Default | Auth::LoggedOn | Auth::Kerberos | Auth::TicketCache | Auth::Keytab => {
                format!("{}@{}", self.user, self.realm())
            }
            // A simple bind takes a distinguished name too.
            Auth::Simple if self.user.contains('=') => self.user.clone(),
            Auth::Ntlm | Auth::Simple => format!("{}@{}", self.user, self.domain),
        }
    }
}

fn kerberos(user: String, secret: ldap::LogonSecret) -> ldap::Auth {
    ldap::Auth::Kerberos {
        mechanism: ldap::Mechanism::GssSpnego,
        user,
        secret,
    }
}
