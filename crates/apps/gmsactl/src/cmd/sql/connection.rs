//! The way to a database server, and who goes it.

use std::path::PathBuf;

use clap::Args;
use model::estate::{SecretSource, SqlAccess};
use sql::{Client, Endpoint};

use crate::database_servers::{ServerAccess, windows_auth};
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

    /// The way to database servers; `operator` for a log-on by Windows.
    pub async fn access(
        &self,
        session: &Session<'_>,
        operator: Option<&Operator>,
    ) -> Result<ServerAccess, Failure> {
        let auth = match (&self.sql_user, operator) {
            (Some(login), _) => sql::Auth::Sql {
                user: login.clone(),
                password: self.sql_password(login, session.is_interactive())?,
            },
            (None, Some(operator)) => windows_auth(session, operator)?,
            (None, None) => {
                let nobody =
                    Failure::new("not-configured", "nobody is named to log on to the server");
                return Err(nobody.hint("--user NAME, tickets by kinit, or --sql-user LOGIN"));
            }
        };
        let settings = SqlAccess {
            strict: self.strict || session.estate.sql.strict,
            danger_any_certificate: self.danger_any_certificate
                || session.estate.sql.danger_any_certificate,
            ..SqlAccess::default()
        };
        ServerAccess::new(session, &settings, auth).await
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

/// Logs on.
pub async fn connect(endpoint: &Endpoint) -> Result<Client, Failure> {
    tracing::info!(
        server = endpoint.server,
        port = endpoint.port,
        "logs on to the database server"
    );
    Ok(Client::connect(endpoint).await?)
}
