//! How many domain controllers a lab has, and how fast they tell each other.

use clap::Args;
use lab::{LabError, LabSeed};
use security::Interval;

use crate::error::Failure;
use crate::lab_fault::LabFault;

/// What is asked of a lab's domain controllers.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Controllers {
    /// Have so many writable domain controllers, on 127.0.0.1 and the addresses after it; the hosts ask the last one [default: as
    /// many as there were where it comes from, and two for a fault that needs them].
    #[arg(
        long = "domain-controllers", value_name = "N",
        value_parser = clap::value_parser!(u8).range(1..=16)
    )]
    count: Option<u8>,
    /// Have so many read-only domain controllers beside them, on the addresses after theirs [default: as many as there were
    /// where it comes from].
    #[arg(
        long = "read-only-domain-controllers", value_name = "N",
        value_parser = clap::value_parser!(u8).range(0..=16)
    )]
    read_only: Option<u8>,
    /// What is written on one domain controller reaches the others so much later by the lab's clock: 30s, 15m, 2h.
    #[arg(long = "replication-delay", value_name = "DURATION", value_parser = duration)]
    delay: Option<Interval>,
    /// What faults need where no number is asked for.
    #[arg(skip)]
    at_least: usize,
}

impl Controllers {
    /// The same, with as many as these faults need.
    pub fn for_faults<'a>(mut self, faults: impl IntoIterator<Item = &'a LabFault>) -> Self {
        let needed = faults.into_iter().map(LabFault::controllers_needed).max();
        self.at_least = needed.unwrap_or(1);
        self
    }

    /// Lets a lab start with them.
    ///
    /// # Errors
    /// Where it has more than are asked for.
    pub fn apply(self, seed: &mut LabSeed) -> Result<(), Failure> {
        if let Some(delay) = self.delay {
            seed.replication_delay = delay;
        }
        let there = seed.writable_controllers();
        let wanted = self.count.map_or(there.max(self.at_least), usize::from);
        let grown = seed.grow_to(wanted);
        grown.map_err(|error| too_few("--domain-controllers", &error))?;
        let there = seed.read_only_controllers.len();
        let wanted = self.read_only.map_or(there, usize::from);
        let grown = seed.grow_read_only_to(wanted);
        grown.map_err(|error| too_few("--read-only-domain-controllers", &error))
    }
}

fn too_few(option: &str, error: &LabError) -> Failure {
    Failure::new("usage", "the lab cannot have so few domain controllers")
        .caused_by(error)
        .hint(format!("leave {option} out, or name a larger number"))
}

/// `90`, `30s`, `15m`, `2h`: at most a year.
fn duration(text: &str) -> Result<Interval, String> {
    const SECOND: u64 = 10_000_000;
    const YEAR: u64 = 365 * 24 * 3600;
    let wrong = || format!("{text:?} is no duration: 30s, 15m, 2h");
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) if text.ends_with('m') => (number, 60),
        Some(number) if text.ends_with('h') => (number, 3600),
        Some(number) => (number, 1),
        None => (text, 1),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = number.checked_mul(unit).filter(|seconds| *seconds <= YEAR);
    let seconds = seconds.ok_or_else(|| format!("{text:?} is longer than a year"))?;
    Ok(Interval::from_ticks(seconds * SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("15m"), Ok(Interval::from_minutes(15)));
        assert_eq!(duration("2h"), Ok(Interval::from_hours(2)));
        assert_eq!(duration("90s"), duration("90"));
        for wrong in ["", "m", "1d", "-1s", "9999999h", "18446744073709551615h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
