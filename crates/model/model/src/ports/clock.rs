//! The port to the time.

use security::FileTime;

/// Tells the time: the system's, or one that a test moves.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> FileTime;
}
