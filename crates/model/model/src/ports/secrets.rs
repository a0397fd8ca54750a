//! The port to passwords that the operator supplies.

use crate::names::LogonAccount;
use crate::secret::Password;

/// Passwords of password accounts, asked for and proved before a run touches anything.
pub trait Secrets: Send + Sync {
    /// The password of that account, if the operator gave one.
    fn password(&self, account: &LogonAccount) -> Option<&Password>;
}
