//! Proves, as a host's machine account, that a gMSA's managed password can be retrieved and works.

use kds::GMSA_TARGET;
use ldap::{Client, Dn, Entry, Error, KerberosKey, LogonFailure, ResultCode};
use managed_password::{
    EncryptionType, Keytab, ManagedPassword, ManagedPasswordBlob, ManagedPasswordError,
    ManagedPasswordId, PasswordKeyId,
};
use model::inventory::Gmsa;
use model::names::{HostName, SamAccountName};
use model::ports::{ErrorKind, PasswordProof, Proof, WorldError};
use security::{AccessMask, FileTime, Interval, SecurityDescriptor, Sid};

use crate::ActiveDirectory;
use crate::accounts::ldap_dn;
use crate::error::{malformed, windows_code, world_error};

/// [MS-ERREF] 2.2 "Win32 Error Codes": ERROR_DS_CANT_RETRIEVE_ATTS, the answer to a principal without the right.
const CANT_RETRIEVE_ATTRIBUTES: u32 = 8481;

/// [MS-ADTS] 3.1.1.4.5.39 "msDS-ManagedPassword": this long before a rollover the next password is handed out, and
/// this long after it the one before is still accepted.
pub(crate) const CLOCK_SKEW: Interval = Interval::from_minutes(5);

impl ActiveDirectory {
    pub(crate) async fn prove_managed_password(
        &self,
        name: &SamAccountName,
        host: &HostName,
    ) -> Result<PasswordProof, WorldError> {
        let key = self.machine_key(host)?;
        let gmsa = self.find_gmsa(name).await?.ok_or_else(|| {
            WorldError::new(
                ErrorKind::NotFound,
                format!("cannot prove the password of {name}: there is no such gMSA"),
            )
        })?;
        let Some(entry) = self.retrieve_as(host, key, &gmsa).await? else {
            return self.explain_not_retrieved(&gmsa, host).await;
        };
        let value = entry.value(MANAGED_PASSWORD).unwrap_or_default();
        let blob = match ManagedPasswordBlob::from_bytes(value) {
            Ok(blob) => blob,
            Err(error) => {
                return Ok(not_retrieved(format!(
                    "{host} read a value of {} bytes: {error}",
                    value.len()
                )));
            }
        };
        // Read after the blob: it was that read which rolled the password over, if it was due.
        let id = self.password_key(&gmsa).await?;
        Ok(PasswordProof {
            retrieved: self.describe_retrieved(host, value.len(), &blob, &id),
            derivation: self.prove_derivation(&gmsa, &blob, &id).await?,
            logon: self.prove_gmsa_log_on(name, &blob).await?,
        })
    }

    fn machine_key(&self, host: &HostName) -> Result<KerberosKey, WorldError> {
        let cannot = format!("cannot log on as the machine account of {host}");
        let not_configured = |why: &str| {
            WorldError::new(ErrorKind::NotConfigured, format!("{cannot}: {why}"))
                .advise(format!("export the keytab of {host}$ and name it as machine-keytab of this host in estate.toml"))
        };
        let keytab = self
            .options
            .machine_keytabs
            .get(host)
            .ok_or_else(|| not_configured("no keytab is known for it"))?;
        newest_aes_key(keytab, &host.computer_account())
            .ok_or_else(|| not_configured("its keytab holds no AES key of that account"))
    }

    /// Reads this one attribute of this one account, as the machine: refused for one account, a search fails for all.
    /// `None`: the machine may not.
    ///
    /// INVARIANT: logs on anew each time, so that the ticket knows the memberships of now.
    async fn retrieve_as(
        &self,
        host: &HostName,
        key: KerberosKey,
        gmsa: &Gmsa,
    ) -> Result<Option<Entry>, WorldError> {
        let cannot = format!(
            "cannot read the password of {} as {host}$",
            gmsa.account.name
        );
        let machine = Client::connect(&self.options.machine_at_server(host, key)).await;
        let machine = machine.map_err(|error| {
            let stale = matches!(
                &error,
                Error::Authentication {
                    failure: LogonFailure::WrongPassword,
                    ..
                }
            );
            let world = world_error(&cannot, error);
            if stale {
                world.advise(format!(
                    "{host} has changed its password since the keytab: export it anew"
                ))
            } else {
                world
            }
        })?;
        let answer = machine
            .read(&ldap_dn(&gmsa.account.dn), [MANAGED_PASSWORD])
            .await;
        machine.unbind().await;
        match answer {
            Ok(entry) => Ok(entry.filter(|entry| entry.value(MANAGED_PASSWORD).is_some())),
            Err(error) if may_not(&error) => Ok(None),
            Err(error) => Err(world_error(cannot, error)),
        }
    }

    async fn explain_not_retrieved(
        &self,
        gmsa: &Gmsa,
        host: &HostName,
    ) -> Result<PasswordProof, WorldError> {
        let (name, machine) = (&gmsa.account.name, host.computer_account());
        let cannot = format!("cannot find out why {machine} may not read the password of {name}");
        let computer = self.find_account(&machine).await?;
        let computer = computer.ok_or_else(|| {
            WorldError::new(ErrorKind::NotFound, format!("there is no {machine}"))
        })?;
        let read = |dn: Dn, attribute: &'static str| async move {
            self.server.read(&dn, &[attribute]).await
        };
        let groups = self.token_groups(&computer.dn).await?;
        let list = read(ldap_dn(&gmsa.account.dn), "msDS-GroupMSAMembership").await;
        let list = list.map_err(|error| world_error(&cannot, error))?;

        let everyone = [computer.sid, Sid::EVERYONE, Sid::AUTHENTICATED_USERS];
        let token: Vec<Sid> = groups.into_iter().chain(everyone).collect();
        let list = list
            .as_ref()
            .and_then(|entry| entry.value("msDS-GroupMSAMembership"));
        let list = list.and_then(|bytes| SecurityDescriptor::from_bytes(bytes).ok());
        let allowed = list.is_some_and(|list| list.allows(AccessMask::READ_PROPERTY, &token));
        let why = if allowed {
            "although it is among the principals allowed to retrieve it: its membership is newer than what the domain \
             controller put into its ticket; try again after replication"
        } else {
            "it is not among the principals allowed to retrieve it, directly or through a group"
        };
        Ok(not_retrieved(format!(
            "{machine} may not read the password of {name}: {why}"
        )))
    }

    /// From which key the current password was derived, as far as the directory tells.
    async fn password_key(&self, gmsa: &Gmsa) -> Result<PasswordKeyId, WorldError> {
        const ATTRIBUTE: &str = "msDS-ManagedPasswordId";
        let dn = ldap_dn(&gmsa.account.dn);
        let entry = self.server.read(&dn, &[ATTRIBUTE]).await;
        let entry = entry.map_err(|error| {
            world_error(
                format!("cannot read {ATTRIBUTE} of {}", gmsa.account.name),
                error,
            )
        })?;
        let value = entry
            .as_ref()
            .and_then(|entry| entry.value(ATTRIBUTE))
            .unwrap_or_default();
        let damaged = |error: ManagedPasswordError| {
            malformed(
                dn.as_str(),
                "its msDS-ManagedPasswordId is missing or damaged",
            )
            .caused_by(error)
        };
        Ok(ManagedPasswordId::from_bytes(value).map_err(damaged)?.key)
    }

    fn describe_retrieved(
        &self,
        host: &HostName,
        len: usize,
        blob: &ManagedPasswordBlob,
        id: &PasswordKeyId,
    ) -> Proof {
        // To the second: it lies on a boundary of ten hours, and the two clocks differ by less than that matters.
        let half = Interval::from_ticks(TICKS_PER_SECOND / 2);
        let rollover = self
            .options
            .clock
            .now()
            .saturating_add(blob.query_interval)
            .saturating_add(half);
        let rollover =
            FileTime::from_ticks(rollover.as_ticks() / TICKS_PER_SECOND * TICKS_PER_SECOND);
        let previous = if blob.previous.is_some() {
            ", and the one before"
        } else {
            ""
        };
        let detail = format!(
            "{host}$ read {len} bytes over a sealed connection: a password of {} bytes{previous}, of group key {} under \
             root key {}, until {rollover}",
            blob.current.expose_bytes().len(),
            id.group_key_id,
            id.root_key_id,
        );
        Proof {
            holds: true,
            detail,
        }
    }

    async fn prove_derivation(
        &self,
        gmsa: &Gmsa,
        blob: &ManagedPasswordBlob,
        id: &PasswordKeyId,
    ) -> Result<Option<Proof>, WorldError> {
        let root_key = match self.root_key(id.root_key_id).await {
            Ok(root_key) => root_key,
            Err(error) if error.kind == ErrorKind::Denied => return Ok(None),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Conflict) => {
                return Ok(Some(Proof {
                    holds: false,
                    detail: error.what,
                }));
            }
            Err(error) => return Err(error),
        };
        let derived = ManagedPassword::derive(
            &root_key.derive(id.group_key_id, &GMSA_TARGET),
            &gmsa.account.sid,
        );
        let derived = derived.map_err(|error| {
            malformed(gmsa.account.dn.as_str(), "its key is none").caused_by(error)
        })?;
        let which = if derived == blob.current {
            Some("the one retrieved")
        } else if blob.query_interval <= CLOCK_SKEW && blob.previous.as_ref() == Some(&derived) {
            Some("the one retrieved as previous: the rollover is minutes away")
        } else {
            None
        };
        let derived = format!(
            "the password derived from root key {} and group key {}",
            id.root_key_id, id.group_key_id
        );
        Ok(Some(match which {
            Some(which) => Proof {
                holds: true,
                detail: format!("{derived} equals {which}"),
            },
            None => Proof {
                holds: false,
                detail: format!(
                    "{derived} is another than the one retrieved: it was reset by hand, or the key was replaced"
                ),
            },
        }))
    }
}

const TICKS_PER_SECOND: u64 = 10_000_000;

pub(crate) const MANAGED_PASSWORD: &str = "msDS-ManagedPassword";

/// The key of the highest version, AES-256 before AES-128.
pub(crate) fn newest_aes_key(keytab: &Keytab, account: &SamAccountName) -> Option<KerberosKey> {
    let of_account = |components: &[String]| matches!(components, [name] if name.to_lowercase() == account.as_str().to_lowercase());
    let usable = |number| match number {
        EncryptionType::AES256_CTS_HMAC_SHA1_96 => Some(ldap::EncryptionType::Aes256),
        EncryptionType::AES128_CTS_HMAC_SHA1_96 => Some(ldap::EncryptionType::Aes128),
        _ => None,
    };
    let entries = keytab
        .entries
        .iter()
        .filter(|entry| of_account(&entry.principal.components));
    let keys = entries.filter_map(|entry| Some((entry, usable(entry.key.encryption_type())?)));
    let (entry, encryption_type) =
        keys.max_by_key(|(entry, encryption_type)| (entry.kvno, encryption_type.number()))?;
    KerberosKey::new(encryption_type, entry.key.expose_bytes().to_vec())
}

/// Samba, and [MS-ADTS] too, answer operationsError with this code; some servers plain insufficientAccessRights.
pub(crate) fn may_not(error: &Error) -> bool {
    windows_code(error) == Some(CANT_RETRIEVE_ATTRIBUTES)
        || error.result_code() == Some(ResultCode::INSUFFICIENT_ACCESS_RIGHTS)
}

fn not_retrieved(detail: String) -> PasswordProof {
    let logon = Proof {
        holds: false,
        detail: "not tried: there is no password to try".to_owned(),
    };
    PasswordProof {
        retrieved: Proof {
            holds: false,
            detail,
        },
        derivation: None,
        logon,
    }
}

#[cfg(test)]
mod tests {
    use managed_password::{KeytabEntry, KeytabPrincipal};

    use super::*;

    #[test]
    fn the_newest_aes_key_of_the_machine_is_taken() {
        let entry = |name: &str, kvno, encryption_type: EncryptionType, byte| KeytabEntry {
            principal: KeytabPrincipal::account("CONTOSO.COM", name),
            timestamp: 0,
            kvno,
            key: managed_password::KerberosKey::from_bytes(
                encryption_type,
                &vec![byte; if encryption_type.0 == 18 { 32 } else { 16 }],
            ),
        };
        let (aes128, aes256) = (
            EncryptionType::AES128_CTS_HMAC_SHA1_96,
            EncryptionType::AES256_CTS_HMAC_SHA1_96,
        );
        let keytab = Keytab {
            entries: vec![
                entry("MIMSYNC01$", 2, aes256, 1),
                entry("mimsync01$", 3, aes256, 2),
                entry("MIMSYNC01$", 3, aes128, 3),
                entry("MIMSYNC01$", 4, EncryptionType::RC4_HMAC, 4),
                entry("OTHER$", 9, aes256, 5),
            ],
        };
        let account = "MIMSYNC01$".parse().unwrap();
        assert_eq!(
            newest_aes_key(&keytab, &account).unwrap().expose_bytes(),
            [2; 32]
        );
        assert!(newest_aes_key(&Keytab::default(), &account).is_none());
    }
}
