//! The event log: System and Application, newest last.

use std::collections::VecDeque;
use std::fmt;

use agent_protocol::win32::Win32Code;
use agent_protocol::{EVENT_LIMIT, EventLevel, EventPage, EventQuery, Failure};
use security::{FileTime, Interval};
use serde::{Deserialize, Serialize};

use super::state::unix_millis;

/// ERROR_EVT_CHANNEL_NOT_FOUND.
const CHANNEL_NOT_FOUND: Win32Code = Win32Code(15_007);

/// Events that are kept; older ones are overwritten, as Windows does with a full log.
const KEPT: usize = 2_000;

/// Service Control Manager: service entered the state …
pub const STATE_CHANGED: u32 = 7036;
/// Service Control Manager: the service failed to start due to the following error.
pub const FAILED_TO_START: u32 = 7000;
/// Service Control Manager: a service that it depends on failed to start.
pub const DEPENDENCY_FAILED: u32 = 7001;
/// Service Control Manager: time-out while waiting for the service to connect.
pub const CONNECT_TIMEOUT: u32 = 7009;
/// Service Control Manager: the service terminated with the following error.
pub const TERMINATED: u32 = 7023;
/// Service Control Manager: the service terminated with the following service-specific error.
pub const TERMINATED_SPECIFIC: u32 = 7024;
/// Service Control Manager: the service was unable to log on as … due to the following error.
pub const UNABLE_TO_LOG_ON: u32 = 7038;
/// Service Control Manager: the service was unable to log on: it has not been granted the right.
pub const RIGHT_NOT_GRANTED: u32 = 7041;

/// Source of the service control manager's events.
pub const SERVICE_CONTROL_MANAGER: &str = "Service Control Manager";

/// One of the two logs that the lab keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Log {
    /// What Windows itself writes.
    System,
    /// What programs write.
    Application,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something may fail.
    Warning,
    /// Something happened.
    Information,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, by the host's clock.
    pub time: FileTime,
    /// Where it stands.
    pub log: Log,
    /// Who wrote it.
    pub source: String,
    /// Its number, meaningful with its source only.
    pub id: u32,
    /// How bad it is.
    pub level: Level,
    /// What happened.
    pub text: String,
}

/// The newest events of both logs, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventLog(VecDeque<Event>);

impl EventLog {
    /// Adds an event.
    pub fn add(&mut self, event: Event) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }

    /// All events that are kept, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.0.iter()
    }

    /// The events that a query wants, newest first.
    ///
    /// # Errors
    /// 15007 for a log that the lab does not keep.
    pub fn find(&self, query: &EventQuery) -> Result<EventPage, Failure> {
        let log = [("system", Log::System), ("application", Log::Application)];
        let log = log
            .into_iter()
            .find(|(name, _)| query.log.eq_ignore_ascii_case(name));
        let Some((_, log)) = log else {
            let what = format!("read the {} log", query.log);
            return Err(Failure::from_code(CHANNEL_NOT_FOUND, what));
        };
        let wanted = |event: &Event| {
            let by = |provider: &String| provider.eq_ignore_ascii_case(&event.source);
            event.log == log
                && query.provider.as_ref().is_none_or(by)
                && (query.ids.is_empty() || query.ids.contains(&event.id))
                && query
                    .since
                    .is_none_or(|since| since <= unix_millis(event.time))
        };
        let numbered = self.0.iter().enumerate().rev();
        let mut found = numbered.filter(|(_, event)| wanted(event));
        let limit = query.limit.min(EVENT_LIMIT) as usize;
        let events = found
            .by_ref()
            .take(limit)
            .map(|(at, event)| describe(event, at as u64 + 1));
        let events = events.collect();
        let more = found.next().is_some();
        Ok(EventPage { events, more })
    }

    /// How long a service was stopped in all, from what the service control manager wrote, until `now`.
    pub fn time_down(&self, service: &str, now: FileTime) -> Interval {
        let entered = |state| StateChange { service, state }.to_string();
        let (stopped, running) = (entered("stopped"), entered("running"));
        let (mut down, mut since) = (Interval::ZERO, None);
        for event in self.0.iter().filter(|event| event.id == STATE_CHANGED) {
            if event.text == stopped {
                since = since.or(Some(event.time));
            } else if event.text == running
                && let Some(since) = since.take()
            {
                down = added(down, event.time.saturating_since(since));
            }
        }
        since.map_or(down, |since| added(down, now.saturating_since(since)))
    }

    /// Whether an event with that number is in the log.
    pub fn has(&self, id: u32) -> bool {
        self.0.iter().any(|event| event.id == id)
    }
}

fn describe(event: &Event, record: u64) -> agent_protocol::Event {
    agent_protocol::Event {
        time: unix_millis(event.time),
        record,
        provider: event.source.clone(),
        id: event.id,
        level: match event.level {
            Level::Error => EventLevel::Error,
            Level::Warning => EventLevel::Warning,
            Level::Information => EventLevel::Information,
        },
        message: Some(event.text.clone()),
    }
}

fn added(a: Interval, b: Interval) -> Interval {
    a.checked_add(b).unwrap_or(a)
}

/// The text of [`STATE_CHANGED`].
pub struct StateChange<'a> {
    /// Which service.
    pub service: &'a str,
    /// Such as `running`.
    pub state: &'a str,
}

impl fmt::Display for StateChange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, state } = self;
        write!(f, "The {service} service entered the {state} state.")
    }
}

/// As `wevtutil qe /f:text` writes it, without the fields that a lab has nothing to say about.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  Log Name: {:?}\n  Source: {}\n  Date: {}\n  Event ID: {}\n  Level: {:?}\n  Description:\n{}\n",
            self.log, self.source, self.time, self.id, self.level, self.text
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_down_between_stopped_and_running() {
        let mut log = EventLog::default();
        let changes = [(10, "stopped"), (25, "running"), (60, "stopped")];
        for (minute, state) in changes {
            log.add(Event {
                time: FileTime::ZERO.saturating_add(Interval::from_minutes(minute)),
                log: Log::System,
                source: SERVICE_CONTROL_MANAGER.to_owned(),
                id: STATE_CHANGED,
                level: Level::Information,
                text: StateChange {
                    service: "App",
                    state,
                }
                .to_string(),
            });
        }
        let now = FileTime::ZERO.saturating_add(Interval::from_minutes(62));
        assert_eq!(log.time_down("App", now), Interval::from_minutes(17));
    }

    #[test]
    fn a_full_log_forgets_the_oldest() {
        let mut log = EventLog::default();
        for id in 0..(KEPT as u32 + 5) {
            let (source, text) = ("s".to_owned(), "t".to_owned());
            log.add(Event {
                time: FileTime::ZERO,
                log: Log::System,
                source,
                id,
                level: Level::Error,
                text,
            });
        }
        assert_eq!(log.events().count(), KEPT);
        assert!(!log.has(4) && log.has(5));
    }
}
