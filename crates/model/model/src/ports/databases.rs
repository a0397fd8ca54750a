//! The port to database servers: what an account has there, given and taken back.

use std::collections::BTreeSet;

use async_trait::async_trait;
use security::Sid;

use super::WorldError;
use crate::database::{DatabaseFacts, DatabasePlace, Repair};

/// An account, as the directory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseAccount {
    /// `DOMAIN\\name`
    pub account: String,
    /// Its SID; that of nobody where the account is not there yet.
    pub sid: Sid,
    /// What its token has besides.
    pub groups: BTreeSet<Sid>,
}

/// Database servers, each reached when it is needed.
#[async_trait]
pub trait Databases: Send + Sync {
    /// What server and database have of these accounts.
    async fn look(
        &self,
        place: &DatabasePlace,
        accounts: &[DatabaseAccount],
    ) -> Result<DatabaseFacts, WorldError>;

    /// What of this does not hold for the account itself; what it has through groups does not count.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] where the server's own Windows does not know the account (yet).
    async fn lacking(
        &self,
        place: &DatabasePlace,
        account: &str,
        wanted: &[Repair],
    ) -> Result<Vec<Repair>, WorldError>;

    /// Gives it, in one transaction.
    async fn give(
        &self,
        place: &DatabasePlace,
        account: &str,
        repairs: &[Repair],
    ) -> Result<(), WorldError>;

    /// Takes back what was given, as far as it is still there; a user or login that has more by now stays.
    async fn take_back(
        &self,
        place: &DatabasePlace,
        account: &str,
        given: &[Repair],
    ) -> Result<(), WorldError>;
}
