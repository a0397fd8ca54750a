//! What is on its way to a domain controller.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use security::{FileTime, Interval};

use super::update::Update;

/// Updates of the others, in the order in which they were sent.
#[derive(Debug)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    /// Something waits: so that readers need no lock to see that nothing does.
    waits: AtomicBool,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<Arc<Update>>,
    delay: Interval,
    /// Nothing arrives any more.
    stopped: bool,
    /// Nothing arrived before, although it was due.
    not_before: FileTime,
}

/// What has arrived; nobody else takes anything until it is dropped.
pub(crate) struct Arrived<'a> {
    _state: MutexGuard<'a, State>,
    /// When it arrived, and what.
    pub(crate) updates: Vec<(FileTime, Arc<Update>)>,
}

impl Inbox {
    pub(super) fn new(delay: Interval) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            delay,
            stopped: false,
            not_before: FileTime::ZERO,
        };
        Self {
            state: Mutex::new(state),
            waits: AtomicBool::new(false),
        }
    }

    pub(super) fn put(&self, updates: &[Arc<Update>]) {
        let mut state = self.lock();
        state.waiting.extend(updates.iter().cloned());
        self.waits.store(true, Ordering::SeqCst);
    }

    /// Takes what is due by the lab's clock; `None` where nothing is.
    pub(crate) fn take(&self, now: FileTime) -> Option<Arrived<'_>> {
        if !self.waits.load(Ordering::SeqCst) {
            return None;
        }
        let mut state = self.lock();
        let mut updates = Vec::new();
        while !state.stopped
            && let Some(update) = state.waiting.front()
        {
            let due = update.sent.saturating_add(state.delay);
            if due > now {
                break;
            }
            updates.push((due.max(state.not_before), Arc::clone(update)));
            state.waiting.pop_front();
        }
        self.waits
            .store(!state.waiting.is_empty(), Ordering::SeqCst);
        (!updates.is_empty()).then_some(Arrived {
            _state: state,
            updates,
        })
    }

    /// When the last of what waits arrives; `None` where nothing waits or nothing arrives.
    pub(crate) fn last_due(&self) -> Option<FileTime> {
        let state = self.lock();
        let due = |update: &Arc<Update>| update.sent.saturating_add(state.delay);
        let due = state.waiting.iter().map(due).max();
        due.filter(|_| !state.stopped)
    }

    pub(crate) fn delay(&self) -> Interval {
        self.lock().delay
    }

    pub(crate) fn set_delay(&self, delay: Interval) {
        self.lock().delay = delay;
    }

    /// From now on nothing arrives.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
    }

    /// Everything arrives again, what has waited at `now`.
    pub(crate) fn resume(&self, now: FileTime) {
        let mut state = self.lock();
        if std::mem::take(&mut state.stopped) {
            state.not_before = now;
        }
    }

    pub(super) fn waiting(&self) -> Vec<Arc<Update>> {
        self.lock().waiting.iter().cloned().collect()
    }

    pub(super) fn replace(&self, waiting: &[Arc<Update>]) {
        let mut state = self.lock();
        state.waiting = waiting.iter().cloned().collect();
        self.waits.store(!waiting.is_empty(), Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
