//! Setups of products.

use async_trait::async_trait;

use super::super::WorldError;
use crate::host::{SetupEnd, SetupRun};
use crate::secret::Password;

/// Windows Installer.
#[async_trait]
pub trait Installer: Send + Sync {
    /// Runs a package silently with properties and waits for its end, whatever that is; the secret goes to the property
    /// that the run names for it. No property is ever part of a command line.
    async fn run_setup(
        &self,
        run: &SetupRun,
        secret: Option<&Password>,
    ) -> Result<SetupEnd, WorldError>;
}
