//! The database port over the client: one connection for each question, so that nothing is kept that can grow stale.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::database::{DatabaseAccess, DatabaseFacts, DatabasePlace, Repair};
use model::ports::{DatabaseAccount, Databases, ErrorKind, WorldError};
use planner::database::{lacking, script, way_back};
use security::Sid;

use crate::access::{Asker, Whose};
use crate::address::ServerAddress;
use crate::client::Client;
use crate::error::Error;
use crate::login::Endpoint;

/// Finds a server, and says who logs on to it.
#[async_trait]
pub trait Way: Send + Sync {
    /// Where it is.
    async fn to(&self, server: &ServerAddress) -> Result<Endpoint, WorldError>;
}

/// All database servers that a way leads to.
pub struct SqlDatabases<W>(W);

/// An account in a database that was entered.
struct Found {
    asker: Asker,
    sid: Sid,
    access: DatabaseAccess,
}

impl<W: Way> SqlDatabases<W> {
    /// Connected when a question comes.
    pub fn new(way: W) -> Self {
        Self(way)
    }

    async fn asker(&self, place: &DatabasePlace) -> Result<Asker, WorldError> {
        let invalid = |error: crate::InvalidServerAddress| {
            WorldError::new(ErrorKind::NotConfigured, error.to_string())
        };
        let server = place.server.parse().map_err(invalid)?;
        let endpoint = self.0.to(&server).await?;
        tracing::info!(
            server = endpoint.server,
            port = endpoint.port,
            "logs on to the database server"
        );
        Ok(Asker::new(Client::connect(&endpoint).await?))
    }

    /// `None` where the server's own Windows knows no such account.
    async fn find(
        &self,
        place: &DatabasePlace,
        account: &str,
    ) -> Result<Option<Found>, WorldError> {
        let mut asker = self.asker(place).await?;
        let (_, database) = asker.look(&place.database).await?;
        if database.is_none_or(|it| !it.accessible) {
            let what = format!("the operator does not get into the database {place}");
            return Err(WorldError::new(ErrorKind::Denied, what)
                .advise("log on as a member of sysadmin, or as somebody with a user there"));
        }
        let Some(sid) = asker.sid_of(account).await? else {
            return Ok(None);
        };
        let groups = &BTreeSet::new();
        let whose = Whose {
            account,
            sid,
            groups,
        };
        let access = asker.access(&whose).await?;
        Ok(Some(Found { asker, sid, access }))
    }
}

#[async_trait]
impl<W: Way> Databases for SqlDatabases<W> {
    async fn look(
        &self,
        place: &DatabasePlace,
        accounts: &[DatabaseAccount],
    ) -> Result<DatabaseFacts, WorldError> {
        let mut asker = self.asker(place).await?;
        let (server, database) = asker.look(&place.database).await?;
        let mut access = Vec::new();
        for account in accounts {
            let whose = Whose {
                account: &account.account,
                sid: account.sid,
                groups: &account.groups,
            };
            access.push(asker.access(&whose).await?);
        }
        Ok(DatabaseFacts {
            place: place.clone(),
            server,
            database,
            access,
        })
    }

    async fn lacking(
        &self,
        place: &DatabasePlace,
        account: &str,
        wanted: &[Repair],
    ) -> Result<Vec<Repair>, WorldError> {
        match self.find(place, account).await? {
            Some(found) => Ok(lacking(&found.access, wanted)),
            None => Err(unknown(place, account)),
        }
    }

    async fn give(
        &self,
        place: &DatabasePlace,
        account: &str,
        repairs: &[Repair],
    ) -> Result<(), WorldError> {
        let found = self.find(place, account).await?;
        let mut found = found.ok_or_else(|| unknown(place, account))?;
        let batch = script(account, &found.sid, &place.database, repairs);
        run(&mut found.asker, &batch).await
    }

    async fn take_back(
        &self,
        place: &DatabasePlace,
        account: &str,
        given: &[Repair],
    ) -> Result<(), WorldError> {
        let Some(mut found) = self.find(place, account).await? else {
            return Ok(()); // Without the account nothing of it is left but names.
        };
        let batch = way_back(&place.database, given, &found.access);
        match batch.is_empty() {
            true => Ok(()),
            false => run(&mut found.asker, &batch).await,
        }
    }
}

/// Runs what changes something: whether an answer that was lost had its effect is not known.
async fn run(asker: &mut Asker, batch: &str) -> Result<(), WorldError> {
    let answer = asker.run("change who gets in", batch).await;
    answer.map_err(|error| {
        let ambiguous = error.leaves_open();
        WorldError::from(error).ambiguous(ambiguous)
    })
}

fn unknown(place: &DatabasePlace, account: &str) -> WorldError {
    let what = format!("{} does not know {account} (yet)", place.server);
    WorldError::new(ErrorKind::NotFound, what)
}

impl From<Error> for WorldError {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Connect { .. } | Error::Browser { .. } => ErrorKind::Unreachable,
            Error::Tls { .. } | Error::NoEncryption { .. } => ErrorKind::Untrusted,
            Error::Logon(_) => ErrorKind::Credential,
            Error::Server { error, .. } if error.is_refused_log_on() => ErrorKind::Credential,
            Error::Server { error, .. } if error.is_denied() => ErrorKind::Denied,
            Error::Server { .. } => ErrorKind::Failed,
            Error::Unsupported(_) => ErrorKind::NotSupported,
            Error::Connection { .. } | Error::Timeout { .. } => ErrorKind::Timeout,
            Error::Protocol { .. } => ErrorKind::Protocol,
        };
        let advice = error.advice().map(str::to_owned);
        let mut world = Self::new(kind, error.to_string()).caused_by(error);
        world.advice = advice;
        world
    }
}
