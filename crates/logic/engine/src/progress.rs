//! Telling somebody what happens while it happens.

use std::time::Duration;

use model::plan::Step;

use crate::transition::StepState;

/// Is told about each step of a run as it goes.
pub trait Progress: Send + Sync {
    /// A step is about to be done, or taken back.
    fn begins(&self, step: &Step, backwards: bool);
    /// A step came to rest; `note` says what was seen or why it failed.
    fn ends(&self, step: &Step, state: StepState, note: &str, took: Duration);
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn begins(&self, _step: &Step, _backwards: bool) {}
    fn ends(&self, _step: &Step, _state: StepState, _note: &str, _took: Duration) {}
}
