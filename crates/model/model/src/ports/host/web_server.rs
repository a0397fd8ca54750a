//! The web server of a host.

use std::time::Duration;

use async_trait::async_trait;

use super::super::WorldError;
use crate::host::{AppPool, PoolControl, PoolIdentity, PoolName, PoolState};
use crate::secret::Password;

/// Application pools of the web server (IIS).
#[async_trait]
pub trait WebServer: Send + Sync {
    /// All pools with what they serve; `None` where the host has no web server.
    async fn app_pools(&self) -> Result<Option<Vec<AppPool>>, WorldError>;

    /// Sets a pool's identity and nothing else. Without a password the stored one is cleared, as a gMSA
    /// needs it. Worker processes that run keep the old identity until the pool is recycled.
    async fn set_pool_identity(
        &self,
        pool: &PoolName,
        identity: &PoolIdentity,
        password: Option<&Password>,
    ) -> Result<(), WorldError>;

    /// Starts, stops or recycles a pool and waits until it has; tells what it did before.
    async fn control_pool(
        &self,
        pool: &PoolName,
        control: PoolControl,
        timeout: Duration,
    ) -> Result<PoolState, WorldError>;
}
