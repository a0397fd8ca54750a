//! Application pools of a host's web server.

use agent_protocol::AccountName;
use serde::{Deserialize, Serialize};

use super::services::StoredPassword;

/// An application pool, and the site that it serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPool {
    /// Its name.
    pub name: String,
    /// `processModel.userName` for `identityType` SpecificUser; `None` for ApplicationPoolIdentity.
    pub account: Option<AccountName>,
    /// `processModel.password`, as far as the lab keeps passwords; none for a gMSA.
    pub stored: Option<StoredPassword>,
    /// Whether it is started.
    pub started: bool,
    /// The site that it serves, if any.
    pub site: Option<String>,
    /// Folder of that site.
    pub physical_path: Option<String>,
}
