//! The document of `sql check`.

use model::database::{DatabaseServer, Repair};
use planner::database::Check;
use security::Sid;
use serde::Serialize;

/// What was found, what is lacking, and what was done.
#[derive(Debug, Serialize)]
pub struct SqlCheck {
    /// Whether everything is as it should be; after a repair, whether it is now.
    pub holds: bool,
    /// The server, and the operator on it.
    pub server: DatabaseServer,
    /// The database.
    pub database: String,
    /// `DOMAIN\name`
    pub account: String,
    /// Its SID.
    pub sid: Sid,
    /// The account that it was compared with.
    pub like: Option<String>,
    /// What was looked at; after a repair, as it is now.
    pub checks: Vec<Check>,
    /// What the account lacked.
    pub repairs: Vec<Repair>,
    /// What the other account has and no repair gives.
    pub not_copied: Vec<String>,
    /// What could not be looked at.
    pub notes: Vec<String>,
    /// The T-SQL of the repairs; empty without any.
    pub script: String,
    /// Whether it was run.
    pub changed: bool,
    /// Whether that was only shown.
    pub dry_run: bool,
}
