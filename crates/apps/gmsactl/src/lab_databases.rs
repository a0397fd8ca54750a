//! The lab's database server, as the lab's own world and clients from outside reach it.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use lab::{DatabaseServerOptions, RunningDatabaseServer};
use logon::{LogonSecret, Password, TlsRoots};
use model::names::DnsName;
use model::ports::{Databases, WorldError};
use sql::{Endpoint, Protocol, ServerAddress, SqlDatabases, Way};
use tokio::sync::OnceCell;

use crate::database_servers;
use crate::error::Failure;
use crate::lab_estate::{ADMINISTRATOR, LabEstate, name};

/// Where MIM's databases are.
pub(crate) const DATABASE_SERVER: &str = "SQL01";
/// [MS-DTYP] 2.4.2.4: DOMAIN_ADMINS.
const DOMAIN_ADMINS: u32 = 512;
/// The port that its service principal name has.
const PORT: u16 = 1433;

/// Who asks it in the lab's own world, and where it listens once somebody did.
#[derive(Default)]
pub(crate) struct LabDatabases {
    asked_by: AskedBy,
    listener: OnceCell<RunningDatabaseServer>,
}

#[derive(Default)]
enum AskedBy {
    /// Nobody: what is on it is not known.
    #[default]
    Nobody,
    /// The directory's Administrator, by Kerberos.
    Administrator,
    /// Its own login: a copied directory has no account of the server to make tickets for.
    Sa,
}

impl LabDatabases {
    /// Its computer is in the directory.
    pub fn in_the_domain() -> Self {
        Self::asked_by(AskedBy::Administrator)
    }

    /// It stands for the servers of an estate that was copied.
    pub fn copied() -> Self {
        Self::asked_by(AskedBy::Sa)
    }

    fn asked_by(asked_by: AskedBy) -> Self {
        Self {
            asked_by,
            ..Self::default()
        }
    }
}

impl LabEstate {
    /// The port of the lab's own world: asked like any other, where there is something to know.
    pub(crate) async fn ask_databases(&self) -> Result<Arc<dyn Databases>, Failure> {
        let password = Password::new(self.administrator.to_vec());
        let realm = self.names.domain.as_str().to_uppercase();
        let auth = match self.databases.asked_by {
            AskedBy::Nobody => return Ok(database_servers::none("its server was not asked")),
            AskedBy::Administrator => sql::Auth::Kerberos {
                user: format!("{ADMINISTRATOR}@{realm}"),
                secret: LogonSecret::Password(password),
            },
            AskedBy::Sa => sql::Auth::Sql {
                user: "sa".to_owned(),
                password,
            },
        };
        let listener = self
            .databases
            .listener
            .get_or_try_init(|| self.listen_sql());
        Ok(Arc::new(SqlDatabases::new(ToTheLab {
            address: listener.await?.address(),
            server: self.database_server()?.to_string(),
            authority: self.authority_pem().as_bytes().to_vec(),
            auth: Arc::new(auth),
            kdc: self.addresses().kdc,
        })))
    }

    /// Lets the database server listen on loopback. The domain's administrators are its administrators; its own login
    /// `sa` has the Administrator's password.
    pub async fn listen_sql(&self) -> Result<RunningDatabaseServer, Failure> {
        let administrator = self
            .lab
            .domain()
            .find(&ADMINISTRATOR.parse().map_err(internal)?);
        let domain = administrator.and_then(|it| it.sid.domain());
        if let Some(administrators) = domain.and_then(|it| it.with_rid(DOMAIN_ADMINS).ok()) {
            self.sql.make_administrator(administrators);
        }
        let options = DatabaseServerOptions {
            computer: DATABASE_SERVER.to_owned(),
            address: ([127, 0, 0, 1], 0).into(),
            sa_password: Some(self.administrator.clone()),
        };
        let started = self.lab.serve_sql(options, Arc::clone(&self.sql)).await;
        started.map_err(|error| {
            Failure::new("lab", "the lab's database server does not start").caused_by(&error)
        })
    }

    /// The name that its certificate and its tickets are for.
    pub fn database_server(&self) -> Result<DnsName, Failure> {
        name(&format!(
            "{}.{}",
            DATABASE_SERVER.to_lowercase(),
            self.names.domain
        ))
    }
}

/// One server stands for all.
struct ToTheLab {
    address: SocketAddr,
    server: String,
    authority: Vec<u8>,
    auth: Arc<sql::Auth>,
    kdc: SocketAddr,
}

#[async_trait]
impl Way for ToTheLab {
    async fn to(&self, _: &ServerAddress) -> Result<Endpoint, WorldError> {
        Ok(Endpoint {
            server: self.server.clone(),
            address: self.address,
            port: PORT,
            trust: TlsRoots::Pem(self.authority.clone()),
            protocol: Protocol::Tds7,
            auth: Arc::clone(&self.auth),
            kdc: self.kdc,
        })
    }
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::new("internal", error.to_string())
}
