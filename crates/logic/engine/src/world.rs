//! The ports, gathered; and what a run says of itself at its end.

use std::sync::Arc;

use model::finding::Finding;
use model::names::{HostName, RunId, StepId};
use model::ports::{Clock, Directory, Host, Hosts, Secrets};
use model::run::Outcome;
use serde::Serialize;

use crate::step::StepError;

/// Everything outside of the logic.
pub struct World {
    /// Active Directory.
    pub directory: Arc<dyn Directory>,
    /// The estate's hosts.
    pub hosts: Arc<dyn Hosts>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Passwords that the operator supplied.
    pub secrets: Arc<dyn Secrets>,
}

impl World {
    /// The host that a step happens on.
    pub(crate) async fn host(&self, name: &HostName) -> Result<Arc<dyn Host>, StepError> {
        Ok(self.hosts.host(name).await?)
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// Which run; none where nothing was begun.
    pub run: Option<RunId>,
    /// How it stands.
    pub outcome: Outcome,
    /// Where each step stands, in the plan's order.
    pub steps: Vec<StepReport>,
    /// What the operator should know.
    pub findings: Vec<Finding>,
    /// What this process spent on writing the journal, in milliseconds.
    pub journal_ms: f64,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// Which.
    pub id: StepId,
    /// The word of its state, or `no-op`.
    pub status: String,
    /// Why it failed or waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// How long it took in this process, with its records in the journal, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<f64>,
}
