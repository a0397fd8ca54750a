//! KDS root keys, as each domain controller shows them.

use kds::{
    KdsError, RootKey, RootKeyAttributes, RootKeyData, RootKeyDescription, RootKeyId, Usability,
};
use ldap::{Dn, Entry, Filter, Scope, Search};
use model::inventory::RootKeyFacts;
use model::names::DnsName;
use model::ports::{ErrorKind, WorldError};
use security::FileTime;

use crate::ActiveDirectory;
use crate::accounts::number;
use crate::connection::Connection;
use crate::error::world_error;

/// A KDS root key as one domain controller shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRootKey {
    /// What inventory and plan need of it.
    pub facts: RootKeyFacts,
    /// Everything but the secret; `None` where [`RootKeyFacts::defect`] says why.
    pub description: Option<RootKeyDescription>,
}

const ATTRIBUTES: [&str; 10] = [
    "msKds-Version",
    "msKds-KDFAlgorithmID",
    "msKds-KDFParam",
    "msKds-SecretAgreementAlgorithmID",
    "msKds-PrivateKeyLength",
    "msKds-PublicKeyLength",
    "msKds-DomainID",
    "msKds-UseStartTime",
    "msKds-CreateTime",
    "msKds-RootKeyData",
];

impl ActiveDirectory {
    /// All root keys of the forest, from every domain controller of the domain that answers.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] where there are keys that the operator may not read, [`ErrorKind::NotSupported`] where
    /// the forest was never prepared for Windows Server 2012.
    pub async fn listed_root_keys(&self) -> Result<Vec<ListedRootKey>, WorldError> {
        let listed = self
            .ask_all(|controller| self.root_keys_at(controller))
            .await?;
        Ok(listed.into_iter().flatten().collect())
    }

    /// The root keys that each domain controller shows, or why it cannot be asked.
    ///
    /// # Errors
    /// Where the operator's own domain controller cannot be asked, or not by this operator.
    pub async fn root_keys_of_each(
        &self,
    ) -> Result<Vec<(DnsName, Result<Vec<RootKeyFacts>, WorldError>)>, WorldError> {
        let asked = self
            .ask_each(|controller| self.root_keys_at(controller))
            .await?;
        let facts = |listed: Vec<ListedRootKey>| listed.into_iter().map(|key| key.facts).collect();
        let each = asked.into_iter();
        Ok(each
            .map(|(name, listed)| (name, listed.map(facts)))
            .collect())
    }

    /// The root key with its secret: for deriving passwords offline.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Denied`], or [`ErrorKind::Conflict`] for a key that nobody can use.
    pub async fn root_key(&self, id: RootKeyId) -> Result<RootKey, WorldError> {
        let cannot = format!("cannot read KDS root key {id}");
        let dn = self.root_key_container().child("CN", &id.to_string());
        let entry = self
            .server
            .read(&dn, &ATTRIBUTES)
            .await
            .map_err(|error| world_error(&cannot, error))?;
        let entry = entry.ok_or_else(|| {
            WorldError::new(ErrorKind::NotFound, format!("{cannot}: there is none"))
                .advise("gMSAs whose password came from it are unusable until their next rollover")
        })?;
        let damaged = |error: KdsError| {
            WorldError::new(ErrorKind::Conflict, format!("{cannot}: {error}")).caused_by(error)
        };
        // First of all: who may not see this sees nothing else of the key either.
        let data = entry.value("msKds-RootKeyData");
        let data = data.ok_or_else(|| self.root_keys_denied(&cannot))?;
        let description = describe(&entry, id).map_err(damaged)?;
        Ok(RootKey::new(
            description,
            RootKeyData::from_bytes(data).map_err(damaged)?,
        ))
    }

    pub(crate) async fn list_root_keys(&self) -> Result<Vec<RootKeyFacts>, WorldError> {
        Ok(self
            .listed_root_keys()
            .await?
            .into_iter()
            .map(|key| key.facts)
            .collect())
    }

    async fn root_keys_at(
        &self,
        controller: &Connection,
    ) -> Result<Vec<ListedRootKey>, WorldError> {
        let cannot = format!("cannot read the KDS root keys on {}", controller.server);
        // Any class: a class that may not be read matches no filter, and the keys would seem not to be there.
        let search = Search::new(
            self.root_key_container(),
            Scope::OneLevel,
            Filter::present("objectClass"),
        );
        let search = search.attributes(ATTRIBUTES);
        let entries = controller.search(&search).await.map_err(|error| match error.result_code() {
            Some(ldap::ResultCode::NO_SUCH_OBJECT) => {
                WorldError::new(ErrorKind::NotSupported, format!("{cannot}: the forest has no container for them"))
                    .advise("prepare the forest for Windows Server 2012 or later (adprep, samba-tool domain functionalprep)")
                    .caused_by(error)
            }
            _ => world_error(&cannot, error),
        })?;
        // An object of another name is no root key to domain controllers either.
        let keys = entries
            .iter()
            .filter_map(|entry| Some((entry.dn.first_value()?.parse::<RootKeyId>().ok()?, entry)));
        let listed = keys.map(|(id, entry)| {
            // A mandatory attribute: who does not see it may not read the key at all.
            let readable = entry.value("msKds-CreateTime").is_some();
            readable
                .then(|| listed(entry, id, &controller.server))
                .ok_or_else(|| self.root_keys_denied(&cannot))
        });
        let mut listed = listed.collect::<Result<Vec<_>, _>>()?;
        listed.sort_by_key(|key| (key.facts.created, key.facts.id));
        Ok(listed)
    }

    pub(crate) fn root_key_container(&self) -> Dn {
        let path = [
            "Services",
            "Group Key Distribution Service",
            "Master Root Keys",
        ];
        path.iter()
            .fold(self.naming.configuration.clone(), |above, name| {
                above.child("CN", name)
            })
    }

    fn root_keys_denied(&self, cannot: &str) -> WorldError {
        let user = self.options.operator();
        WorldError::new(ErrorKind::Denied, format!("{cannot}: they are there, and {user} may not read them")).advise(
            format!(
                "run as a member of Domain Admins of the forest's root domain or of Enterprise Admins, or grant Read \
                 property and Control access below {}",
                self.root_key_container()
            ),
        )
    }
}

fn listed(entry: &Entry, id: RootKeyId, controller: &DnsName) -> ListedRootKey {
    let time = |attribute| file_time(entry, attribute).unwrap_or(FileTime::ZERO);
    // The secret is looked at for its length only, and wiped with the entry.
    let length = |data: Option<&[u8]>| RootKeyData::from_bytes(data.unwrap_or_default()).map(drop);
    let description = describe(entry, id)
        .and_then(|description| length(entry.value("msKds-RootKeyData")).map(|()| description));
    let effective = time("msKds-UseStartTime");
    let usability = description
        .as_ref()
        .map(|description| description.usability(FileTime::ZERO));
    let (usable_from, defect) = match (usability, &description) {
        (Ok(Usability::From(from)), _) => (from, None),
        (Ok(Usability::Usable), _) => (effective, None),
        (_, Err(error)) => (effective, Some(error.to_string())),
        (_, Ok(_)) => (
            effective,
            Some("it has no effective time that will come".to_owned()),
        ),
    };
    let facts = RootKeyFacts {
        id: id.guid(),
        domain_controller: controller.clone(),
        created: time("msKds-CreateTime"),
        effective,
        usable_from,
        defect,
    };
    ListedRootKey {
        facts,
        description: description.ok(),
    }
}

fn describe(entry: &Entry, id: RootKeyId) -> Result<RootKeyDescription, KdsError> {
    RootKeyAttributes {
        id,
        version: number(entry, "msKds-Version").unwrap_or(0),
        kdf_algorithm: entry.text("msKds-KDFAlgorithmID").unwrap_or_default(),
        kdf_parameters: entry.value("msKds-KDFParam"),
        secret_agreement_algorithm: entry
            .text("msKds-SecretAgreementAlgorithmID")
            .unwrap_or_default(),
        private_key_length: number(entry, "msKds-PrivateKeyLength").unwrap_or(0),
        public_key_length: number(entry, "msKds-PublicKeyLength").unwrap_or(0),
        domain_id: entry.text("msKds-DomainID").unwrap_or_default(),
        use_start_time: file_time(entry, "msKds-UseStartTime").unwrap_or(FileTime::ZERO),
        create_time: file_time(entry, "msKds-CreateTime").unwrap_or(FileTime::ZERO),
    }
    .describe()
}

/// A FILETIME as a decimal number ([MS-ADTS] 3.1.1.2.2.2 "LDAP Representations", LargeInteger).
fn file_time(entry: &Entry, attribute: &str) -> Option<FileTime> {
    entry
        .text(attribute)?
        .parse()
        .ok()
        .map(FileTime::from_ticks)
}

#[cfg(test)]
mod tests {
    use ldap::Attribute;

    use super::*;

    const ID: &str = "9d922231-af27-b73b-1056-aeb18eeca71a";

    fn listed_with(change: &str, value: &[u8]) -> ListedRootKey {
        let attributes: [(&str, &[u8]); 6] = [
            ("msKds-Version", b"1"),
            ("msKds-KDFAlgorithmID", b"SP800_108_CTR_HMAC"),
            ("msKds-SecretAgreementAlgorithmID", b"DH"),
            ("msKds-UseStartTime", b"134397947113287776"),
            ("msKds-CreateTime", b"134398310113287776"),
            ("msKds-RootKeyData", &[7; 64]),
        ];
        let values = attributes.map(|(name, usual)| {
            if name == change {
                (name, value)
            } else {
                (name, usual)
            }
        });
        let entry = Entry {
            dn: Dn::from(format!("CN={ID},CN=Master Root Keys")),
            attributes: values
                .map(|(name, value)| Attribute::new(name, [value.to_vec()]))
                .into(),
        };
        listed(
            &entry,
            ID.parse().unwrap(),
            &"dc1.contoso.com".parse().unwrap(),
        )
    }

    #[test]
    fn a_key_is_usable_ten_hours_and_five_minutes_after_its_effective_time() {
        let facts = listed_with("", b"").facts;
        assert_eq!(
            facts.usable_from.as_ticks() - facts.effective.as_ticks(),
            (10 * 60 + 5) * 60 * 10_000_000
        );
        assert_eq!(facts.defect, None);
    }

    #[test]
    fn a_key_that_nobody_can_use_says_why() {
        for (attribute, value, says) in [
            ("msKds-Version", &b"2"[..], "version"),
            ("msKds-KDFAlgorithmID", b"other", "other"),
            ("msKds-RootKeyData", &[7; 63], "63"),
            ("msKds-UseStartTime", b"0", "effective time"),
        ] {
            let defect = listed_with(attribute, value).facts.defect.unwrap();
            assert!(defect.contains(says), "{attribute}: {defect}");
        }
    }
}
