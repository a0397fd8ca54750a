//! One change on a host: shown, made, and seen to hold.

use clap::Args;
use model::names::HostName;
use model::plan::Change;
use model::ports::WorldError;

use crate::documents::host::HostChange;
use crate::error::Failure;

/// Options of every verb that changes something.
#[derive(Debug, Clone, Copy, Args)]
pub struct Writing {
    /// Show what would be changed, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// What is to be done, as read from the host before.
pub struct Wanted {
    /// Where.
    pub host: HostName,
    /// What it is about, in words.
    pub subject: String,
    /// Old → new; none where it holds already.
    pub changes: Vec<Change>,
    /// What the operator should know.
    pub advice: Vec<String>,
}

impl Wanted {
    /// A change of one property, none where both are the same.
    pub fn one(host: &HostName, subject: String, change: Option<Change>) -> Self {
        Self {
            host: host.clone(),
            subject,
            changes: change.into_iter().collect(),
            advice: Vec::new(),
        }
    }

    /// Makes the change, unless it holds already or nothing is to be changed, and looks whether it holds.
    ///
    /// An answer that was lost on the way is read back in the same manner: nothing is sent twice.
    pub async fn carry_out(
        self,
        writing: Writing,
        apply: impl AsyncFnOnce() -> Result<(), WorldError>,
        holds: impl AsyncFn() -> Result<bool, WorldError>,
    ) -> Result<HostChange, Failure> {
        let applied = !writing.dry_run && !self.changes.is_empty();
        if applied {
            match apply().await {
                Ok(()) if holds().await? => {}
                Ok(()) => {
                    let what = format!("{}: {} did not stay so", self.host, self.subject);
                    let hint =
                        "something on the host sets it back: a policy, a program, a colleague";
                    return Err(Failure::new("conflict", what).hint(hint));
                }
                Err(error) if error.ambiguous && holds().await.unwrap_or(false) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.into_document(writing, applied))
    }

    fn into_document(self, writing: Writing, applied: bool) -> HostChange {
        HostChange {
            host: self.host,
            subject: self.subject,
            changes: self.changes,
            dry_run: writing.dry_run,
            applied,
            advice: self.advice,
            stopped: None,
        }
    }
}

/// Old → new, `None` where both are the same.
pub fn change(what: &str, from: Option<String>, to: Option<String>) -> Option<Change> {
    let what = what.to_owned();
    (from != to).then_some(Change { what, from, to })
}
