//! Proves that a password or key is an account's, without a connection to any service.

use std::net::SocketAddr;
use std::time::Duration;

use crate::failure::LogonError;
use crate::kdc::Kdc;
use crate::secret::LogonSecret;
use crate::security::{Mechanism, SecurityContext};

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
/// [`LogonError::Refused`] with the precise reason.
pub async fn kerberos_logon(
    realm: &str,
    name: &str,
    secret: &LogonSecret,
    kdc: SocketAddr,
    timeout: Duration,
) -> Result<LogonProof, LogonError> {
    let realm = realm.to_uppercase();
    let principal = format!("{name}@{realm}");
    let service = format!("krbtgt/{realm}");
    // REALM\name is a plain principal name; name@REALM would be looked up as a user principal name.
    let user = format!("{realm}\\{name}");
    let mut kdc = Kdc::new(kdc, timeout, &principal, &service);
    let mut context = SecurityContext::kerberos(Mechanism::Gssapi, &user, secret, &service)?;
    match context.log_on(&mut kdc).await {
        Ok(()) => Ok(LogonProof {
            salt: kdc.salt.take(),
            principal,
        }),
        Err(failure) => Err(LogonError::Refused {
            user: principal.clone(),
            failure,
        }),
    }
}
