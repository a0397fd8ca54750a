//! Kerberos log-ons that prove a password or key, and say why one fails.

use ldap::{
    Error, Filter, KerberosKey, LogonFailure, LogonProof, LogonSecret, Scope, Search, Timeouts,
};
use managed_password::{KerberosKeys, ManagedPassword, ManagedPasswordBlob, Salt};
use model::names::{LogonAccount, SamAccountName};
use model::ports::{AccountControl, ErrorKind, Proof, WorldError};
use model::secret::Password;
use security::FileTime;

use crate::ActiveDirectory;
use crate::accounts::number;
use crate::error::{malformed, world_error};
use crate::password_proof::CLOCK_SKEW;

impl ActiveDirectory {
    pub(crate) async fn prove_account_password(
        &self,
        account: &LogonAccount,
        password: &Password,
    ) -> Result<Proof, WorldError> {
        let name = self.name_in_domain(account)?;
        if password.is_empty() {
            return Ok(Proof {
                holds: false,
                detail: format!("the password given for {account} is empty"),
            });
        }
        let secret = LogonSecret::Password(ldap::Password::new(password.expose_bytes().to_vec()));
        match self.log_on(name, &secret).await {
            Ok(proof) => Ok(Proof {
                holds: true,
                detail: format!("a Kerberos log-on as {} succeeded", proof.principal),
            }),
            Err(error) => self.failed_log_on(name, error).await,
        }
    }

    pub(crate) async fn prove_gmsa_log_on(
        &self,
        name: &SamAccountName,
        blob: &ManagedPasswordBlob,
    ) -> Result<Proof, WorldError> {
        let first = self
            .log_on_with(name, &blob.current, "the current password")
            .await?;
        match &blob.previous {
            // The domain controller itself may hold the previous one until the rollover.
            Some(previous) if !first.holds && blob.query_interval <= CLOCK_SKEW => {
                self.log_on_with(
                    name,
                    previous,
                    "the previous password, minutes before the rollover",
                )
                .await
            }
            _ => Ok(first),
        }
    }

    async fn log_on_with(
        &self,
        name: &SamAccountName,
        password: &ManagedPassword,
        which: &str,
    ) -> Result<Proof, WorldError> {
        let realm = self.options.realm();
        let salt = Salt::for_computer(&realm, name.as_str(), self.naming.dns_name.as_str());
        let KerberosKeys { aes256, .. } = KerberosKeys::derive(password, &salt);
        let held = |salt: &str| Proof {
            holds: true,
            detail: format!(
                "a Kerberos log-on as {name}@{realm} with the AES-256 key of {which} succeeded, salt {salt}"
            ),
        };
        let key = KerberosKey::new(ldap::EncryptionType::Aes256, aes256.expose_bytes().to_vec());
        let by_key = match key {
            Some(key) => self.log_on(name, &LogonSecret::Key(key)).await,
            None => {
                return Err(malformed(
                    name.as_str(),
                    "its AES-256 key has another length than 32 bytes",
                ));
            }
        };
        let error = match by_key {
            Ok(_) => return Ok(held(salt.as_str())),
            Err(error) => error,
        };
        if !matches!(
            &error,
            Error::Authentication {
                failure: LogonFailure::WrongPassword,
                ..
            }
        ) {
            return self.failed_log_on(name, error).await;
        }
        // A renamed account keeps its old salt until the next password: let the key distribution centre say which.
        let utf8 = LogonSecret::Password(ldap::Password::new(password.expose_utf8().to_vec()));
        match self.log_on(name, &utf8).await {
            Ok(proof) => Ok(held(proof.salt.as_deref().unwrap_or("unknown"))),
            Err(error) => self.failed_log_on(name, error).await,
        }
    }

    /// The salt of the keys that this password logs on with; `None` where it does not, or none is told.
    pub(crate) async fn told_salt(
        &self,
        name: &SamAccountName,
        password: &ManagedPassword,
    ) -> Option<Salt> {
        let utf8 = LogonSecret::Password(ldap::Password::new(password.expose_utf8().to_vec()));
        let proof = self.log_on(name, &utf8).await.ok()?;
        proof.salt.map(Salt::from_kdc)
    }

    async fn log_on(
        &self,
        name: &SamAccountName,
        secret: &LogonSecret,
    ) -> Result<LogonProof, Error> {
        let options = &self.options;
        ldap::kerberos_logon(
            &options.realm(),
            name.as_str(),
            secret,
            options.kdc(),
            Timeouts::default().kdc,
        )
        .await
        .map_err(Error::from)
    }

    /// A failure that says something about the account is a proof that does not hold; any other is an error.
    async fn failed_log_on(
        &self,
        name: &SamAccountName,
        error: Error,
    ) -> Result<Proof, WorldError> {
        let cannot = format!("cannot prove a log-on as {name}");
        let Error::Authentication { failure, .. } = &error else {
            return Err(world_error(cannot, error));
        };
        let why = match failure {
            LogonFailure::KdcUnreachable { .. }
            | LogonFailure::ClockSkew { .. }
            | LogonFailure::WrongRealm(_)
            | LogonFailure::ServicePrincipal(_)
            | LogonFailure::Protection(_)
            | LogonFailure::Other(_) => return Err(world_error(cannot, error)),
            // The account itself says more than the key distribution centre, which may not have looked at the password.
            LogonFailure::Revoked | LogonFailure::Expired | LogonFailure::Kerberos { .. } => self
                .restriction(name)
                .await
                .map_or_else(|| failure.to_string(), str::to_owned),
            _ => failure.to_string(),
        };
        Ok(Proof {
            holds: false,
            detail: format!("the Kerberos log-on as {name} failed: {why}"),
        })
    }

    fn name_in_domain<'a>(
        &self,
        account: &'a LogonAccount,
    ) -> Result<&'a SamAccountName, WorldError> {
        let naming = &self.naming;
        let own = account
            .in_domain(&naming.netbios_name)
            .or_else(|| account.in_domain(naming.dns_name.as_str()));
        own.ok_or_else(|| {
            WorldError::new(
                ErrorKind::NotConfigured,
                format!("{account} is no account of {}", naming.netbios_name),
            )
            .advise("only passwords of accounts of the estate's own domain can be proved")
        })
    }

    /// What keeps an account from logging on, as the directory shows it.
    async fn restriction(&self, name: &SamAccountName) -> Option<&'static str> {
        /// [MS-ADTS] 3.1.1.4.5.17 "msDS-User-Account-Control-Computed": UF_LOCKOUT.
        const LOCKOUT: u32 = 0x10;
        let filter = Filter::equal("sAMAccountName", name.as_str());
        let search = Search::new(self.naming.domain.clone(), Scope::Subtree, filter).attributes([
            "userAccountControl",
            "msDS-User-Account-Control-Computed",
            "accountExpires",
        ]);
        let entry = self.server.search(&search).await.ok()?.pop()?;
        let has = |attribute, bit| number(&entry, attribute).is_some_and(|bits| bits & bit != 0);
        if has("userAccountControl", AccountControl::Disabled.bit()) {
            return Some("the account is disabled");
        }
        if has("msDS-User-Account-Control-Computed", LOCKOUT) {
            return Some("the account is locked out");
        }
        // 0 and 2^63 - 1 stand for never ([MS-ADA1] 2.1 "Attribute accountExpires").
        let expires = entry
            .text("accountExpires")?
            .parse()
            .ok()
            .filter(|ticks| *ticks != 0)
            .map(FileTime::from_ticks)?;
        (expires <= self.options.clock.now()).then_some("the account has expired")
    }
}
