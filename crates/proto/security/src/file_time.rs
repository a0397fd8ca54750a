//! Instants and spans in Windows' unit of 100 nanoseconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::civil_date::CivilDate;

const TICKS_PER_SECOND: u64 = 10_000_000;
const TICKS_PER_DAY: u64 = 86_400 * TICKS_PER_SECOND;
/// 1970-01-01 as a [`FileTime`].
const UNIX_EPOCH_TICKS: u64 = 134_774 * TICKS_PER_DAY;

/// [MS-DTYP] 2.3.3 FILETIME: an instant, as 100 ns ticks since 1601-01-01T00:00:00Z.
///
/// Text is RFC 3339 in UTC with up to seven decimals; years above 9999 are written with a leading `+`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileTime(u64);

/// A span of time in 100 ns ticks; it has no sign.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Interval(u64);

/// Text that is not an instant in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the form 2026-11-22T14:05:00Z, in utc and not before 1601")]
pub struct FileTimeError;

impl FileTime {
    /// 1601-01-01T00:00:00Z.
    pub const ZERO: Self = Self(0);

    /// Takes 100 ns ticks since 1601-01-01 UTC.
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// 100 ns ticks since 1601-01-01 UTC.
    #[must_use]
    pub const fn as_ticks(self) -> u64 {
        self.0
    }

    /// Takes nanoseconds since 1970-01-01 UTC, rounded down to ticks; `None` outside the range.
    #[must_use]
    pub fn from_unix_nanos(nanos: i128) -> Option<Self> {
        let ticks = nanos
            .div_euclid(100)
            .checked_add(i128::from(UNIX_EPOCH_TICKS))?;
        u64::try_from(ticks).ok().map(Self)
    }

    /// Nanoseconds since 1970-01-01 UTC, negative before.
    #[must_use]
    pub fn to_unix_nanos(self) -> i128 {
        (i128::from(self.0) - i128::from(UNIX_EPOCH_TICKS)) * 100
    }

    /// The instant `interval` later; `None` past the end of time (the year 60056).
    #[must_use]
    pub const fn checked_add(self, interval: Interval) -> Option<Self> {
        match self.0.checked_add(interval.0) {
            Some(ticks) => Some(Self(ticks)),
            None => None,
        }
    }

    /// The instant `interval` earlier; `None` before 1601.
    #[must_use]
    pub const fn checked_sub(self, interval: Interval) -> Option<Self> {
        match self.0.checked_sub(interval.0) {
            Some(ticks) => Some(Self(ticks)),
            None => None,
        }
    }

    /// The instant `interval` earlier, but not before 1601.
    #[must_use]
    pub const fn saturating_sub(self, interval: Interval) -> Self {
        Self(self.0.saturating_sub(interval.0))
    }

    /// The instant `interval` later, but not past the end of time.
    #[must_use]
    pub const fn saturating_add(self, interval: Interval) -> Self {
        Self(self.0.saturating_add(interval.0))
    }

    /// How long ago `earlier` was; nothing if it is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Interval {
        Interval(self.0.saturating_sub(earlier.0))
    }
}

impl Interval {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Takes 100 ns ticks.
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// Takes whole minutes.
    #[must_use]
    pub const fn from_minutes(minutes: u32) -> Self {
        Self(minutes as u64 * 60 * TICKS_PER_SECOND)
    }

    /// Takes whole hours.
    #[must_use]
    pub const fn from_hours(hours: u32) -> Self {
        Self(hours as u64 * 3_600 * TICKS_PER_SECOND)
    }

    /// 100 ns ticks.
    #[must_use]
    pub const fn as_ticks(self) -> u64 {
        self.0
    }

    /// Both spans together; `None` when that overflows.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(ticks) => Some(Self(ticks)),
            None => None,
        }
    }

    /// This span without `other`, but not less than nothing.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This span `factor` times; `None` when that overflows.
    #[must_use]
    pub const fn checked_mul(self, factor: u64) -> Option<Self> {
        match self.0.checked_mul(factor) {
            Some(ticks) => Some(Self(ticks)),
            None => None,
        }
    }

    /// The same span for the standard library; exact.
    #[must_use]
    pub const fn to_duration(self) -> Duration {
        let nanos = (self.0 % TICKS_PER_SECOND) as u32 * 100;
        Duration::new(self.0 / TICKS_PER_SECOND, nanos)
    }
}

impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CivilDate { year, month, day } =
            CivilDate::from_days_since_1601(self.0 / TICKS_PER_DAY);
        let seconds = self.0 % TICKS_PER_DAY / TICKS_PER_SECOND;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let sign = if year > 9_999 { "+" } else { "" };
        write!(
            f,
            "{sign}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        match self.0 % TICKS_PER_SECOND {
            0 => f.write_str("Z"),
            fraction => write!(f, ".{}Z", format!("{fraction:07}").trim_end_matches('0')),
        }
    }
}

impl fmt::Debug for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileTime({self})")
    }
}

impl FromStr for FileTime {
    type Err = FileTimeError;

    /// Reads RFC 3339 with the offset `Z`, `+00:00` or `-00:00`; digits below 100 ns are dropped.
    fn from_str(text: &str) -> Result<Self, FileTimeError> {
        parse_rfc3339(text).ok_or(FileTimeError)
    }
}

fn parse_rfc3339(text: &str) -> Option<FileTime> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let time = ["Z", "z", "+00:00", "-00:00"]
        .iter()
        .find_map(|utc| time.strip_suffix(utc))?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));

    let (year, month, day) = parse_fields(date.strip_prefix('+').unwrap_or(date), '-')?;
    let (hour, minute, second) = parse_fields(clock, ':')?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = CivilDate { year, month, day }.days_since_1601()?;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    let ticks = seconds
        .checked_mul(TICKS_PER_SECOND)?
        .checked_add(parse_fraction(fraction)?)?;
    Some(FileTime(ticks))
}

/// Three numbers: the first with four digits or more, the others with two (a clock's first has two as well).
fn parse_fields(text: &str, separator: char) -> Option<(u64, u64, u64)> {
    let mut fields = text.split(separator);
    let (first, second, third) = (fields.next()?, fields.next()?, fields.next()?);
    let first_len = if separator == '-' { 4..=6 } else { 2..=2 };
    let shaped = first_len.contains(&first.len()) && second.len() == 2 && third.len() == 2;
    let digits = [first, second, third]
        .iter()
        .all(|field| field.bytes().all(|digit| digit.is_ascii_digit()));
    if !shaped || !digits || fields.next().is_some() {
        return None;
    }
    Some((
        first.parse().ok()?,
        second.parse().ok()?,
        third.parse().ok()?,
    ))
}

/// Ticks in the digits behind the decimal point.
fn parse_fraction(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let seven: String = digits
        .chars()
        .chain(std::iter::repeat('0'))
        .take(7)
        .collect();
    seven.parse().ok()
}

impl Serialize for FileTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FileTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_instants() {
        for (ticks, text) in [
            (0, "1601-01-01T00:00:00Z"),
            (116_444_736_000_000_000, "1970-01-01T00:00:00Z"),
            (132_895_801_920_510_000, "2022-02-17T14:03:12.051Z"),
            (132_895_441_920_205_022, "2022-02-17T04:03:12.0205022Z"),
            (u64::MAX, "+60056-05-28T05:36:10.9551615Z"),
        ] {
            assert_eq!(FileTime::from_ticks(ticks).to_string(), text);
            assert_eq!(text.parse(), Ok(FileTime::from_ticks(ticks)));
        }
    }

    #[test]
    fn unix_nanoseconds_round_down_to_ticks() {
        assert_eq!(
            FileTime::from_unix_nanos(0),
            Some(FileTime(UNIX_EPOCH_TICKS))
        );
        assert_eq!(
            FileTime::from_unix_nanos(-1),
            Some(FileTime(UNIX_EPOCH_TICKS - 1))
        );
        assert_eq!(
            FileTime::from_unix_nanos(199),
            Some(FileTime(UNIX_EPOCH_TICKS + 1))
        );
        assert_eq!(FileTime::from_unix_nanos(i128::MAX), None);
        assert_eq!(FileTime::from_unix_nanos(i128::MIN), None);
    }

    #[test]
    fn other_times_are_refused() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T14:05:00",
            "2026-11-22T14:05:00+01:00",
            "2026-11-22T24:00:00Z",
            "2026-11-22T14:60:00Z",
            "2026-11-22T14:05:60Z",
            "2026-02-30T00:00:00Z",
            "1600-12-31T23:59:59Z",
            "2026-1-22T14:05:00Z",
            "2026-11-22T14:05:00.Z",
            "2026-11-22T-1:05:00Z",
            "+60056-05-28T05:36:10.9551616Z",
        ] {
            assert_eq!(text.parse::<FileTime>(), Err(FileTimeError), "{text}");
        }
    }

    #[test]
    fn spans_convert_exactly() {
        assert_eq!(Interval::from_hours(10).as_ticks(), 360_000_000_000);
        assert_eq!(Interval::from_minutes(5).as_ticks(), 3_000_000_000);
        assert_eq!(
            Interval::from_ticks(10_000_001).to_duration(),
            Duration::new(1, 100)
        );
    }

    proptest! {
        #[test]
        fn text_and_unix_time_round_trip(ticks: u64) {
            let time = FileTime::from_ticks(ticks);
            prop_assert_eq!(time.to_string().parse::<FileTime>(), Ok(time));
            prop_assert_eq!(FileTime::from_unix_nanos(time.to_unix_nanos()), Some(time));
        }

        #[test]
        fn hostile_text_is_answered(text in "[0-9+-]{0,8}-[0-9]{0,3}-[0-9]{0,3}[Tt ][0-9:.]{0,14}[Zz+0:-]{0,6}") {
            let _ = text.parse::<FileTime>();
        }
    }
}
