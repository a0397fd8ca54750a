//! One line on stderr for each long step, with its duration.

use std::time::Instant;

/// Runs `work` and says on stderr how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let started = Instant::now();
    let result = work();
    let seconds = started.elapsed().as_secs_f64();
    let outcome = if result.is_ok() { "" } else { ": failed" };
    eprintln!("{seconds:6.1} s  {what}{outcome}");
    result
}
