//! How long a managed password lasts.

use kds::KEY_CYCLE;
use security::Interval;
use serde::{Deserialize, Serialize};

use crate::ManagedPasswordError;

/// `msDS-ManagedPasswordInterval`: days, fixed when the account is created; 30 unless asked otherwise.
///
/// INVARIANT: not negative, and its rollover interval fits into 64 bits of 100 ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct ManagedPasswordInterval {
    days: u32,
}

impl ManagedPasswordInterval {
    /// What New-ADServiceAccount takes when it is not told.
    pub const DEFAULT: Self = Self { days: 30 };

    /// Takes days; 0 can be stored, but a domain controller refuses to read such an account's password.
    ///
    /// # Errors
    /// [`ManagedPasswordError::Interval`] when negative, or above about 21 million days.
    pub fn from_days(days: i64) -> Result<Self, ManagedPasswordError> {
        let interval = u32::try_from(days).ok().map(|days| Self { days });
        interval
            .filter(|interval| interval.checked_rollover().is_some())
            .ok_or(ManagedPasswordError::Interval(days))
    }

    /// The days that were asked for.
    #[must_use]
    pub fn days(self) -> u32 {
        self.days
    }

    /// How long a password really lasts: whole key cycles of 10 hours.
    ///
    /// ⌊days · 24 / 10⌋ · 10 h: 20 hours for 1 day, 720 hours for 30.
    #[must_use]
    pub fn rollover(self) -> Interval {
        self.checked_rollover().unwrap_or_default() // it fits: see the invariant
    }

    fn checked_rollover(self) -> Option<Interval> {
        KEY_CYCLE.checked_mul(u64::from(self.days) * 24 / 10)
    }
}

impl TryFrom<i64> for ManagedPasswordInterval {
    type Error = ManagedPasswordError;

    fn try_from(days: i64) -> Result<Self, ManagedPasswordError> {
        Self::from_days(days)
    }
}

impl From<ManagedPasswordInterval> for i64 {
    fn from(interval: ManagedPasswordInterval) -> Self {
        Self::from(interval.days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_interval_still_fits() {
        assert!(ManagedPasswordInterval::from_days(21_350_397).is_ok());
        for days in [i64::MIN, -1, 21_350_400, i64::from(u32::MAX), i64::MAX] {
            assert_eq!(
                ManagedPasswordInterval::from_days(days),
                Err(ManagedPasswordError::Interval(days))
            );
        }
        assert_eq!(
            ManagedPasswordInterval::DEFAULT.rollover(),
            Interval::from_hours(720)
        );
    }
}
