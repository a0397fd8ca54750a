//! The operating system of a host: its logs, its tickets, its restart.

use std::time::Duration;

use async_trait::async_trait;

use super::super::{ErrorKind, WorldError};
use crate::host::{EventPage, EventQuery};
use crate::secret::Password;

/// What concerns the host as a whole.
#[async_trait]
pub trait OperatingSystem: Send + Sync {
    /// Events of a log, newest first and bounded.
    async fn events(&self, query: &EventQuery) -> Result<EventPage, WorldError>;

    /// Purges the computer's own Kerberos tickets: the next carry its memberships of that time.
    async fn purge_tickets(&self) -> Result<(), WorldError>;

    /// Hands a secret to a local service through its named pipe, connects again, and takes what it says.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] where the system has no such pipes.
    async fn converse(
        &self,
        pipe: &str,
        _secret: &Password,
        _timeout: Duration,
    ) -> Result<String, WorldError> {
        let what = format!("pipe {pipe} cannot be reached on this system");
        Err(WorldError::new(ErrorKind::NotSupported, what))
    }

    /// Has the host restart after a delay. When it is back, its boot time in the facts is another one.
    async fn reboot(&self, delay: Duration) -> Result<(), WorldError>;
}
