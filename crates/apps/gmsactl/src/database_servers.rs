//! The way to the estate's database servers, and who goes it.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use directory::OperatorSecret;
use logon::{LogonSecret, TlsRoots};
use model::estate::{Auth, Estate, SqlAccess};
use model::names::DnsName;
use model::ports::{Databases, ErrorKind, WorldError};
use sql::{Endpoint, Protocol, ServerAddress, SqlDatabases, Way, browser};

use crate::controller::resolve;
use crate::error::Failure;
use crate::operator::Operator;
use crate::passwords;
use crate::session::Session;

/// Everything that is the same for all servers. Holds secrets.
pub struct ServerAccess {
    estate: Estate,
    trust: TlsRoots,
    protocol: Protocol,
    auth: Arc<sql::Auth>,
    kdc: SocketAddr,
}

impl ServerAccess {
    /// By the estate, with these settings, as somebody.
    pub async fn new(
        session: &Session<'_>,
        settings: &SqlAccess,
        auth: sql::Auth,
    ) -> Result<Self, Failure> {
        let trust = match &session.estate.domain.ca_file {
            _ if settings.danger_any_certificate => TlsRoots::DangerAnybody,
            None => TlsRoots::Platform,
            Some(path) => std::fs::read(path)
                .map(TlsRoots::Pem)
                .map_err(|error| Failure::file("estate", "ca-file", path, &error))?,
        };
        let asks_nobody = matches!(auth, sql::Auth::Sql { .. });
        Ok(Self {
            estate: session.estate.clone(),
            trust,
            protocol: match settings.strict {
                true => Protocol::Tds8,
                false => Protocol::Tds7,
            },
            auth: Arc::new(auth),
            kdc: kdc(session, asks_nobody).await?,
        })
    }

    /// Where a server is and who logs on.
    pub async fn endpoint(&self, server: &ServerAddress) -> Result<Endpoint, Failure> {
        let name = dns_name(server, &self.estate)?;
        let port = match (server.known_port(), &server.instance) {
            (None, Some(instance)) => {
                let browser = resolve(&self.estate, &name, browser::PORT).await?;
                browser::port_of(name.as_str(), browser, instance).await?
            }
            (port, _) => port.unwrap_or_default(),
        };
        Ok(Endpoint {
            address: resolve(&self.estate, &name, port).await?,
            server: name.to_string(),
            port,
            trust: self.trust.clone(),
            protocol: self.protocol,
            auth: Arc::clone(&self.auth),
            kdc: self.kdc,
        })
    }
}

#[async_trait]
impl Way for ServerAccess {
    async fn to(&self, server: &ServerAddress) -> Result<Endpoint, WorldError> {
        self.endpoint(server).await.map_err(world_error)
    }
}

/// No way at all, and why not: told when somebody asks.
struct NoWay(String, Option<String>);

#[async_trait]
impl Way for NoWay {
    async fn to(&self, _: &ServerAddress) -> Result<Endpoint, WorldError> {
        let error = WorldError::new(ErrorKind::NotConfigured, self.0.clone());
        Err(match &self.1 {
            Some(advice) => error.advise(advice.clone()),
            None => error,
        })
    }
}

/// The servers of an estate, as its `[sql]` says.
pub async fn databases(session: &Session<'_>, operator: &Operator) -> Arc<dyn Databases> {
    let settings = &session.estate.sql;
    let auth = match &settings.user {
        Some(login) => own_login(session, login),
        None => windows_auth(session, operator),
    };
    let access = match auth {
        Ok(auth) => ServerAccess::new(session, settings, auth).await,
        Err(failure) => Err(failure),
    };
    match access {
        Ok(access) => Arc::new(SqlDatabases::new(access)),
        Err(failure) => Arc::new(SqlDatabases::new(NoWay(failure.message, failure.hint))),
    }
}

/// For a lab whose database server is nobody's: what its hosts use it for is their own affair.
pub fn none(why: &str) -> Arc<dyn Databases> {
    Arc::new(SqlDatabases::new(NoWay(why.to_owned(), None)))
}

fn own_login(session: &Session<'_>, login: &str) -> Result<sql::Auth, Failure> {
    let of = format!("the login {login}");
    let password = match &session.estate.sql.password {
        Some(source) => passwords::read(source, &of, session.is_interactive()),
        None => Err(
            Failure::new("not-configured", format!("there is no password for {of}"))
                .hint("password under [sql] in estate.toml"),
        ),
    };
    Ok(sql::Auth::Sql {
        user: login.to_owned(),
        password: logon::Password::new(password?.expose_bytes().to_vec()),
    })
}

/// The operator of LDAP and WinRM, here too.
pub fn windows_auth(session: &Session<'_>, operator: &Operator) -> Result<sql::Auth, Failure> {
    let access = &session.estate.domain;
    let user = match operator.user.contains(['@', '\\']) {
        true => operator.user.clone(),
        false => format!("{}@{}", operator.user, access.name.as_str().to_uppercase()),
    };
    let copied = |bytes: &[u8]| logon::Password::new(bytes.to_vec());
    let secret = match (&operator.secret, access.auth) {
        (_, Auth::Simple) => {
            let no_bind = Failure::new("usage", "a database server has no simple bind");
            return Err(no_bind.hint("a login of its own (--sql-user, or user under [sql] in estate.toml), or another --auth"));
        }
        (OperatorSecret::Password(password), Auth::Ntlm) => {
            let password = copied(password.expose_bytes());
            return Ok(sql::Auth::Ntlm { user, password });
        }
        (OperatorSecret::Password(password), _) => {
            LogonSecret::Password(copied(password.expose_bytes()))
        }
        (OperatorSecret::Key(key), _) => LogonSecret::Key(key.duplicate()),
        (OperatorSecret::TicketCache(cache), _) => LogonSecret::TicketCache(cache.clone()),
        (OperatorSecret::LoggedOnUser, _) => LogonSecret::LoggedOnUser,
    };
    Ok(sql::Auth::Kerberos { user, secret })
}

async fn kdc(session: &Session<'_>, asks_nobody: bool) -> Result<SocketAddr, Failure> {
    const PORT: u16 = 88;
    match session.estate.domain.kdc {
        Some(kdc) => Ok(kdc),
        None if asks_nobody => Ok(SocketAddr::from(([127, 0, 0, 1], PORT))),
        None => {
            let controller = session.controller().await?;
            Ok(SocketAddr::new(controller.address.ip(), PORT))
        }
    }
}

/// A bare name is one of the domain.
fn dns_name(server: &ServerAddress, estate: &Estate) -> Result<DnsName, Failure> {
    let name = match server.host.contains('.') {
        true => server.host.clone(),
        false => format!("{}.{}", server.host, estate.domain.name),
    };
    name.to_lowercase()
        .parse()
        .map_err(|error: model::names::InvalidName| Failure::new("usage", error.to_string()))
}

fn world_error(failure: Failure) -> WorldError {
    let kind = match failure.kind {
        "unreachable" => ErrorKind::Unreachable,
        _ => ErrorKind::NotConfigured,
    };
    let causes = failure.causes.join(": ");
    let error = WorldError::new(kind, failure.message);
    let error = match causes.is_empty() {
        true => error,
        false => error.caused_by(causes),
    };
    match failure.hint {
        Some(hint) => error.advise(hint),
        None => error,
    }
}
