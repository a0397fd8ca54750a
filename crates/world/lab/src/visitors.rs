//! The connections of a server: how many there may be, who has to go when there are too many, and how much of what
//! they have sent may wait in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Between two attempts to accept a connection while the system has no room for one.
const BREATH: Duration = Duration::from_millis(20);

/// The next connection. Failures pass: the client is gone, or the process has too many files open.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Everybody who is connected. Dropped, it ends all connections.
///
/// INVARIANT: there is room for a newcomer. At the limit the connection ends that has been quiet the longest, those
/// first that nobody has logged on to ([MS-ADTS] 3.1.1.3.4.6 "LDAP Policies": MaxConnections).
pub(crate) struct Visitors {
    limit: usize,
    tasks: JoinSet<()>,
    inside: Vec<(AbortHandle, Pulse)>,
}

impl Visitors {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            tasks: JoinSet::new(),
            inside: Vec::new(),
        }
    }

    /// Serves one more.
    pub(crate) fn admit<F>(&mut self, serve: impl FnOnce(Pulse) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        while self.tasks.try_join_next().is_some() {}
        if self.inside.len() >= self.limit {
            self.inside.retain(|(task, _)| !task.is_finished());
        }
        if self.inside.len() >= self.limit {
            self.turn_out();
        }
        let pulse = Pulse::default();
        let task = self.tasks.spawn(serve(pulse.clone()));
        self.inside.push((task, pulse));
    }

    fn turn_out(&mut self) {
        let quietest = self.inside.iter().enumerate();
        let quietest = quietest.min_by_key(|(_, (_, pulse))| pulse.rank());
        if let Some(index) = quietest.map(|(index, _)| index) {
            tracing::debug!("too many connections: the quietest is cut");
            self.inside.swap_remove(index).0.abort();
        }
    }
}

/// What a connection shows of itself.
#[derive(Debug, Clone)]
pub(crate) struct Pulse(Arc<Signs>);

#[derive(Debug)]
struct Signs {
    since: Instant,
    /// Nanoseconds after `since`.
    heard: AtomicU64,
    known: AtomicBool,
}

impl Default for Pulse {
    fn default() -> Self {
        Self(Arc::new(Signs {
            since: Instant::now(),
            heard: AtomicU64::new(0),
            known: AtomicBool::new(false),
        }))
    }
}

impl Pulse {
    /// A whole request has come; `known`: from somebody who has logged on.
    pub(crate) fn beat(&self, known: bool) {
        let nanos = self.0.since.elapsed().as_nanos();
        let heard = u64::try_from(nanos).unwrap_or(u64::MAX);
        self.0.heard.store(heard, Ordering::Relaxed);
        self.0.known.store(known, Ordering::Relaxed);
    }

    /// The least has to go first.
    fn rank(&self) -> (bool, Instant) {
        let heard = Duration::from_nanos(self.0.heard.load(Ordering::Relaxed));
        (self.0.known.load(Ordering::Relaxed), self.0.since + heard)
    }
}

/// Memory for what has been received and cannot be handled yet, over all connections of a server.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<AtomicUsize>);

/// Every connection may keep so much anyway.
pub(crate) const FREE_SHARE: usize = 16 * 1024;
/// What all of them may keep beyond that.
const ALL_SHARES: usize = 128 * 1024 * 1024;

impl Default for Budget {
    fn default() -> Self {
        Self::of(ALL_SHARES)
    }
}

impl Budget {
    fn of(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// One connection's share, with nothing in it.
    pub(crate) fn share(&self) -> Share {
        Share {
            left: self.clone(),
            held: 0,
        }
    }
}

/// What one connection keeps of its server's [`Budget`]; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    left: Budget,
    held: usize,
}

/// All connections together have too much under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl Share {
    /// This connection keeps `bytes` now.
    pub(crate) fn keep(&mut self, bytes: usize) -> Result<(), Exhausted> {
        let wanted = bytes.saturating_sub(FREE_SHARE);
        if wanted > self.held {
            let more = wanted - self.held;
            let take = |left: usize| left.checked_sub(more);
            let taken = self
                .left
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
            taken.map_err(|_| Exhausted)?;
        } else {
            self.left.0.fetch_add(self.held - wanted, Ordering::Relaxed);
        }
        self.held = wanted;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.left.0.fetch_add(self.held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_bounded_together_and_given_back() {
        let budget = Budget::of(100);
        let (mut one, mut other) = (budget.share(), budget.share());
        assert_eq!(one.keep(FREE_SHARE), Ok(()));
        assert_eq!(one.keep(FREE_SHARE + 70), Ok(()));
        assert_eq!(other.keep(FREE_SHARE + 31), Err(Exhausted));
        assert_eq!(other.keep(FREE_SHARE + 30), Ok(()));
        assert_eq!(one.keep(10), Ok(()));
        assert_eq!(other.keep(FREE_SHARE + 100), Ok(()));
        drop(other);
        assert_eq!(one.keep(FREE_SHARE + 100), Ok(()));
        assert_eq!(one.keep(FREE_SHARE + 101), Err(Exhausted));
    }

    #[tokio::test]
    async fn who_is_not_known_makes_room() {
        let mut visitors = Visitors::new(3);
        let mut pulses = Vec::new();
        let mut ends = Vec::new();
        for _ in 0..3 {
            let (inside, end) = tokio::sync::oneshot::channel::<()>();
            visitors.admit(|pulse| {
                pulses.push(pulse);
                async move {
                    let _inside = inside;
                    std::future::pending::<()>().await;
                }
            });
            ends.push(end);
        }
        for (pulse, known) in pulses.iter().zip([true, true, false]) {
            pulse.beat(known);
        }
        visitors.admit(|_| std::future::pending());
        assert!(ends.pop().unwrap().await.is_err());
        assert_eq!(visitors.inside.len(), 3);
        for end in &mut ends {
            let stays = Err(tokio::sync::oneshot::error::TryRecvError::Empty);
            assert_eq!(end.try_recv(), stays);
        }
    }
}
