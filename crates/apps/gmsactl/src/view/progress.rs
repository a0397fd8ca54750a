//! Progress of a run, a line per step on standard error.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engine::{Progress, StepState};
use model::plan::Step;

use super::paint::Paint;

/// Prints a line when a step ends; on a terminal also one while it goes on.
pub struct Steps {
    total: usize,
    done: AtomicUsize,
    paint: Paint,
    live: bool,
}

impl Steps {
    /// For a plan with so many steps to do.
    pub fn new(total: usize) -> Self {
        Self {
            total,
            done: AtomicUsize::new(0),
            paint: Paint::stderr(),
            live: std::io::stderr().is_terminal(),
        }
    }

    fn print(&self, line: &str) {
        drop(std::io::stderr().lock().write_all(line.as_bytes()));
    }
}

impl Progress for Steps {
    fn begins(&self, step: &Step, backwards: bool) {
        if self.live {
            let verb = if backwards { "taking back" } else { "doing" };
            self.print(&format!(
                "\r\u{1b}[2K        {} {}",
                self.paint.dim(verb),
                step.subject
            ));
        }
    }

    fn ends(&self, step: &Step, state: StepState, note: &str, took: Duration) {
        // What waits comes again.
        let waits = matches!(state, StepState::Waiting | StepState::HandedOver);
        let ended = usize::from(!waits);
        let number = self.done.fetch_add(ended, Ordering::Relaxed) + 1;
        let word = format!("{:<11}", state.word());
        let word = match state {
            StepState::Checked | StepState::Undone => self.paint.good(&word),
            StepState::Waiting | StepState::HandedOver => self.paint.warn(&word),
            _ => self.paint.bad(&word),
        };
        let clear = if self.live { "\r\u{1b}[2K" } else { "" };
        let seconds = self.paint.dim(&format!("{:.2} s", took.as_secs_f64()));
        let mut lines = format!(
            "{clear}[{number:>2}/{}] {word} {} {seconds}\n",
            self.total, step.subject
        );
        if !note.is_empty() && !matches!(state, StepState::Checked) {
            lines += &format!("        {note}\n");
        }
        self.print(&lines);
    }
}
