//! How to reach database servers.

use serde::{Deserialize, Serialize};

use super::SecretSource;

/// How to reach all database servers of the estate; whoever logs on to the directory logs on there too, unless a login
/// of the servers' own is named.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SqlAccess {
    /// A login of the servers' own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where that login's password comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// TLS before anything else (TDS 8.0).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
    /// Take any certificate of anybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub danger_any_certificate: bool,
}
