//! What an operator should know: expected trouble is a finding, not an error.

use serde::{Deserialize, Serialize};

/// How much a finding stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Informs,
    /// May hurt; the plan can be applied.
    Warns,
    /// The plan cannot be applied.
    Blocks,
}

/// One finding about one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `GMSA-014`: stable, explained by `gmsactl explain`.
    pub id: String,
    /// How much it stands in the way.
    pub severity: Severity,
    /// What it is about: an account, a host, a service, a key.
    pub subject: String,
    /// What was found, in one sentence.
    pub what: String,
    /// Why that matters.
    pub why: String,
    /// What to do.
    pub advice: String,
    /// Where this knowledge comes from.
    pub source: String,
}

/// A kind of finding: all that does not depend on the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingKind {
    /// `GMSA-014`.
    pub id: &'static str,
    /// How much it stands in the way.
    pub severity: Severity,
    /// Why it matters.
    pub why: &'static str,
    /// Where this knowledge comes from.
    pub source: &'static str,
}

impl FindingKind {
    /// A finding of this kind.
    pub fn found(
        &self,
        subject: impl Into<String>,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) -> Finding {
        Finding {
            id: self.id.to_owned(),
            severity: self.severity,
            subject: subject.into(),
            what: what.into(),
            why: self.why.to_owned(),
            advice: advice.into(),
            source: self.source.to_owned(),
        }
    }
}
