//! Scheduled tasks of a host.

use agent_protocol::AccountName;
use serde::{Deserialize, Serialize};

use super::services::StoredPassword;

/// A scheduled task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledTask {
    /// Its path, such as `\Contoso\Delta import`.
    pub path: String,
    /// Whom it runs as.
    pub account: AccountName,
    /// The password stored for it; none for a gMSA.
    pub stored: Option<StoredPassword>,
    /// The result of its last run: 0, or an HRESULT such as 0x80070569.
    pub last_result: Option<u32>,
}
