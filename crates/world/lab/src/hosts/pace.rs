//! How long things take on a host: time that passes by the lab's clock while a client waits for its answer.

use security::Interval;
use serde::{Deserialize, Serialize};

use super::programs::Program;

/// How long a host takes for what clients ask of it. At boot, services start side by side: a restart's time is theirs too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pace {
    /// For a service to stop.
    pub stop: Interval,
    /// For a service to start, where it has no time of its own.
    pub start: Interval,
    /// For a tool that a product brings along.
    pub tool: Interval,
    /// For a product's setup in change mode.
    pub setup: Interval,
}

impl Pace {
    /// Nothing takes any time.
    pub const AT_ONCE: Self = Self {
        stop: Interval::ZERO,
        start: Interval::ZERO,
        tool: Interval::ZERO,
        setup: Interval::ZERO,
    };

    /// What an ordinary server takes. Assumed, and measured nowhere: the service control manager itself allows 30 seconds
    /// for a start before it complains.
    pub const ASSUMED: Self = Self {
        stop: seconds(10),
        start: seconds(20),
        tool: seconds(5),
        setup: seconds(120),
    };

    /// How long a program runs.
    pub(super) fn of_program(&self, program: &Program) -> Interval {
        match program {
            Program::Installer => self.setup,
            Program::OfProduct(_) => self.tool,
            _ => Interval::ZERO,
        }
    }
}

const fn seconds(count: u64) -> Interval {
    Interval::from_ticks(count * 10_000_000)
}
