//! Failing on purpose: what happens to a request, by its number, its kind or what it is about.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a request to the lab asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// A log-on to the directory.
    Bind,
    /// Anything that reads.
    Search,
    /// A new object.
    Add,
    /// A change of an object.
    Modify,
    /// The end of an object.
    Delete,
    /// Another name or place for an object.
    ModifyDn,
    /// A log-on at the key distribution centre (AS-REQ).
    Authentication,
    /// A ticket for a service (TGS-REQ).
    TicketGranting,
}

impl RequestKind {
    /// Whether it changes the directory.
    #[must_use]
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Modify | Self::Delete | Self::ModifyDn
        )
    }
}

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// Counted from 0, since the lab started or [`Faults::forget`].
    pub number: u64,
    /// What it asks for.
    pub kind: RequestKind,
    /// The distinguished name or principal that it is about.
    pub subject: String,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered.
    Proceed,
    /// It is answered "unavailable" and not carried out.
    FailBefore,
    /// It is carried out, and answered "unavailable".
    FailAfter,
    /// It is neither carried out nor answered; the connection stays.
    Hang,
    /// It is carried out and not answered; the connection stays.
    HangAfter,
    /// It is carried out and answered so much later.
    Late(Duration),
    /// The connection is cut before it is carried out.
    Cut,
    /// It is carried out, and the connection is cut.
    CutAfter,
}

impl Fate {
    /// Whether the request is not carried out.
    pub(crate) fn prevents(self) -> bool {
        matches!(self, Self::FailBefore | Self::Hang | Self::Cut)
    }

    /// Ends without an answer: at once, or when the client gives up.
    pub(crate) async fn end<T>(self) -> Option<T> {
        if matches!(self, Self::Hang | Self::HangAfter) {
            std::future::pending::<()>().await;
        }
        None
    }
}

struct Rule {
    matches: Box<dyn Fn(&SeenRequest) -> bool + Send + Sync>,
    fate: Fate,
    /// `None`: every time.
    times: Option<u32>,
}

/// The lab's faults; none at first.
#[derive(Default)]
pub struct Faults {
    state: Mutex<State>,
    /// The domain controller's clock minus ours, towards Kerberos, in seconds.
    clock_skew: AtomicI64,
}

#[derive(Default)]
struct State {
    seen: u64,
    recent: VecDeque<SeenRequest>,
    rules: Vec<Rule>,
}

/// Requests remembered for [`Faults::recent`].
const REMEMBERED: usize = 10_000;

impl Faults {
    /// Every request for which `matches` holds meets `fate`. The first rule that matches decides.
    pub fn whenever(
        &self,
        fate: Fate,
        matches: impl Fn(&SeenRequest) -> bool + Send + Sync + 'static,
    ) {
        self.add(Rule {
            matches: Box::new(matches),
            fate,
            times: None,
        });
    }

    /// The next request for which `matches` holds meets `fate`; others after it proceed.
    pub fn once(&self, fate: Fate, matches: impl Fn(&SeenRequest) -> bool + Send + Sync + 'static) {
        self.add(Rule {
            matches: Box::new(matches),
            fate,
            times: Some(1),
        });
    }

    /// The request with this number, as [`SeenRequest::number`] counts, meets `fate`.
    pub fn at(&self, number: u64, fate: Fate) {
        self.once(fate, move |request| request.number == number);
    }

    /// From now on the domain controller's Kerberos clock is so many seconds ahead of the system's.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.clock_skew.store(seconds, Ordering::SeqCst);
    }

    /// No more faults; the count goes on.
    pub fn clear(&self) {
        self.lock().rules.clear();
        self.set_clock_skew(0);
    }

    /// Starts counting at 0 again.
    pub fn forget(&self) {
        let mut state = self.lock();
        state.seen = 0;
        state.recent.clear();
    }

    /// How many requests have come.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.lock().seen
    }

    /// The latest requests, the oldest first.
    #[must_use]
    pub fn recent(&self) -> Vec<SeenRequest> {
        self.lock().recent.iter().cloned().collect()
    }

    pub(crate) fn clock_skew(&self) -> i64 {
        self.clock_skew.load(Ordering::SeqCst)
    }

    /// Counts a request and says what becomes of it.
    pub(crate) fn decide(&self, kind: RequestKind, subject: &str) -> Fate {
        let mut state = self.lock();
        let request = SeenRequest {
            number: state.seen,
            kind,
            subject: subject.to_owned(),
        };
        state.seen += 1;
        let rule = state
            .rules
            .iter_mut()
            .find(|rule| rule.times != Some(0) && (rule.matches)(&request));
        let fate = rule.map_or(Fate::Proceed, |rule| {
            rule.times = rule.times.map(|times| times - 1);
            rule.fate
        });
        if state.recent.len() == REMEMBERED {
            state.recent.pop_front();
        }
        state.recent.push_back(request);
        fate
    }

    fn add(&self, rule: Rule) {
        self.lock().rules.push(rule);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Faults")
            .field("seen", &state.seen)
            .field("rules", &state.rules.len())
            .finish_non_exhaustive()
    }
}
