//! Events of the host's logs.

use serde::{Deserialize, Serialize};

use crate::UnixMillis;

/// Most events that one answer holds.
pub const EVENT_LIMIT: u32 = 1_000;

/// Which events are wanted; every part narrows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// Name of the log, such as `System`.
    pub log: String,
    /// Who wrote them, such as `Service Control Manager`; `None` for anybody.
    pub provider: Option<String>,
    /// Their numbers; none for any.
    pub ids: Vec<u32>,
    /// Not older than this, by the host's clock.
    pub since: Option<UnixMillis>,
    /// At most so many, the newest; never more than [`EVENT_LIMIT`].
    pub limit: u32,
}

/// Events, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// The events.
    pub events: Vec<Event>,
    /// Whether there were more than the limit.
    pub more: bool,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, by the host's clock.
    pub time: UnixMillis,
    /// Its number in the log.
    pub record: u64,
    /// Who wrote it.
    pub provider: String,
    /// Its number, meaningful with its provider only.
    pub id: u32,
    /// How bad it is.
    pub level: EventLevel,
    /// What happened; `None` where the host cannot say it in words.
    pub message: Option<String>,
}

/// How bad an event is (winmeta.xml, levels).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventLevel {
    /// 1.
    Critical,
    /// 2.
    Error,
    /// 3.
    Warning,
    /// 4, and 0 for logs that have no levels.
    Information,
    /// 5 and more.
    Verbose,
}

impl EventLevel {
    /// From the number that the log has.
    pub fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Critical,
            2 => Self::Error,
            3 => Self::Warning,
            0 | 4 => Self::Information,
            _ => Self::Verbose,
        }
    }
}
