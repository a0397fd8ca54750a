//! What carries frames.

use std::io;

use async_trait::async_trait;

/// A started agent's stdin and stdout, wherever it runs.
#[async_trait]
pub trait Transport: Send {
    /// Sends all bytes.
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// The next bytes, in pieces of any size; `None` once the agent has closed its stdout.
    async fn receive(&mut self) -> io::Result<Option<Vec<u8>>>;

    /// What is known of a broken connection's end: the end of the agent's stderr, and how it exited.
    /// Waits a moment for both; one line, empty when there is nothing to say.
    async fn last_words(&mut self) -> String;

    /// Closes the agent's stdin, which ends it, and waits a moment for that.
    async fn close(&mut self);
}
