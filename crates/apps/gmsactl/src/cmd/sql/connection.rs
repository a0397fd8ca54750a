//! The way to a database server, and who goes it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use directory::OperatorSecret;
use logon::{LogonSecret, TlsRoots};
use model::estate::{Auth, SecretSource};
use model::names::DnsName;
use sql::{Client, Endpoint, Protocol, ServerAddress, browser};

use crate::controller::resolve;
use crate::error::Failure;
use crate::operator::Operator;
use crate::passwords;
use crate::session::Session;

/// How to log on to a database server.
#[derive(Debug, Args)]
pub struct LogOn {
    /// Log on with a login of the server's own and its password, in place of --user.
    #[arg(long, value_name = "LOGIN")]
    sql_user: Option<String>,
    /// A file whose first line is that login's password; asked for where nothing names it.
    #[arg(long, value_name = "FILE", requires = "sql_user")]
    sql_password_file: Option<PathBuf>,
    /// TLS before anything else (TDS 8.0, "strict"): SQL Server 2022 and later.
    #[arg(long)]
    strict: bool,
    /// Take any certificate of anybody: whoever is on the way can read along and change everything.
    #[arg(long)]
    danger_any_certificate: bool,
}

impl LogOn {
    /// Whether Windows' log-on is used, and not the server's own.
    pub fn is_windows(&self) -> bool {
        self.sql_user.is_none()
    }

    /// Where the server is and who logs on; `operator` for a log-on by Windows.
    pub async fn endpoint(
        &self,
        server: &ServerAddress,
        session: &Session<'_>,
        operator: Option<&Operator>,
    ) -> Result<Endpoint, Failure> {
        let name = dns_name(server, session)?;
        let port = match (server.known_port(), &server.instance) {
            (None, Some(instance)) => {
                let browser = resolve(&session.estate, &name, browser::PORT).await?;
                browser::port_of(name.as_str(), browser, instance).await?
            }
            (port, _) => port.unwrap_or_default(),
        };
        Ok(Endpoint {
            address: resolve(&session.estate, &name, port).await?,
            server: name.to_string(),
            port,
            trust: self.trust(session)?,
            protocol: match self.strict {
                true => Protocol::Tds8,
                false => Protocol::Tds7,
            },
            auth: self.auth(session, operator)?,
            kdc: self.kdc(session).await?,
        })
    }

    fn trust(&self, session: &Session<'_>) -> Result<TlsRoots, Failure> {
        match &session.estate.domain.ca_file {
            _ if self.danger_any_certificate => Ok(TlsRoots::DangerAnybody),
            None => Ok(TlsRoots::Platform),
            Some(path) => std::fs::read(path)
                .map(TlsRoots::Pem)
                .map_err(|error| Failure::file("estate", "ca-file", path, &error)),
        }
    }

    async fn kdc(&self, session: &Session<'_>) -> Result<SocketAddr, Failure> {
        const PORT: u16 = 88;
        match session.estate.domain.kdc {
            Some(kdc) => Ok(kdc),
            None if self.is_windows() => {
                let controller = session.controller().await?;
                Ok(SocketAddr::new(controller.address.ip(), PORT))
            }
            // A login of the server's own asks nobody.
            None => Ok(SocketAddr::from(([127, 0, 0, 1], PORT))),
        }
    }

    fn auth(
        &self,
        session: &Session<'_>,
        operator: Option<&Operator>,
    ) -> Result<sql::Auth, Failure> {
        match (&self.sql_user, operator) {
            (Some(login), _) => Ok(sql::Auth::Sql {
                user: login.clone(),
                password: self.sql_password(login, session.is_interactive())?,
            }),
            (None, Some(operator)) => windows(session, operator),
            (None, None) => {
                let nobody =
                    Failure::new("not-configured", "nobody is named to log on to the server");
                Err(nobody.hint("--user NAME, tickets by kinit, or --sql-user LOGIN"))
            }
        }
    }

    fn sql_password(&self, login: &str, interactive: bool) -> Result<logon::Password, Failure> {
        let of = format!("the login {login}");
        let password = match &self.sql_password_file {
            Some(path) => passwords::read(&SecretSource::File(path.clone()), &of, interactive),
            None => passwords::read(&SecretSource::Prompt(true), &of, interactive),
        };
        Ok(logon::Password::new(password?.expose_bytes().to_vec()))
    }
}

/// The operator of LDAP and WinRM, here too.
fn windows(session: &Session<'_>, operator: &Operator) -> Result<sql::Auth, Failure> {
    let access = &session.estate.domain;
    let user = match operator.user.contains(['@', '\\']) {
        true => operator.user.clone(),
        false => format!("{}@{}", operator.user, access.name.as_str().to_uppercase()),
    };
    let copied = |bytes: &[u8]| logon::Password::new(bytes.to_vec());
    let secret = match (&operator.secret, access.auth) {
        (_, Auth::Simple) => {
            let no_bind = Failure::new("usage", "a database server has no simple bind");
            return Err(no_bind.hint("--sql-user LOGIN for a login of its own, or another --auth"));
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

/// A bare name is one of the domain.
fn dns_name(server: &ServerAddress, session: &Session<'_>) -> Result<DnsName, Failure> {
    let name = match server.host.contains('.') {
        true => server.host.clone(),
        false => format!("{}.{}", server.host, session.estate.domain.name),
    };
    name.to_lowercase()
        .parse()
        .map_err(|error: model::names::InvalidName| Failure::new("usage", error.to_string()))
}

/// Logs on.
pub async fn connect(endpoint: &Endpoint) -> Result<Client, Failure> {
    tracing::info!(
        server = endpoint.server,
        port = endpoint.port,
        "logs on to the database server"
    );
    Ok(Client::connect(endpoint).await?)
}
