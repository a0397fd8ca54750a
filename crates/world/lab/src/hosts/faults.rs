//! Faults: what may go wrong between a host and who asks it, and inside the host.

use std::time::Duration;

use agent_protocol::Request;
use agent_protocol::win32::Win32Code;

/// Something that goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Part of the request's own words (its `Display`), such as `start service FIMService`; empty for any.
    pub on: String,
    /// How many such requests go well before it.
    pub after: u32,
    /// Whether the request has its effect first.
    pub takes_effect: bool,
    /// What goes wrong.
    pub what: Mishap,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It fails with this code.
    Fails(Win32Code),
    /// It is never answered, while the connection stays open.
    Hangs,
    /// Its answer comes that much later, by real time.
    Late(Duration),
    /// The connection is cut instead of an answer.
    Cut,
    /// The host restarts, which cuts the connection.
    Restart,
}

/// Named faults of real life. Each stays until the host is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedFault {
    /// The computer's ticket has no memberships: it was issued before the computer was added to any group.
    TokenStale,
    /// A group policy refresh takes "log on as a service" from everybody whom the policy does not name.
    RightTakenByPolicy,
    /// The disk is full.
    DiskFull,
    /// The stored password of every service with a user account is not the account's any more.
    StoredPasswordsWrong,
    /// The clock is ten minutes ahead.
    ClockOff,
}

/// Faults that are still to come.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one; each happens once.
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The fault of this request, if there is one; counts it for the others.
    pub fn of(&mut self, request: &Request) -> Option<Fault> {
        let words = request.to_string();
        let mut due = None;
        for (index, fault) in self.0.iter_mut().enumerate() {
            if !words.contains(fault.on.as_str()) {
                continue;
            }
            match fault.after.checked_sub(1) {
                Some(left) => fault.after = left,
                None => due = due.or(Some(index)),
            }
        }
        due.map(|index| self.0.remove(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(on: &str, after: u32) -> Fault {
        Fault {
            on: on.to_owned(),
            after,
            takes_effect: false,
            what: Mishap::Cut,
        }
    }

    #[test]
    fn a_fault_happens_once_at_its_turn() {
        let mut faults = Faults::default();
        faults.add(fault("list the services", 1));
        assert_eq!(faults.of(&Request::Facts), None);
        assert_eq!(faults.of(&Request::Services), None);
        assert!(faults.of(&Request::Services).is_some());
        assert_eq!(faults.of(&Request::Services), None);
    }

    #[test]
    fn each_of_two_faults_gets_its_own_turn() {
        let mut faults = Faults::default();
        faults.add(fault("", 0));
        faults.add(fault("", 0));
        assert!(faults.of(&Request::Facts).is_some());
        assert!(faults.of(&Request::Facts).is_some());
        assert_eq!(faults.of(&Request::Facts), None);
    }
}
