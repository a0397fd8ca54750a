//! An agent in a shell of Windows Remote Management.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::SystemTime;

use async_trait::async_trait;
use logon::{LogonSecret, TicketCache, TicketCacheError, TlsRoots, logged_on_as, logged_on_user};
use model::estate::{Auth, DomainAccess, HostAccess};
use model::names::DnsName;
use model::secret::Password;
use winrm::{Endpoint, Process};

use crate::stderr_tail::StderrTail;
use crate::{AgentError, Connect, Destination, Transport};

const KDC_PORT: u16 = 88;

/// A host's entry of `estate.toml` with transport "winrm".
pub(crate) struct WinrmEntry {
    pub access: HostAccess,
    pub domain: DomainAccess,
    pub addresses: BTreeMap<DnsName, String>,
    pub password: Option<Password>,
}

#[async_trait]
impl Connect for WinrmEntry {
    async fn connect(&self) -> Result<Box<dyn Transport>, AgentError> {
        let [program, arguments @ ..] = self.access.command.as_deref().unwrap_or_default() else {
            return Err(AgentError::NotConfigured(
                "winrm needs command to start the agent",
            ));
        };
        let process = Process::start(&self.endpoint().await?, program, arguments).await?;
        Ok(Box::new(WinrmProcess::new(process)))
    }
}

impl WinrmEntry {
    /// Where it is, and as whom.
    pub(crate) async fn endpoint(&self) -> Result<Endpoint, AgentError> {
        let to = Destination::of(&self.access, &self.addresses)?;
        let tls = match (self.access.tls, &self.access.ca_file) {
            (false, _) => None,
            (true, None) => Some(TlsRoots::Platform),
            (true, Some(path)) => Some(TlsRoots::Pem(std::fs::read(path).map_err(|source| {
                AgentError::CaFile {
                    path: path.clone(),
                    source,
                }
            })?)),
        };
        Ok(Endpoint {
            server: to.name().to_owned(),
            address: resolve(to.address()).await?,
            tls,
            auth: self.auth()?,
            kdc: self.kdc().await?,
        })
    }

    /// The default is who is logged on to Windows, else the tickets of who works here where they will do, else the
    /// password.
    fn auth(&self) -> Result<winrm::Auth, AgentError> {
        let tickets = || self.with_tickets().map_err(AgentError::from);
        match self.access.auth {
            Auth::TicketCache => tickets(),
            Auth::LoggedOn => Ok(as_logged_on(logged_on_user().unwrap_or_default())),
            Auth::Default => match logged_on_as(self.access.user.as_deref()) {
                Some(user) => Ok(as_logged_on(user)),
                None => tickets().or_else(|error| match &self.password {
                    Some(password) => self.with_password(password),
                    None => Err(error),
                }),
            },
            _ => match &self.password {
                Some(password) => self.with_password(password),
                None => Err(AgentError::NotConfigured(
                    "winrm needs password for this auth",
                )),
            },
        }
    }

    fn with_tickets(&self) -> Result<winrm::Auth, TicketCacheError> {
        let cache = TicketCache::from_environment(self.domain.name.as_str())?;
        let user = cache.held_by(self.access.user.as_deref(), SystemTime::now())?;
        Ok(winrm::Auth::Kerberos {
            user,
            secret: LogonSecret::TicketCache(cache),
        })
    }

    fn with_password(&self, password: &Password) -> Result<winrm::Auth, AgentError> {
        let name = self.access.user.as_deref();
        let name = name.ok_or(AgentError::NotConfigured(
            "winrm needs user to log on with a password",
        ))?;
        let domain = self.domain.name.as_str();
        let user = if name.contains(['@', '\\']) {
            name.to_owned()
        } else {
            format!("{name}@{}", domain.to_uppercase())
        };
        let password = logon::Password::new(password.expose_bytes().to_vec());
        Ok(match self.access.auth {
            Auth::Ntlm => winrm::Auth::Ntlm { user, password },
            _ => winrm::Auth::Kerberos {
                user,
                secret: LogonSecret::Password(password),
            },
        })
    }

    async fn kdc(&self) -> Result<SocketAddr, AgentError> {
        let domain = &self.domain;
        match (domain.kdc, &domain.server) {
            (Some(kdc), _) => Ok(kdc),
            (None, Some(server)) => {
                let known = self.addresses.get(server).map(String::as_str);
                let address = known.unwrap_or(server.as_str());
                let address = address
                    .parse::<SocketAddr>()
                    .map_or(address.to_owned(), |with_port| with_port.ip().to_string());
                resolve((&address, KDC_PORT)).await
            }
            // NTLM asks nobody; Kerberos says that it cannot reach this.
            (None, None) => Ok(SocketAddr::from(([127, 0, 0, 1], KDC_PORT))),
        }
    }
}

fn as_logged_on(user: String) -> winrm::Auth {
    winrm::Auth::Kerberos {
        user,
        secret: LogonSecret::LoggedOnUser,
    }
}

async fn resolve((name, port): (&str, u16)) -> Result<SocketAddr, AgentError> {
    let unreachable = |source| AgentError::Unreachable {
        address: format!("{name} port {port}"),
        source,
    };
    let mut found = tokio::net::lookup_host((name, port))
        .await
        .map_err(unreachable)?;
    found
        .next()
        .ok_or_else(|| unreachable(io::ErrorKind::NotFound.into()))
}

/// A process of the host, whose program is the agent.
pub(crate) struct WinrmProcess {
    process: Process,
    stderr: StderrTail,
    exit: Option<String>,
}

impl WinrmProcess {
    pub(crate) fn new(process: Process) -> Self {
        Self {
            process,
            stderr: StderrTail::default(),
            exit: None,
        }
    }
}

#[async_trait]
impl Transport for WinrmProcess {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.process.send(bytes).await.map_err(io::Error::other)
    }

    async fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let output = self.process.receive().await.map_err(io::Error::other)?;
            self.stderr.push(&output.stderr);
            if let Some(code) = output.exit_code {
                self.exit = Some(format!("exit code {code}"));
            }
            if !output.stdout.is_empty() {
                return Ok(Some(output.stdout));
            }
            if output.ended {
                return Ok(None);
            }
        }
    }

    async fn last_words(&mut self) -> String {
        self.stderr.describe(self.exit.clone())
    }

    async fn close(&mut self) {
        self.process.end().await;
    }
}
