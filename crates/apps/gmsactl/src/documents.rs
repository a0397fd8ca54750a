//! What the verbs print, beside the nouns of `model`: field names are the contract of `--json`.

pub mod agent;
pub mod host;
pub mod keyset;
mod lab;
mod rehearsal;
mod sql;

pub use lab::{LabChanged, LabControllerStatus, LabDocument, LabHostStatus, LabStatus};
pub use rehearsal::{Downtime, RehearsalDocument, RehearsedRun};
pub use sql::{SqlCheck, SqlSweep, SweptDatabase};

mod directory;

use std::path::PathBuf;

use engine::StepReport;
use model::inventory::{Account, RootKeyFacts};
use model::names::{ComponentId, RunId};
use model::run::Outcome;
use security::Sid;
use serde::Serialize;

pub use directory::{
    Changed, ControllerState, DelegationDocument, GmsaList, GroupDocument, Holder, KeytabDocument,
    Named, RightOnObject, RightsDocument, SpnCheck, SpnClash, SpnList, TestCheck, TestDocument,
    WaitDocument, named,
};

/// The document of `demo`.
#[derive(Debug, Serialize)]
pub struct DemoDocument {
    /// How the run on the first copy ended.
    pub outcome: Outcome,
    /// The components that run as gMSAs now.
    pub converted: Vec<ComponentId>,
    /// How many hosts the estate has.
    pub hosts: usize,
    /// How many steps the plan has.
    pub steps: usize,
    /// Whether everything was seen to hold afterwards, and a plan made again has nothing to do.
    pub verified: bool,
    /// Whether a second copy was as before after its conversion was rolled back.
    pub rolled_back_clean: bool,
    /// What was not as before.
    pub differences: Vec<String>,
    /// Why steps failed on the first copy.
    pub failures: Vec<String>,
    /// Services that keep their password accounts, and why.
    pub left: Vec<String>,
    /// How long all of it took.
    pub seconds: f64,
    /// The report's file.
    pub report: PathBuf,
}

/// What was tried.
#[derive(Debug, Serialize)]
pub struct DoctorDocument {
    /// Whether everything works.
    pub holds: bool,
    /// Each of them.
    pub checks: Vec<DoctorCheck>,
}

/// One thing that was tried.
#[derive(Debug, Serialize)]
pub struct DoctorCheck {
    /// A word for scripts.
    pub id: &'static str,
    /// What it is about.
    pub subject: String,
    /// Whether it works.
    pub holds: bool,
    /// What was seen.
    pub detail: String,
    /// What to do if it does not.
    pub advice: Option<String>,
}

/// The document of `kds list`.
#[derive(Debug, Serialize)]
pub struct RootKeyList {
    /// One entry per key and domain controller.
    pub root_keys: Vec<ListedKey>,
}

/// A root key as one domain controller shows it.
#[derive(Debug, Serialize)]
pub struct ListedKey {
    /// Id, times, defect.
    #[serde(flatten)]
    pub facts: RootKeyFacts,
    /// Whether it can be used now.
    pub usable: bool,
    /// The hash of its key derivation.
    pub hash: Option<String>,
}

/// The document of `kds derive`.
#[derive(Debug, Serialize)]
pub struct Derived {
    /// The root key.
    pub root_key_id: String,
    /// L0, L1, L2.
    pub group_key_id: [i32; 3],
    /// MD4 over the password, hex.
    pub nt_hash: String,
    /// The 256 bytes, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// aes256-cts-hmac-sha1-96, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aes256: Option<String>,
    /// aes128-cts-hmac-sha1-96, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aes128: Option<String>,
    /// What went into the AES keys beside the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
}

/// An account, and what only a gMSA has.
#[derive(Debug, Serialize)]
pub struct AccountDocument {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// Interval and retrieval principals of a gMSA.
    pub gmsa: Option<GmsaPart>,
}

/// What only a gMSA has.
#[derive(Debug, Serialize)]
pub struct GmsaPart {
    /// `msDS-ManagedPasswordInterval`, days.
    pub interval_days: u32,
    /// SIDs that may retrieve the managed password.
    pub retrieval_principals: Vec<Sid>,
    /// The same with their names.
    pub principals: Vec<Named>,
}

/// A run in a list.
#[derive(Debug, Serialize)]
pub struct RunSummary {
    /// Its id.
    pub run: RunId,
    /// How it ended or halted; none if it was interrupted.
    pub outcome: Option<String>,
    /// Whether it still has something to do.
    pub open: bool,
    /// When it began (RFC 3339, UTC).
    pub started: String,
    /// Who began it.
    pub by: String,
    /// The domain.
    pub estate: String,
    /// How many records it has.
    pub records: usize,
}

/// A run, step by step.
#[derive(Debug, Serialize)]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// Its steps in the plan's order.
    pub steps: Vec<StepReport>,
}

/// The document of `runs`.
#[derive(Debug, Serialize)]
pub struct RunList {
    /// All runs, oldest first.
    pub runs: Vec<RunSummary>,
}
