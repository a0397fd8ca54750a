//! The documents of `sql check` and `sql sweep`.

use model::database::{DatabasePlace, DatabaseServer, Repair};
use model::names::ComponentId;
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

/// Every database of some conversions.
#[derive(Debug, Serialize)]
pub struct SqlSweep {
    /// Whether every account has what it needs.
    pub holds: bool,
    /// One for each component and database.
    pub databases: Vec<SweptDatabase>,
}

/// A component's database.
#[derive(Debug, Serialize)]
pub struct SweptDatabase {
    /// The component.
    pub component: ComponentId,
    /// The database, as the hosts name it.
    pub database: DatabasePlace,
    /// The gMSA that is to get in.
    pub account: String,
    /// The account that the component runs as before.
    pub like: Option<String>,
    /// Why it could not be judged.
    pub unknown: Option<String>,
    /// Why the operator cannot give what is missing.
    pub obstacle: Option<String>,
    /// What the gMSA lacks.
    pub lacks: Vec<Repair>,
    /// What the account before it has and nobody copies.
    pub not_copied: Vec<String>,
}

impl SweptDatabase {
    /// Whether nothing is missing.
    pub fn holds(&self) -> bool {
        self.unknown.is_none() && self.lacks.is_empty()
    }
}
