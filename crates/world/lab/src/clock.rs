//! The lab's time: the system's, moved by as much as a test or an operator wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use model::ports::Clock;
use security::{FileTime, Interval};

/// A clock that runs as the system's does, but can be moved. Copies are the same clock.
///
/// The directory lives by it: effective times of root keys, rollovers, `whenChanged`, expiry of accounts. Kerberos
/// does not, because its clients read their own system's clock: tickets and pre-authentication use the system's time
/// and [`crate::Faults`]'s clock skew.
#[derive(Debug, Clone, Default)]
pub struct LabClock {
    /// Ahead of the system's clock, in 100 ns.
    ahead: Arc<AtomicI64>,
}

impl LabClock {
    /// A clock that shows the system's time until it is moved.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Interval) {
        let ticks = i64::try_from(by.as_ticks()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(ticks, Ordering::SeqCst);
    }

    /// Makes it `time` now; the clock runs on from there.
    pub fn set(&self, time: FileTime) {
        let ahead = i128::from(time.as_ticks()) - i128::from(system_time().as_ticks());
        self.ahead
            .store(i64::try_from(ahead).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for LabClock {
    fn now(&self) -> FileTime {
        let ahead = self.ahead.load(Ordering::SeqCst);
        let moved = i128::from(system_time().as_ticks()) + i128::from(ahead);
        FileTime::from_ticks(u64::try_from(moved).unwrap_or(0))
    }
}

/// A time so many seconds later, or earlier.
pub(crate) fn moved(time: FileTime, seconds: i64) -> FileTime {
    let ticks = i128::from(time.as_ticks()) + i128::from(seconds) * 10_000_000;
    FileTime::from_ticks(u64::try_from(ticks).unwrap_or(0))
}

/// What the system's clock shows.
pub(crate) fn system_time() -> FileTime {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i128::try_from(since.as_nanos())
        .ok()
        .and_then(FileTime::from_unix_nanos)
        .unwrap_or(FileTime::ZERO)
}
