//! The ports, gathered.

use std::sync::Arc;

use model::names::HostName;
use model::ports::{Clock, Databases, Directory, Host, Hosts, Secrets, WorldError};

/// Everything outside of the logic.
pub struct World {
    /// Active Directory.
    pub directory: Arc<dyn Directory>,
    /// The estate's hosts.
    pub hosts: Arc<dyn Hosts>,
    /// Database servers.
    pub databases: Arc<dyn Databases>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Passwords that the operator supplied.
    pub secrets: Arc<dyn Secrets>,
}

impl World {
    /// The host that a step happens on.
    pub(crate) async fn host(&self, name: &HostName) -> Result<Arc<dyn Host>, WorldError> {
        self.hosts.host(name).await
    }
}
