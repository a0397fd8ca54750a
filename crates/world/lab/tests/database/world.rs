//! A domain with a database server, and clients of it.

use std::sync::Arc;

use lab::mim::{Role, SqlServer};
use lab::{DatabaseServerOptions, Lab, LabSeed, RunningDatabaseServer};
use logon::{LogonSecret, Password, TlsRoots};
use planner::database::questions;
use sql::{Auth, Client, Endpoint, Error, Parameter, Protocol, Row};

pub const ADMINISTRATOR: &str = "Lab-Admin-Pa55";
pub const SERVICE: &str = "Lab-Service-Pa55";
pub const SA: &str = "Lab-SA-Pä55";
pub const SYNC: &str = "FIMSynchronizationService";

pub struct World {
    pub lab: Lab,
    pub sql: Arc<SqlServer>,
    pub server: RunningDatabaseServer,
}

impl World {
    pub async fn new() -> Self {
        let mut seed = LabSeed::reference_estate(ADMINISTRATOR.as_bytes(), SERVICE.as_bytes());
        seed.database_server("SQL01");
        let lab = Lab::start(seed).await.unwrap();
        let sql = Arc::new(SqlServer::default());
        sql.grant(SYNC, sid(&lab, "svc-mimsync"), Role::Owner);
        sql.make_administrator(sid(&lab, "Administrator"));
        let options = DatabaseServerOptions {
            computer: "SQL01".to_owned(),
            address: "127.0.0.1:0".parse().unwrap(),
            sa_password: Some(SA.as_bytes().to_vec().into()),
        };
        let server = lab.serve_sql(options, Arc::clone(&sql)).await.unwrap();
        Self { lab, sql, server }
    }

    pub fn sid(&self, account: &str) -> security::Sid {
        sid(&self.lab, account)
    }

    pub fn endpoint(&self, auth: Auth) -> Endpoint {
        Endpoint {
            server: "sql01.contoso.com".to_owned(),
            address: self.server.address(),
            port: 1433,
            trust: TlsRoots::Pem(self.lab.authority_pem().as_bytes().to_vec()),
            protocol: Protocol::Tds7,
            auth: Arc::new(auth),
            kdc: self.lab.addresses().kdc,
        }
    }

    pub async fn administrator(&self) -> Client {
        let endpoint = self.endpoint(kerberos("Administrator", ADMINISTRATOR));
        Client::connect(&endpoint).await.unwrap()
    }

    pub async fn service(&self) -> Client {
        let endpoint = self.endpoint(kerberos("svc-mimsync", SERVICE));
        Client::connect(&endpoint).await.unwrap()
    }
}

fn sid(lab: &Lab, account: &str) -> security::Sid {
    lab.domain().find(&account.parse().unwrap()).unwrap().sid
}

pub fn kerberos(user: &str, password: &str) -> Auth {
    Auth::Kerberos {
        user: format!("{user}@CONTOSO.COM"),
        secret: LogonSecret::Password(Password::new(password.as_bytes().to_vec())),
    }
}

pub fn sa(password: &str) -> Auth {
    Auth::Sql {
        user: "sa".to_owned(),
        password: Password::new(password.as_bytes().to_vec()),
    }
}

/// Asks a known question.
pub async fn ask(
    client: &mut Client,
    question: questions::Question,
    parameters: &[(&str, Parameter<'_>)],
) -> Result<Vec<Row>, Error> {
    client.ask(question.doing, question.sql, parameters).await
}

#[track_caller]
pub fn number<T: std::fmt::Debug>(outcome: Result<T, Error>) -> i32 {
    let error = outcome.unwrap_err();
    let server = error.server_error();
    server.unwrap_or_else(|| panic!("{error:?}")).number
}
