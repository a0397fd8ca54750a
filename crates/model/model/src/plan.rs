//! What was decided: ordered steps, each with what it changes, as a file.

mod action;
mod file;
mod setup;
mod tools;

pub use action::{Action, PasswordNeed};
pub use file::{InvalidPlan, PlanDocument, fingerprint};
pub use setup::{
    PlannedCarrier, PlannedProperty, SetupPage, StoredValues, Wizard, WizardField, WizardPage,
};
pub use tools::{PasswordHelper, ToolRun};

use security::Sid;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};
use crate::intent::Intent;
use crate::inventory::Inventory;
use crate::names::{ComponentId, DnsName, HostName, StepId};

/// A plan: made by the planner, unchanged ever after.
///
/// INVARIANT: same inventory, same intent, same plan, byte for byte. INVARIANT: no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Format of this document: 1.
    pub format: u32,
    /// Version of the gmsactl that made it.
    pub made_by: String,
    /// The estate that it is for.
    pub estate: PlannedEstate,
    /// SHA-256 over [`Plan::prior`]: another fingerprint, another world, a stale plan.
    pub fingerprint: String,
    /// What was wanted.
    pub intent: Intent,
    /// The prior state that the plan rests on.
    pub prior: Vec<Fact>,
    /// In the order of execution.
    pub steps: Vec<Step>,
    /// What the operator should know.
    pub findings: Vec<Finding>,
}

/// Component of the steps that several conversions rest on: these are taken back with the whole run only.
pub const SHARED: &str = "shared";

/// Which estate a plan is for: it is refused on any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedEstate {
    /// Name from `estate.toml`.
    pub name: String,
    /// DNS name of the domain.
    pub domain: DnsName,
    /// NetBIOS name of the domain.
    pub netbios_name: String,
    /// SID of the domain.
    pub domain_sid: Sid,
}

impl PlannedEstate {
    /// The estate of an inventory.
    pub fn of(inventory: &Inventory) -> Self {
        Self {
            name: inventory.estate.clone(),
            domain: inventory.domain.dns_name.clone(),
            netbios_name: inventory.domain.netbios_name.clone(),
            domain_sid: inventory.domain.sid,
        }
    }
}

/// One fact of the prior state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fact {
    /// About what: an account, a service on a host.
    pub subject: String,
    /// Which property.
    pub what: String,
    /// Its value as text; `-` where there is none.
    pub value: String,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Unique in the plan.
    pub id: StepId,
    /// [`Action::kind`], once more where readers look for it.
    pub kind: String,
    /// The component whose conversion it is part of.
    pub component: ComponentId,
    /// What it is about, in words.
    pub subject: String,
    /// The host that it happens on; none for the directory.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<HostName>,
    /// Steps that must hold before.
    pub requires: Vec<StepId>,
    /// Old → new; empty for a step that only looks.
    pub changes: Vec<Change>,
    /// Whether and how it can be taken back.
    pub reversible: Reversible,
    /// Whether there is anything to do.
    #[serde(flatten)]
    pub status: StepStatus,
    /// How long the service is expected to be down because of it, in seconds.
    pub downtime_seconds: u32,
    /// The least privilege that it needs.
    pub privilege: String,
    /// What exactly to do.
    pub action: Action,
}

/// Old → new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which property.
    pub what: String,
    /// Before; `null` where there was nothing.
    pub from: Option<String>,
    /// After; `null` where nothing is left.
    pub to: Option<String>,
}

/// Whether and how a step can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reversible {
    /// With what gmsactl has.
    Free,
    /// With the password of the old account.
    Credential,
    /// Not at all.
    None,
}

/// Whether there is anything to do.
///
/// In JSON two fields: `status`, `change` or `no-op`, and `gate: true` for a no-op that is looked at all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "StatusFields", try_from = "StatusFields")]
pub enum StepStatus {
    /// It changes something.
    Change,
    /// It changes nothing and looks: a gate or a proof.
    Check,
    /// It holds already.
    NoOp,
}

/// [`StepStatus`] as its JSON fields.
#[derive(Serialize, Deserialize)]
struct StatusFields {
    status: StatusWord,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    gate: bool,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StatusWord {
    Change,
    NoOp,
}

impl From<StepStatus> for StatusFields {
    fn from(status: StepStatus) -> Self {
        let word = if status == StepStatus::Change {
            StatusWord::Change
        } else {
            StatusWord::NoOp
        };
        Self {
            status: word,
            gate: status == StepStatus::Check,
        }
    }
}

impl TryFrom<StatusFields> for StepStatus {
    type Error = &'static str;

    fn try_from(fields: StatusFields) -> Result<Self, Self::Error> {
        match (fields.status, fields.gate) {
            (StatusWord::Change, false) => Ok(Self::Change),
            (StatusWord::NoOp, true) => Ok(Self::Check),
            (StatusWord::NoOp, false) => Ok(Self::NoOp),
            (StatusWord::Change, true) => Err("a gate changes nothing"),
        }
    }
}

impl Plan {
    /// Whether applying it would change anything.
    pub fn has_changes(&self) -> bool {
        self.steps
            .iter()
            .any(|step| step.status == StepStatus::Change)
    }

    /// The findings that forbid applying it.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.severity == Severity::Blocks)
    }

    /// Whether some finding forbids applying it.
    pub fn is_blocked(&self) -> bool {
        self.blocking().next().is_some()
    }

    /// The step of that id.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }
}
