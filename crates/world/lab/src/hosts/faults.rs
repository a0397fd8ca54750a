//! Faults: what may go wrong between a host and who asks it, and inside the host.

use std::time::Duration;

use agent_protocol::Request;
use agent_protocol::win32::Win32Code;
use security::Sid;

use super::domain::{AccountKind, DomainAccount, Token};
use super::files::FREE;
use super::logon::{Principal, principal};
use super::machine::Machine;
use super::rights::Right;

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
    /// Group policy gives "log on as a service" to the password accounts of this host's services, and so takes
    /// it from everybody else.
    RightTakenByPolicy,
    /// The disk is full.
    DiskFull,
    /// The stored password of every service is not the account's any more.
    StoredPasswordsWrong,
    /// The clock is ten minutes ahead.
    ClockOff,
    /// The database server has logins for the accounts that products were set up with, and no others.
    SqlRightMissing,
    /// The key-set tools find every password wrong.
    KeySetPasswordWrong,
    /// The host restarts while a service gets another logon account: the change is made, its answer is lost.
    RestartInTheMiddle,
}

impl NamedFault {
    /// All of them, with the names that operators give.
    pub const ALL: &[(&str, Self)] = &[
        ("token-stale", Self::TokenStale),
        ("right-taken-by-policy", Self::RightTakenByPolicy),
        ("disk-full", Self::DiskFull),
        ("stored-passwords-wrong", Self::StoredPasswordsWrong),
        ("clock-off", Self::ClockOff),
        ("sql-right-missing", Self::SqlRightMissing),
        ("key-set-password-wrong", Self::KeySetPasswordWrong),
        ("restart-in-the-middle", Self::RestartInTheMiddle),
    ];

    /// The fault with that name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::ALL
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, fault)| *fault)
    }
}

impl NamedFault {
    /// One sentence about it.
    pub fn about(self) -> &'static str {
        match self {
            Self::TokenStale => {
                "the computer's Kerberos ticket is older than its memberships in groups"
            }
            Self::RightTakenByPolicy => {
                "group policy gives \"log on as a service\" to the password accounts alone"
            }
            Self::DiskFull => "the disk is full",
            Self::StoredPasswordsWrong => {
                "the passwords that Windows keeps for the services are not the accounts' any more"
            }
            Self::ClockOff => "the host's clock is ten minutes ahead",
            Self::SqlRightMissing => "the new account has no login in SQL Server",
            Self::KeySetPasswordWrong => "the key-set tools find the password wrong",
            Self::RestartInTheMiddle => {
                "the host restarts while a service gets its new logon account"
            }
        }
    }

    /// What becomes of one request, for a fault that is no state of the host.
    pub(super) fn of_a_request(self) -> Option<Fault> {
        (self == Self::RestartInTheMiddle).then(|| Fault {
            on: "set the logon account of service".to_owned(),
            after: 0,
            takes_effect: true,
            what: Mishap::Restart,
        })
    }
}

impl Machine<'_> {
    /// Lets the host itself go wrong.
    pub fn suffer(&mut self, fault: NamedFault) {
        match fault {
            NamedFault::TokenStale => {
                let computer = self.domain.find(&self.state.name.computer_account());
                self.state.machine_token = Token::of(computer.map(|account| account.sid));
            }
            NamedFault::RightTakenByPolicy => {
                let holders: Vec<Sid> = self.password_accounts().collect();
                self.state
                    .rights
                    .define_by_policy(Right::LogOnAsService, holders);
                self.apply_policy();
            }
            NamedFault::DiskFull => self.state.files.set_free(0),
            NamedFault::StoredPasswordsWrong => {
                for stored in self
                    .state
                    .services
                    .iter_mut()
                    .filter_map(|service| service.stored.as_mut())
                {
                    stored.version = None;
                }
            }
            NamedFault::ClockOff => self.state.clock_offset_seconds = 600,
            NamedFault::SqlRightMissing | NamedFault::KeySetPasswordWrong => {
                self.products.suffer(self, fault);
            }
            NamedFault::RestartInTheMiddle => {} // See NamedFault::of_a_request.
        }
    }

    /// Ends a fault, as the host's administrator would.
    pub fn mend(&mut self, fault: NamedFault) {
        match fault {
            NamedFault::TokenStale => self.purge_tickets(),
            NamedFault::RightTakenByPolicy => {
                self.state.rights.leave_to_the_host(Right::LogOnAsService);
                for account in self.domain_accounts() {
                    self.state.rights.grant(Right::LogOnAsService, account.sid);
                }
            }
            NamedFault::DiskFull => self.state.files.set_free(FREE),
            NamedFault::StoredPasswordsWrong => {
                let accounts = self.domain_accounts();
                let services = self.state.services.iter_mut();
                for stored in services.filter_map(|service| service.stored.as_mut()) {
                    let account = accounts.iter().find(|found| found.sid == stored.account);
                    stored.version = account.map(|found| found.password).or(stored.version);
                }
            }
            NamedFault::ClockOff => self.state.clock_offset_seconds = 0,
            NamedFault::SqlRightMissing | NamedFault::KeySetPasswordWrong => {
                self.products.mend(self, fault);
            }
            NamedFault::RestartInTheMiddle => {} // See LabHost::mend.
        }
    }

    /// The users that services run as.
    fn password_accounts(&self) -> impl Iterator<Item = Sid> {
        let accounts = self.domain_accounts().into_iter();
        accounts.filter_map(|found| (found.kind == AccountKind::User).then_some(found.sid))
    }

    /// The accounts of the domain that services run as.
    fn domain_accounts(&self) -> Vec<DomainAccount> {
        let services = self.state.services.iter();
        let found = services.filter_map(|service| {
            match principal(service.account.as_str(), self.domain)? {
                Principal::Domain(found) => Some(found),
                Principal::BuiltIn => None,
            }
        });
        found.collect()
    }
}

/// Faults that are still to come.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one; each happens once.
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Takes one away that is still to come.
    pub fn remove(&mut self, fault: &Fault) {
        self.0.retain(|known| known != fault);
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
    fn named_faults_are_found_by_their_names() {
        for (name, fault) in NamedFault::ALL {
            assert_eq!(NamedFault::named(name), Some(*fault));
        }
        assert_eq!(NamedFault::named("disk"), None);
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
