//! Days to dates and back, in the proleptic Gregorian calendar.
//!
//! The year is taken to start in March, so that the leap day is its last; then months repeat in groups of five
//! with 153 days, and years in eras of 400 with 146,097 days.

const DAYS_PER_ERA: u64 = 146_097;
/// Days from 0000-03-01 to 1601-01-01.
const DAYS_BEFORE_1601: u64 = 584_694;

/// A calendar date; `month` and `day` count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CivilDate {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
}

impl CivilDate {
    /// The date that lies `days` days after 1601-01-01; `days` is at most 2^40.
    pub(crate) fn from_days_since_1601(days: u64) -> Self {
        let days = days + DAYS_BEFORE_1601;
        let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
        // Leap days: every 4 years (1,460 days), not every 100 (36,524), but every 400 (146,096).
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        Self {
            year: 400 * era + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
        }
    }

    /// Days from 1601-01-01 to this date; `None` when there is no such date, or it lies before 1601.
    pub(crate) fn days_since_1601(self) -> Option<u64> {
        if !(1601..=1_000_000).contains(&self.year)
            || !(1..=12).contains(&self.month)
            || !(1..=31).contains(&self.day)
        {
            return None;
        }
        let year = self.year - u64::from(self.month <= 2);
        let (era, year_of_era) = (year / 400, year % 400);
        let month_from_march = (self.month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = (era * DAYS_PER_ERA + day_of_era).checked_sub(DAYS_BEFORE_1601)?;
        // 31 April comes out as 1 May: such dates do not survive the way back.
        (Self::from_days_since_1601(days) == self).then_some(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_days() {
        for (days, year, month, day) in [
            (0, 1601, 1, 1),
            (134_774, 1970, 1, 1),
            (145_731, 2000, 1, 1),
            (145_790, 2000, 2, 29),
            (146_096, 2000, 12, 31),
        ] {
            let date = CivilDate { year, month, day };
            assert_eq!(CivilDate::from_days_since_1601(days), date);
            assert_eq!(date.days_since_1601(), Some(days));
        }
    }

    #[test]
    fn dates_that_do_not_exist() {
        for (year, month, day) in [
            (1600, 12, 31),
            (2023, 2, 29),
            (1900, 2, 29),
            (2024, 4, 31),
            (2024, 13, 1),
            (2024, 0, 1),
            (2024, 1, 0),
        ] {
            assert_eq!(
                CivilDate { year, month, day }.days_since_1601(),
                None,
                "{year}-{month}-{day}"
            );
        }
    }

    proptest! {
        #[test]
        fn days_round_trip_and_follow_each_other(days in 0u64..30_000_000) {
            let (date, next) = (CivilDate::from_days_since_1601(days), CivilDate::from_days_since_1601(days + 1));
            prop_assert_eq!(date.days_since_1601(), Some(days));
            let follows = next == CivilDate { day: date.day + 1, ..date }
                || next == CivilDate { year: date.year, month: date.month + 1, day: 1 }
                || next == CivilDate { year: date.year + 1, month: 1, day: 1 };
            prop_assert!(follows);
        }
    }
}
