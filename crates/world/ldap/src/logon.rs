//! Proves that a password or key is an account's, without a connection to any service.

use std::net::SocketAddr;
use std::time::Duration;

use crate::error::Error;
use crate::secret::LogonSecret;

/// A log-on that worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogonProof {
    /// The account, `name@REALM`.
    pub principal: String,
    /// The salt of the account's AES keys, as the key distribution centre said it.
    pub salt: Option<String>,
}

/// Asks the key distribution centre for a ticket-granting ticket and decrypts the answer: that proves the secret.
/// Nothing else happens, but for the trace that any log-on leaves (`lastLogon`, or `badPwdCount` when it is wrong).
///
/// `realm` is the DNS domain name, `name` the `sAMAccountName` (with `$` for computers and gMSAs).
///
/// # Errors
/// [`Error::Authentication`] with the precise reason.
pub async fn kerberos_logon(
    realm: &str,
    name: &str,
    secret: &LogonSecret,
    kdc: SocketAddr,
    timeout: Duration,
) -> Result<LogonProof, Error> {
    let _ = (realm, name, secret, kdc, timeout);
    Err(Error::Unsupported("not built yet"))
}
