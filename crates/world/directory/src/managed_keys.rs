//! The keys of a gMSA's managed password, for hosts that keep them in a keytab.

use std::time::Duration;

use ldap::ResultCode;
use managed_password::{KerberosKeys, ManagedPasswordBlob, Salt};
use model::inventory::Gmsa;
use model::names::SamAccountName;
use model::ports::{ErrorKind, WorldError};

use crate::ActiveDirectory;
use crate::accounts::{ldap_dn, number};
use crate::error::{malformed, world_error};
use crate::password_proof::{CLOCK_SKEW, MANAGED_PASSWORD, may_not};

/// Keys of the password and of the one before, with their versions.
pub struct ManagedKeys {
    /// Key version number and keys, the newest first.
    pub versions: Vec<(u32, KerberosKeys)>,
    /// After this there are new ones.
    pub changes_in: Duration,
}

impl ActiveDirectory {
    /// Reads a gMSA's password as the operator and makes the keys of it.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] where the operator may not retrieve it; [`ErrorKind::NotConfidential`] for a
    /// connection that is not encrypted.
    pub async fn managed_keys(&self, gmsa: &Gmsa) -> Result<ManagedKeys, WorldError> {
        const VERSION: &str = "msDS-KeyVersionNumber";
        let account = &gmsa.account;
        let (dn, name) = (ldap_dn(&account.dn), &account.name);
        let cannot = format!("cannot read the managed password of {name}");
        let denied = || {
            let user = self.options.operator();
            let what = format!("{cannot}: {user} is not among those who may retrieve it");
            WorldError::new(ErrorKind::Denied, what).advise(format!(
                "log on as a host that may (its own keytab: --keytab), or: gmsactl account allow {name} PRINCIPAL; a new \
                 membership counts from the next ticket on"
            ))
        };
        let entry = self.server.read(&dn, &[MANAGED_PASSWORD]).await;
        let entry = entry.map_err(|error| match error.result_code() {
            _ if may_not(&error) => denied().caused_by(error),
            Some(ResultCode::NO_SUCH_OBJECT) => denied(),
            _ => world_error(&cannot, error),
        })?;
        let value = entry
            .as_ref()
            .and_then(|entry| entry.value(MANAGED_PASSWORD));
        let blob = ManagedPasswordBlob::from_bytes(value.ok_or_else(denied)?)
            .map_err(|error| malformed(dn.as_str(), "its password is damaged").caused_by(error))?;
        // Read after the password: that read may have rolled it over.
        let entry = self.server.read(&dn, &[VERSION]).await;
        let version = entry.map_err(|error| world_error(&cannot, error))?;
        let version = version.and_then(|entry| number(&entry, VERSION));
        let version = version
            .ok_or_else(|| malformed(dn.as_str(), "its msDS-KeyVersionNumber is missing"))?;

        let salts = self.salts(name, &blob).await;
        // Minutes before the rollover the next password is handed out already, under the version that it will have.
        let newest = version + u32::from(blob.query_interval <= CLOCK_SKEW);
        let mut versions = vec![(newest, KerberosKeys::derive(&blob.current, &salts.current))];
        if let (Some(previous), Some(version)) = (&blob.previous, newest.checked_sub(1)) {
            versions.push((version, KerberosKeys::derive(previous, &salts.previous)));
        }
        Ok(ManagedKeys {
            versions,
            changes_in: blob.query_interval.to_duration(),
        })
    }

    /// The salts of an account's keys: those of the names that it had when they were made, as the key distribution centre
    /// knows; where it does not tell, the present name's.
    async fn salts(&self, name: &SamAccountName, blob: &ManagedPasswordBlob) -> Salts {
        let domain = self.naming.dns_name.as_str();
        let of_now = Salt::for_computer(&self.options.realm(), name.as_str(), domain);
        if let Some(told) = self.told_salt(name, &blob.current).await {
            return Salts {
                current: told.clone(),
                previous: told,
            };
        }
        // Minutes before the rollover: the domain controller has the keys of the previous one still.
        let previous = match &blob.previous {
            Some(previous) => self.told_salt(name, previous).await,
            None => None,
        };
        Salts {
            previous: previous.unwrap_or_else(|| of_now.clone()),
            current: of_now,
        }
    }

    /// The Kerberos realm of the domain.
    pub fn realm(&self) -> String {
        self.options.realm()
    }
}

struct Salts {
    current: Salt,
    previous: Salt,
}
