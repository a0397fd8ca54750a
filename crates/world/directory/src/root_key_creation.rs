//! Creates a KDS root key, as Windows' Add-KdsRootKey does.

use kds::{FfcDhParameters, KEY_LEN, KdfHash, KdfParameters, RootKeyId};
use ldap::{Attribute, Dn};
use model::ports::{ErrorKind, WorldError};
use security::{FileTime, Guid};
use zeroize::Zeroizing;

use crate::ActiveDirectory;
use crate::connection::Write;
use crate::error::{malformed, world_error};
use crate::objects::explain;

impl ActiveDirectory {
    pub(crate) async fn add_root_key(&self, effective: FileTime) -> Result<Guid, WorldError> {
        let id = random_guid()?;
        let mut data = Zeroizing::new([0_u8; KEY_LEN]);
        getrandom::fill(&mut *data).map_err(|error| no_randomness().caused_by(error))?;
        let attributes = self.root_key_attributes(effective, &data).await?;
        let dn = self.root_key_container().child("CN", &id.to_string());
        let cannot = format!("cannot create KDS root key {id}");
        let denied = format!(
            "run as a member of Domain Admins of the forest's root domain or of Enterprise Admins, or grant Create \
             msKds-ProvRootKey objects on {}",
            self.root_key_container()
        );
        match self.server.write(&dn, &Write::Add(attributes)).await {
            Ok(()) => {}
            // The id is ours alone: if the key is there, this request made it.
            Err(error) if error.is_ambiguous() => {
                let found = self.server.read(&dn, &["objectClass"]).await;
                match found {
                    Ok(Some(_)) => {}
                    Ok(None) => return Err(world_error(cannot, error).ambiguous(false)),
                    Err(_) => return Err(world_error(cannot, error)),
                }
            }
            Err(error) => return Err(explain(cannot, error, denied)),
        }
        tracing::info!(%id, %effective, "KDS root key created");
        Ok(id.guid())
    }

    async fn root_key_attributes(
        &self,
        effective: FileTime,
        data: &[u8; KEY_LEN],
    ) -> Result<Vec<Attribute>, WorldError> {
        let hash = KdfParameters {
            hash: KdfHash::Sha512,
        };
        let created = self.options.clock.now();
        let controller = self.computer_of_controller().await?;
        Ok(vec![
            Attribute::new("objectClass", ["msKds-ProvRootKey"]),
            Attribute::new("msKds-Version", ["1"]),
            Attribute::new("msKds-KDFAlgorithmID", ["SP800_108_CTR_HMAC"]),
            Attribute::new("msKds-KDFParam", [hash.to_bytes()]),
            Attribute::new("msKds-SecretAgreementAlgorithmID", ["DH"]),
            Attribute::new(
                "msKds-SecretAgreementParam",
                [FfcDhParameters::rfc5114_2048_256().to_bytes()],
            ),
            // In bits; the private key's is what Windows writes.
            Attribute::new("msKds-PublicKeyLength", ["2048"]),
            Attribute::new("msKds-PrivateKeyLength", ["512"]),
            Attribute::new("msKds-RootKeyData", [data.to_vec()]),
            Attribute::new("msKds-DomainID", [controller.as_str()]),
            Attribute::new("msKds-UseStartTime", [effective.as_ticks().to_string()]),
            Attribute::new("msKds-CreateTime", [created.as_ticks().to_string()]),
        ])
    }

    /// The computer object of the domain controller that all writes go to.
    async fn computer_of_controller(&self) -> Result<Dn, WorldError> {
        let server = &self.server.server;
        let failed = |error| world_error(format!("cannot find the account of {server}"), error);
        let root = self.server.read(&Dn::root(), &["serverName"]).await;
        let name = root.map_err(failed)?;
        let name = name.and_then(|root| root.text("serverName").map(Dn::from));
        let missing = || malformed(server.as_str(), "it does not tell its account");
        let name = name.ok_or_else(missing)?;
        let object = self.server.read(&name, &["serverReference"]).await;
        let object = object.map_err(failed)?;
        object
            .and_then(|object| object.text("serverReference").map(Dn::from))
            .ok_or_else(missing)
    }
}

/// RFC 9562 section 5.4 "UUID Version 4".
fn random_guid() -> Result<RootKeyId, WorldError> {
    let mut bytes = [0_u8; Guid::LEN];
    getrandom::fill(&mut bytes).map_err(|error| no_randomness().caused_by(error))?;
    // The third group is little-endian on the wire.
    bytes[7] = bytes[7] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(RootKeyId::new(Guid::from_bytes(bytes)))
}

fn no_randomness() -> WorldError {
    WorldError::new(
        ErrorKind::Failed,
        "the operating system gives no random bytes",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_uuids() {
        let (one, other) = (random_guid().unwrap(), random_guid().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.to_string().as_bytes().get(14), Some(&b'4'), "{one}");
    }
}
