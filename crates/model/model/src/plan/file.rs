//! A plan as a file: sealed against edits by hand.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Fact, Plan};

/// What stands in a plan file: the plan and the hash of its content.
///
/// The seal finds edits by hand and damage; it is no signature and proves nothing about who made the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDocument {
    /// SHA-256 over the plan's JSON, lower-case hex.
    pub seal: String,
    /// The plan.
    #[serde(flatten)]
    pub plan: Plan,
}

/// Why a file is not a plan that may be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPlan {
    /// No JSON, or not a plan's.
    #[error("this is not a plan file: {0}")]
    NotAPlan(#[source] serde_json::Error),
    /// A format of another gmsactl.
    #[error("the plan has format {0}, this gmsactl knows format 1")]
    Format(u32),
    /// The content does not match its seal.
    #[error("the plan was changed after it was made: its content does not match its seal")]
    Edited,
}

impl PlanDocument {
    /// Seals a plan.
    ///
    /// # Errors
    /// Only where JSON cannot hold it, which the types forbid.
    pub fn seal(plan: Plan) -> Result<Self, serde_json::Error> {
        Ok(Self {
            seal: plan.digest()?,
            plan,
        })
    }

    /// The file's text.
    ///
    /// # Errors
    /// Only where JSON cannot hold it, which the types forbid.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads a plan file and checks its seal.
    ///
    /// # Errors
    /// [`InvalidPlan`] says which of the ways it fails.
    pub fn parse(text: &str) -> Result<Self, InvalidPlan> {
        let raw: serde_json::Value = serde_json::from_str(text).map_err(InvalidPlan::NotAPlan)?;
        if let Some(format) = raw.get("format").and_then(serde_json::Value::as_u64)
            && format != u64::from(Plan::FORMAT)
        {
            return Err(InvalidPlan::Format(
                u32::try_from(format).unwrap_or(u32::MAX),
            ));
        }
        let document: Self = serde_json::from_value(raw.clone()).map_err(InvalidPlan::NotAPlan)?;
        let whole = serde_json::to_value(&document).map_err(InvalidPlan::NotAPlan)?;
        // Fields that the types do not know would escape the seal: a document must say the same when written again.
        if whole != raw || document.plan.digest().map_err(InvalidPlan::NotAPlan)? != document.seal {
            return Err(InvalidPlan::Edited);
        }
        Ok(document)
    }
}

impl Plan {
    /// The format that this gmsactl writes and reads.
    pub const FORMAT: u32 = 1;

    /// SHA-256 over the plan's JSON, lower-case hex: names the plan in journals.
    ///
    /// # Errors
    /// Only where JSON cannot hold it, which the types forbid.
    pub fn digest(&self) -> Result<String, serde_json::Error> {
        Ok(hex::encode(Sha256::digest(serde_json::to_vec(self)?)))
    }
}

/// SHA-256 over facts, lower-case hex: what makes a plan stale when it changes.
pub fn fingerprint(facts: &[Fact]) -> String {
    let mut hash = Sha256::new();
    for fact in facts {
        for part in [&fact.subject, &fact.what, &fact.value] {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hex::encode(hash.finalize())
}
