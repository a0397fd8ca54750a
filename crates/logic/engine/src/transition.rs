//! The whole legal life of a step, as one function.
//!
//! ```text
//! planned ─▶ observing ─▶ observed ─▶ applying ─▶ applied ─▶ checked
//!               ▲ │           │        │  ▲ │        │          │
//!               │ └─ waiting ◀┼────────┘  └─┘        │          │
//!               └─────────────┘        └──▶ failed ◀─┘          │
//!                                             │                 │
//!                       undone ◀─ undoing ◀───┴─────────────────┘
//!                                  │   ▲
//!                                  └▶ undo-failed
//! ```
//! From applying a step may also be handed over to a person, who may or may not begin: back to applying, or to undoing.
//!
//! A process that died leaves a step in any of these states; the arrows back into the same state are its successor
//! taking over.

use model::run::StepChange;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepState {
    /// In the plan, not begun.
    Planned,
    /// Its prior state is being read.
    Observing,
    /// Its prior state is known and nothing was touched.
    Observed,
    /// The change may or may not have been made.
    Applying,
    /// A person is to make the change, and may have begun.
    HandedOver,
    /// The change was made.
    Applied,
    /// The change was made and read back.
    Checked,
    /// It waits at a gate; nothing was touched.
    Waiting,
    /// It failed before anything was touched.
    FailedUntouched,
    /// It failed and may have changed something.
    Failed,
    /// The change is being taken back.
    Undoing,
    /// The change was taken back.
    Undone,
    /// Taking it back failed.
    UndoFailed,
}

/// An event that cannot follow on a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a step that is {state:?} cannot become {change}")]
pub struct IllegalTransition {
    /// Where the step stood.
    pub state: StepState,
    /// The event's name.
    pub change: &'static str,
}

/// The state that follows on an event.
///
/// # Errors
/// Where the event cannot follow: the journal is not one that this engine wrote.
pub fn next(state: StepState, change: &StepChange) -> Result<StepState, IllegalTransition> {
    use StepState as S;
    match (state, change) {
        (S::Planned | S::Observing | S::Observed | S::Waiting, StepChange::Observing) => {
            Ok(S::Observing)
        }
        (S::Observing, StepChange::Observed { .. }) => Ok(S::Observed),
        (S::Observed | S::Applying | S::HandedOver, StepChange::Applying) => Ok(S::Applying),
        (S::Applying, StepChange::HandedOver { .. }) => Ok(S::HandedOver),
        (S::Applying, StepChange::Applied { .. }) => Ok(S::Applied),
        (S::Applied, StepChange::Checked { .. }) => Ok(S::Checked),
        // Only gates wait, and gates touch nothing: they begin again from the start.
        (S::Observing | S::Applying, StepChange::Waiting { .. }) => Ok(S::Waiting),
        (S::Observing | S::Observed, StepChange::Failed { .. }) => Ok(S::FailedUntouched),
        (S::Applying | S::Applied, StepChange::Failed { .. }) => Ok(S::Failed),
        (
            S::Applying
            | S::HandedOver
            | S::Applied
            | S::Checked
            | S::Failed
            | S::Undoing
            | S::UndoFailed,
            StepChange::Undoing,
        ) => Ok(S::Undoing),
        (S::Undoing, StepChange::Undone) => Ok(S::Undone),
        (S::Undoing, StepChange::UndoFailed { .. }) => Ok(S::UndoFailed),
        (state, change) => Err(IllegalTransition {
            state,
            change: name(change),
        }),
    }
}

impl StepState {
    /// Whether the step may have changed the world and was not taken back.
    pub fn may_have_changed(self) -> bool {
        matches!(
            self,
            Self::Applying
                | Self::HandedOver
                | Self::Applied
                | Self::Checked
                | Self::Failed
                | Self::Undoing
                | Self::UndoFailed
        )
    }

    /// Whether something went wrong or is being taken back: the run goes backwards from here.
    pub fn turns_back(self) -> bool {
        matches!(
            self,
            Self::FailedUntouched | Self::Failed | Self::Undoing | Self::Undone | Self::UndoFailed
        )
    }

    /// The word for views and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Observing => "observing",
            Self::Observed => "observed",
            Self::Applying => "applying",
            Self::HandedOver => "handed-over",
            Self::Applied => "applied",
            Self::Checked => "checked",
            Self::Waiting => "waiting",
            Self::FailedUntouched | Self::Failed => "failed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::UndoFailed => "undo-failed",
        }
    }
}

fn name(change: &StepChange) -> &'static str {
    match change {
        StepChange::Observing => "observing",
        StepChange::Observed { .. } => "observed",
        StepChange::Applying => "applying",
        StepChange::Applied { .. } => "applied",
        StepChange::Checked { .. } => "checked",
        StepChange::Waiting { .. } => "waiting",
        StepChange::HandedOver { .. } => "handed-over",
        StepChange::Failed { .. } => "failed",
        StepChange::Undoing => "undoing",
        StepChange::Undone => "undone",
        StepChange::UndoFailed { .. } => "undo-failed",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn every_change() -> Vec<StepChange> {
        let why = || "x".to_owned();
        vec![
            StepChange::Observing,
            StepChange::Observed { prior: Value::Null },
            StepChange::Applying,
            StepChange::Applied {
                outcome: Value::Null,
            },
            StepChange::Checked { detail: why() },
            StepChange::Waiting { why: why() },
            StepChange::HandedOver {
                why: why(),
                advice: None,
            },
            StepChange::Failed {
                why: why(),
                advice: None,
            },
            StepChange::Undoing,
            StepChange::Undone,
            StepChange::UndoFailed {
                why: why(),
                advice: None,
            },
        ]
    }

    /// All words of four events that the function accepts from the start.
    fn legal_words(length: usize) -> Vec<(Vec<StepChange>, StepState)> {
        let mut words = vec![(Vec::new(), StepState::Planned)];
        for _ in 0..length {
            words = words
                .iter()
                .flat_map(|(word, state)| {
                    every_change().into_iter().filter_map(|change| {
                        let state = next(*state, &change).ok()?;
                        Some(([word.as_slice(), &[change]].concat(), state))
                    })
                })
                .collect();
        }
        words
    }

    #[test]
    fn applying_needs_a_durable_prior_state() {
        for (word, _) in legal_words(6) {
            if let Some(applying) = word
                .iter()
                .position(|change| *change == StepChange::Applying)
            {
                let observed = word
                    .iter()
                    .position(|change| matches!(change, StepChange::Observed { .. }));
                assert!(
                    observed.is_some_and(|observed| observed < applying),
                    "{word:?}"
                );
            }
        }
    }

    #[test]
    fn undoing_needs_a_begun_apply() {
        for (word, _) in legal_words(6) {
            if let Some(undoing) = word
                .iter()
                .position(|change| *change == StepChange::Undoing)
            {
                assert!(word[..undoing].contains(&StepChange::Applying), "{word:?}");
            }
        }
    }

    #[test]
    fn what_is_undone_stays_undone() {
        assert!(
            every_change()
                .iter()
                .all(|change| next(StepState::Undone, change).is_err())
        );
    }
}
