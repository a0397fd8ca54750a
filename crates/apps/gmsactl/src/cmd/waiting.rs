//! Waiting until every domain controller is up to date, with lines on the way that say which is late.

use std::time::{Duration, Instant};

use directory::ActiveDirectory;

use crate::documents::ControllerState;
use crate::error::Failure;
use crate::view::{Output, human};

/// How long, and how often is looked.
pub struct Patience {
    /// In all; zero looks once.
    pub timeout: Duration,
    /// Between two looks.
    pub poll: Duration,
}

impl Patience {
    /// For so many minutes.
    pub fn minutes(minutes: u64, poll: Duration) -> Self {
        Self {
            timeout: Duration::from_secs(minutes.saturating_mul(60)),
            poll,
        }
    }

    /// Looks until nobody is late or the time is over; what was seen last.
    pub async fn until_none_is_late(
        &self,
        output: &Output,
        mut look: impl AsyncFnMut() -> Result<Vec<ControllerState>, Failure>,
    ) -> Result<Vec<ControllerState>, Failure> {
        let began = Instant::now();
        let mut told = Vec::new();
        loop {
            let states = look().await?;
            let left = self.timeout.saturating_sub(began.elapsed());
            if left.is_zero() || states.iter().all(|one| one.late.is_none()) {
                return Ok(states);
            }
            if states != told {
                output.section(states.as_slice(), human::controllers);
                told = states;
            }
            tokio::time::sleep(left.min(self.poll)).await;
        }
    }
}

/// Which domain controllers show what this directory changed.
pub async fn look(directory: &ActiveDirectory) -> Result<Vec<ControllerState>, Failure> {
    let asked = directory.late_controllers().await?;
    let state = |(domain_controller, late)| ControllerState {
        domain_controller,
        late,
    };
    Ok(asked.into_iter().map(state).collect())
}
