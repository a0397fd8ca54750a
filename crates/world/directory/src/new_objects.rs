//! What a new group and a new gMSA are made of; and many of them created at once.

use ldap::{Attribute, Dn};
use model::names::{self, SamAccountName, Spn};
use model::ports::{NewGmsa, NewGroup, WorldError};

use crate::ActiveDirectory;
use crate::accounts::{GMSA_CLASS, ldap_dn};
use crate::settings::{Settings, retrieval_list};

/// [MS-ADTS] 2.2.12 "Group Type Flags": GROUP_TYPE_ACCOUNT_GROUP and GROUP_TYPE_SECURITY_ENABLED.
const GLOBAL_SECURITY_GROUP: u32 = 0x8000_0002;

/// [MS-ADTS] 2.2.16 "userAccountControl Bits": ADS_UF_WORKSTATION_TRUST_ACCOUNT, and not disabled.
const WORKSTATION_TRUST_ACCOUNT: u32 = 0x1000;

/// [MS-KILE] 2.2.7 "Supported Encryption Types Bit Flags": AES128 and AES256.
const AES_ONLY: u32 = 0x8 | 0x10;

/// An object that is to be created.
pub(crate) struct NewObject {
    pub(crate) class: NewClass,
    pub(crate) name: SamAccountName,
    pub(crate) dn: Dn,
    pub(crate) attributes: Vec<Attribute>,
}

/// What is created.
#[derive(Clone, Copy)]
pub(crate) enum NewClass {
    Group,
    Gmsa,
}

impl NewClass {
    /// What messages call it.
    pub(crate) fn term(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Gmsa => "gMSA",
        }
    }

    /// What the schema calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Gmsa => GMSA_CLASS,
        }
    }
}

impl ActiveDirectory {
    /// Creates groups, each with its members, with several requests on their way at a time.
    ///
    /// # Errors
    /// As [`model::ports::Directory::create_group`], for the first that cannot be created; others may be there then.
    pub async fn create_groups(
        &self,
        groups: &[(NewGroup, Vec<names::Dn>)],
    ) -> Result<(), WorldError> {
        let objects = groups.iter();
        self.create_each(
            objects
                .map(|(group, members)| self.group_object(group, members))
                .collect(),
        )
        .await
    }

    /// Creates gMSAs, each with its SPNs, with several requests on their way at a time.
    ///
    /// # Errors
    /// As [`model::ports::Directory::create_gmsa`], for the first that cannot be created; others may be there then.
    pub async fn create_gmsas(&self, gmsas: &[(NewGmsa, Vec<Spn>)]) -> Result<(), WorldError> {
        let object =
            |(gmsa, spns): &(NewGmsa, Vec<Spn>)| self.gmsa_object(gmsa, &Settings::default(), spns);
        self.create_each(gmsas.iter().map(object).collect::<Result<_, _>>()?)
            .await
    }

    async fn create_each(&self, objects: Vec<NewObject>) -> Result<(), WorldError> {
        let mut who = Vec::with_capacity(objects.len());
        let mut entries = Vec::with_capacity(objects.len());
        for NewObject {
            class,
            name,
            dn,
            attributes,
        } in objects
        {
            who.push((class, name, dn.clone()));
            entries.push((dn, attributes));
        }
        let Err((number, error)) = self.server.add_each(entries).await else {
            tracing::info!(objects = who.len(), "created");
            return Ok(());
        };
        match who.get(number) {
            Some((class, name, dn)) => Err(self.explain_creation(error, name, dn, *class).await),
            None => Err(crate::error::world_error("cannot create objects", error)),
        }
    }

    pub(crate) fn group_object(&self, group: &NewGroup, members: &[names::Dn]) -> NewObject {
        let container = group
            .container
            .as_ref()
            .map_or(self.naming.users.clone(), ldap_dn);
        let mut attributes = vec![
            Attribute::new("objectClass", ["group"]),
            Attribute::new("sAMAccountName", [group.name.as_str()]),
            Attribute::new(
                "groupType",
                [GLOBAL_SECURITY_GROUP.cast_signed().to_string()],
            ),
        ];
        describe(&mut attributes, &group.description);
        if !members.is_empty() {
            let members = members.iter().map(names::Dn::as_str);
            attributes.push(Attribute::new("member", members));
        }
        NewObject {
            class: NewClass::Group,
            name: group.name.clone(),
            dn: container.child("CN", group.name.as_str()),
            attributes,
        }
    }

    pub(crate) fn gmsa_object(
        &self,
        gmsa: &NewGmsa,
        settings: &Settings,
        spns: &[Spn],
    ) -> Result<NewObject, WorldError> {
        let container = gmsa
            .container
            .as_ref()
            .map_or(self.naming.managed_service_accounts.clone(), ldap_dn);
        let name = gmsa.name.sam_account_name();
        let membership = retrieval_list(&gmsa.retrieval_principals)?;
        let mut attributes = vec![
            Attribute::new("objectClass", [GMSA_CLASS]),
            Attribute::new("sAMAccountName", [name.as_str()]),
            Attribute::new(
                "userAccountControl",
                [WORKSTATION_TRUST_ACCOUNT.to_string()],
            ),
            Attribute::new("dNSHostName", [gmsa.dns_host_name.as_str()]),
            Attribute::new(
                "msDS-ManagedPasswordInterval",
                [gmsa.interval_days.to_string()],
            ),
            Attribute::new("msDS-SupportedEncryptionTypes", [AES_ONLY.to_string()]),
            Attribute::new("msDS-GroupMSAMembership", [membership.to_bytes()]),
        ];
        describe(&mut attributes, &gmsa.description);
        if !spns.is_empty() {
            let spns = spns.iter().map(Spn::as_str);
            attributes.push(Attribute::new("servicePrincipalName", spns));
        }
        settings.over(&mut attributes)?;
        Ok(NewObject {
            class: NewClass::Gmsa,
            name,
            dn: container.child("CN", gmsa.name.as_str()),
            attributes,
        })
    }
}

fn describe(attributes: &mut Vec<Attribute>, description: &str) {
    if !description.is_empty() {
        attributes.push(Attribute::new("description", [description]));
    }
}
