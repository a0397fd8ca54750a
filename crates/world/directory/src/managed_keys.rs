//! The keys of a gMSA's managed password, for hosts that keep them in a keytab.

use std::time::Duration;

use ldap::ResultCode;
use managed_password::{KerberosKeys, ManagedPasswordBlob, Salt};
use model::inventory::Gmsa;
use model::ports::{ErrorKind, WorldError};

use crate::ActiveDirectory;
use crate::accounts::{ldap_dn, number};
use crate::error::{malformed, windows_code, world_error};
use crate::password_proof::{CLOCK_SKEW, MANAGED_PASSWORD, may_not};

/// Keys of the password and of the one before, with their versions.
pub struct ManagedKeys {
    /// Key version number and keys, the newest first.
    pub versions: Vec<(u32, KerberosKeys)>,
    /// After this there are new ones.
    pub changes_in: Duration,
}

/// [MS-ERREF] 2.2 "Win32 Error Codes": ERROR_DS_CONFIDENTIALITY_REQUIRED.
const CONFIDENTIALITY_REQUIRED: u32 = 8237;

impl ActiveDirectory {
    /// Reads a gMSA's password as the operator and makes the keys of it.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] where the operator may not retrieve it; [`ErrorKind::Untrusted`] for a connection that
    /// is not confidential.
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
        let entry = entry.map_err(|error| match windows_code(&error) {
            Some(CONFIDENTIALITY_REQUIRED) => {
                let what = format!("{cannot}: the connection is not confidential");
                WorldError::new(ErrorKind::Untrusted, what)
                    .advise("use transport \"sealed\" or \"ldaps\"")
                    .caused_by(error)
            }
            _ if may_not(&error) => denied().caused_by(error),
            _ if error.result_code() == Some(ResultCode::NO_SUCH_OBJECT) => denied(),
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

        let realm = self.options.realm();
        let salt = Salt::for_computer(&realm, name.as_str(), self.naming.dns_name.as_str());
        // Minutes before the rollover the next password is handed out already, under the version that it will have.
        let newest = version + u32::from(blob.query_interval <= CLOCK_SKEW);
        let mut versions = vec![(newest, KerberosKeys::derive(&blob.current, &salt))];
        if let (Some(previous), Some(version)) = (&blob.previous, newest.checked_sub(1)) {
            versions.push((version, KerberosKeys::derive(previous, &salt)));
        }
        Ok(ManagedKeys {
            versions,
            changes_in: blob.query_interval.to_duration(),
        })
    }

    /// The Kerberos realm of the domain.
    pub fn realm(&self) -> String {
        self.options.realm()
    }
}
