//! Errors of all floors, mapped to a kind, causes, a hint and an exit code: in this place only.

use std::error::Error;
use std::path::Path;

use engine::EngineError;
use model::estate::InvalidEstate;
use model::finding::Finding;
use model::intent::InvalidIntent;
use model::plan::InvalidPlan;
use model::ports::{ErrorKind, JournalError, WorldError};

/// Exit codes of the command line's contract.
pub mod exit {
    /// Refused or failed, nothing left half-way.
    pub const REFUSED: u8 = 1;
    /// `plan`: there are changes.
    pub const CHANGES: u8 = 2;
    /// Failed and unwound.
    pub const UNWOUND: u8 = 3;
    /// Stuck: needs the command that was printed.
    pub const STUCK: u8 = 4;
    /// Waits at a gate: the same command goes on later.
    pub const WAITING: u8 = 5;
    /// Wrong usage.
    pub const USAGE: u8 = 64;
}

/// What an operator is told when a command cannot do its work.
#[derive(Debug)]
pub struct Failure {
    /// A word for scripts.
    pub kind: &'static str,
    /// One line.
    pub message: String,
    /// What it came from, outermost first.
    pub causes: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// Findings that stand in the way.
    pub findings: Vec<Finding>,
    /// Exit code.
    pub exit: u8,
}

impl Failure {
    /// A refusal of that kind.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind,
            message,
            causes: Vec::new(),
            hint: None,
            findings: Vec::new(),
            exit: exit::REFUSED,
        }
    }

    /// Adds what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the exit code.
    pub fn exit(mut self, exit: u8) -> Self {
        self.exit = exit;
        self
    }

    /// Adds what it came from.
    pub fn caused_by(mut self, error: &(dyn Error + 'static)) -> Self {
        self.causes.extend(chain(Some(error)));
        self
    }

    /// A file that cannot be read or written.
    pub fn file(kind: &'static str, what: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(kind, format!("{what} {} cannot be used", path.display()))
            .caused_by(error)
            .hint("check the path, and the rights on it")
    }
}

fn chain(mut error: Option<&(dyn Error + 'static)>) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    while let Some(cause) = error {
        let text = cause.to_string().trim_end().to_owned(); // TOML's errors end with a line end
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        error = cause.source();
    }
    causes
}

/// An error with its sources, the error itself as the message.
fn failure(kind: &'static str, error: &(dyn Error + 'static)) -> Failure {
    let mut causes = chain(Some(error)).into_iter();
    let message = causes.next().unwrap_or_default();
    let causes = causes
        .filter(|cause| !message.contains(cause.as_str()))
        .collect();
    Failure {
        causes,
        ..Failure::new(kind, message)
    }
}

impl From<WorldError> for Failure {
    fn from(error: WorldError) -> Self {
        Self {
            hint: error.advice.clone(),
            ..failure(word(error.kind), &error)
        }
    }
}

fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unreachable => "unreachable",
        ErrorKind::Untrusted => "untrusted",
        ErrorKind::Credential => "credential",
        ErrorKind::Denied => "denied",
        ErrorKind::NotFound => "not-found",
        ErrorKind::Exists => "exists",
        ErrorKind::Conflict => "conflict",
        ErrorKind::NotSupported => "not-supported",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Protocol => "protocol",
        ErrorKind::NotConfigured => "not-configured",
        ErrorKind::ReadOnly => "read-only",
        ErrorKind::NotConfidential => "not-confidential",
        ErrorKind::Failed => "failed",
    }
}

impl From<sql::Error> for Failure {
    fn from(error: sql::Error) -> Self {
        WorldError::from(error).into()
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let (kind, hint) = match &error {
            JournalError::Unusable { .. } => (
                "journal",
                "look at the folder, its rights and the disk; or name another file with --state",
            ),
            JournalError::Damaged { .. } => (
                "journal",
                "the file was left as it is: restore it from a copy, or name another one with --state; what the runs in it changed stays changed",
            ),
            JournalError::TooNew { .. } => {
                ("journal", "use the gmsactl that wrote it, or a newer one")
            }
            JournalError::Locked(_) => (
                "locked",
                "wait until that process is done; two runs on one estate would undo each other's work",
            ),
        };
        failure(kind, &error).hint(hint)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Journal(error) => error.into(),
            EngineError::World(error) => error.into(),
            EngineError::Record { .. } | EngineError::Transition { .. } => {
                failure("journal", &error).hint("the journal is not one that gmsactl wrote: restore it from a copy")
            }
            EngineError::NoSuchRun(_) => failure("no-such-run", &error).hint("gmsactl runs lists them; --state names the journal"),
            EngineError::Blocked(ref findings) => {
                let findings = findings.clone();
                Self { findings, ..failure("blocked", &error).hint("resolve what the findings name, then plan again") }
            }
            EngineError::Stale(ref differences) => {
                let causes = differences.clone();
                Self { causes, ..failure("stale-plan", &error).hint("plan again, and read the new plan before you apply it") }
            }
            EngineError::OtherEstate { .. } => failure("other-estate", &error).hint("use the estate.toml that the plan was made with"),
            EngineError::Password { ref advice, .. } => failure("credential", &error).hint(advice.clone()),
            EngineError::NoWayBack { .. } => failure("no-way-back", &error)
                .hint("name the password's source under [[credential]] in estate.toml, or accept it with --accept-no-way-back"),
            EngineError::InTheWay { .. } => failure("conflict", &error)
                .hint("it may be the only copy of a key set: move it to a safe place, or name another file"),
            EngineError::OpenRun(ref run) => {
                let hint = format!("go on with its plan (gmsactl apply), or take it back: gmsactl rollback {run}");
                failure("open-run", &error).hint(hint)
            }
            EngineError::NotNow { .. } => failure("refused", &error),
        }
    }
}

impl From<InvalidPlan> for Failure {
    fn from(error: InvalidPlan) -> Self {
        let hint = match error {
            InvalidPlan::Edited => {
                "make it again with gmsactl plan; a change belongs into conversion.toml"
            }
            InvalidPlan::Format(_) => "make it again with this gmsactl",
            InvalidPlan::NotAPlan(_) => "a plan is what gmsactl plan --out writes",
        };
        failure("plan", &error).hint(hint)
    }
}

impl From<InvalidEstate> for Failure {
    fn from(error: InvalidEstate) -> Self {
        failure("estate", &error).hint("correct the estate file there, then repeat the command")
    }
}

impl From<InvalidIntent> for Failure {
    fn from(error: InvalidIntent) -> Self {
        failure("intent", &error).hint("correct conversion.toml there, then repeat the command")
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        failure("json", &error)
    }
}
