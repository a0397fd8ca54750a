//! Programs of a product that steps run.

use serde::{Deserialize, Serialize};

use crate::names::{LogonAccount, ServiceName};

/// A product tool's command line; what it reads from standard input is named, never given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ToolRun {
    /// Absolute path on the host.
    pub program: String,
    /// Arguments, one each.
    pub args: Vec<String>,
    /// The account whose password it reads from standard input.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password_of: Option<LogonAccount>,
}

/// A service of a product that encrypts a password for the account that it runs as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PasswordHelper {
    /// Key name that it gets for as long as it is needed.
    pub service: ServiceName,
    /// Its program, absolute.
    pub program: String,
    /// The gMSA that it runs as.
    pub runs_as: LogonAccount,
    /// What it is started with.
    pub argument: String,
    /// The pipe that it listens on.
    pub pipe: String,
    /// Who writes its events into the Application log.
    pub event_source: String,
    /// The event that it writes when it starts.
    pub event: u32,
}
