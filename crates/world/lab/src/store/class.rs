//! Object classes: their place below `top`, and what an object of them must have ([MS-ADSC]).

use super::schema::Attr;

/// A structural class that the lab can create.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    /// From `top` down to the class itself.
    pub(crate) chain: &'static [&'static str],
    /// The attribute of its relative name.
    pub(crate) rdn: &'static str,
    /// What an add must give, beside what the domain controller itself sets.
    pub(crate) must: &'static [Attr],
}

const USER: &[&str] = &["top", "person", "organizationalPerson", "user"];
const COMPUTER: &[&str] = &["top", "person", "organizationalPerson", "user", "computer"];

#[rustfmt::skip]
static CLASSES: &[Class] = &[
    Class { name: "user", chain: USER, rdn: "CN", must: &[] },
    Class { name: "computer", chain: COMPUTER, rdn: "CN", must: &[] },
    Class { name: GMSA, chain: &["top", "person", "organizationalPerson", "user", "computer", GMSA], rdn: "CN", must: &[Attr::ManagedPasswordInterval] },
    Class { name: "msDS-ManagedServiceAccount", chain: &["top", "person", "organizationalPerson", "user", "computer", "msDS-ManagedServiceAccount"], rdn: "CN", must: &[] },
    Class { name: "group", chain: &["top", "group"], rdn: "CN", must: &[] },
    Class { name: "contact", chain: &["top", "person", "organizationalPerson", "contact"], rdn: "CN", must: &[] },
    Class { name: "organizationalUnit", chain: &["top", "organizationalUnit"], rdn: "OU", must: &[] },
    Class { name: "container", chain: &["top", "container"], rdn: "CN", must: &[] },
    Class { name: "msDS-ShadowPrincipalContainer", chain: &["top", "container", "msDS-ShadowPrincipalContainer"], rdn: "CN", must: &[] },
    Class { name: "lostAndFound", chain: &["top", "lostAndFound"], rdn: "CN", must: &[] },
    Class { name: "builtinDomain", chain: &["top", "builtinDomain"], rdn: "CN", must: &[] },
    Class { name: "domainDNS", chain: &["top", "domain", "domainDNS"], rdn: "DC", must: &[] },
    Class { name: "configuration", chain: &["top", "configuration"], rdn: "CN", must: &[] },
    Class { name: "dMD", chain: &["top", "dMD"], rdn: "CN", must: &[] },
    Class { name: "subSchema", chain: &["top", "subSchema"], rdn: "CN", must: &[] },
    Class { name: "crossRefContainer", chain: &["top", "crossRefContainer"], rdn: "CN", must: &[] },
    Class { name: "crossRef", chain: &["top", "crossRef"], rdn: "CN", must: &[] },
    Class { name: "sitesContainer", chain: &["top", "sitesContainer"], rdn: "CN", must: &[] },
    Class { name: "site", chain: &["top", "site"], rdn: "CN", must: &[] },
    Class { name: "serversContainer", chain: &["top", "serversContainer"], rdn: "CN", must: &[] },
    Class { name: "server", chain: &["top", "server"], rdn: "CN", must: &[] },
    Class { name: "nTDSDSA", chain: &["top", "applicationSettings", "nTDSDSA"], rdn: "CN", must: &[] },
    Class { name: "nTDSDSARO", chain: &["top", "applicationSettings", "nTDSDSA", "nTDSDSARO"], rdn: "CN", must: &[] },
    Class { name: "nTDSService", chain: &["top", "nTDSService"], rdn: "CN", must: &[] },
    Class { name: "serviceConnectionPoint", chain: &["top", "leaf", "connectionPoint", "serviceConnectionPoint"], rdn: "CN", must: &[] },
    Class { name: ROOT_KEY, chain: &["top", ROOT_KEY], rdn: "CN", must: &[
        Attr::KdsKdfAlgorithmId, Attr::KdsSecretAgreementAlgorithmId, Attr::KdsPublicKeyLength, Attr::KdsPrivateKeyLength,
        Attr::KdsRootKeyData, Attr::KdsVersion, Attr::KdsDomainId, Attr::KdsUseStartTime, Attr::KdsCreateTime] },
    Class { name: "msKds-ProvServerConfiguration", chain: &["top", "msKds-ProvServerConfiguration"], rdn: "CN", must: &[Attr::KdsVersion] },
];

pub(crate) const GMSA: &str = "msDS-GroupManagedServiceAccount";
pub(crate) const ROOT_KEY: &str = "msKds-ProvRootKey";

impl Class {
    /// The class with this name, in whatever case.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        CLASSES
            .iter()
            .find(|class| class.name.eq_ignore_ascii_case(name))
    }

    /// The most specific of several classes; `None` unless all others are above it.
    pub(crate) fn most_specific<'a>(
        names: impl Iterator<Item = &'a str> + Clone,
    ) -> Option<&'static Self> {
        let named = names
            .clone()
            .filter_map(Self::named)
            .max_by_key(|class| class.chain.len())?;
        let above = |name: &str| {
            named
                .chain
                .iter()
                .any(|class| class.eq_ignore_ascii_case(name))
        };
        names.into_iter().all(above).then_some(named)
    }

    /// Whether objects of another class may be right below objects of this one.
    pub(crate) fn may_hold(&self, child: &Self) -> bool {
        let is = |names: &[&str]| names.iter().any(|name| self.is(name));
        match child.name {
            "organizationalUnit" => is(&["organizationalUnit", "domainDNS"]),
            GMSA if self.is("computer") => true,
            _ if child.is_security_principal() || child.is("contact") => is(&[
                "organizationalUnit",
                "domainDNS",
                "container",
                "builtinDomain",
            ]),
            _ => true,
        }
    }

    /// Whether objects of the class may have the attribute ([MS-ADSC], mustContain and mayContain).
    pub(crate) fn may_have(&self, attribute: Attr) -> bool {
        match attribute {
            Attr::Info | Attr::Mail => self.is("person") || self.is("group"),
            Attr::ManagedBy => !self.is("person") || self.is("computer"),
            Attr::Member | Attr::GroupType => self.is("group"),
            Attr::SamAccountName | Attr::SamAccountType => self.is_security_principal(),
            Attr::UserAccountControl
            | Attr::UserPrincipalName
            | Attr::ServicePrincipalName
            | Attr::PwdLastSet
            | Attr::AccountExpires
            | Attr::LockoutTime
            | Attr::BadPwdCount
            | Attr::BadPasswordTime
            | Attr::LastLogon
            | Attr::LogonCount
            | Attr::PrimaryGroupId
            | Attr::UnicodePwd
            | Attr::AllowedToDelegateTo
            | Attr::AllowedToActOnBehalf
            | Attr::SupportedEncryptionTypes => self.is("user"),
            Attr::DnsHostName | Attr::OperatingSystem | Attr::OperatingSystemVersion => {
                self.is("computer") || self.is("server") || self.is("site")
            }
            Attr::HostServiceAccount => self.is("computer"),
            Attr::GroupMsaMembership
            | Attr::ManagedPasswordInterval
            | Attr::ManagedPasswordId
            | Attr::ManagedPasswordPreviousId => self.is(GMSA),
            Attr::Manager => self.is("organizationalPerson"),
            _ => true,
        }
    }

    /// Whether the schema has this class.
    pub(crate) fn is_known(name: &str) -> bool {
        let is = |class: &&str| class.eq_ignore_ascii_case(name);
        CLASSES.iter().any(|class| class.chain.iter().any(is))
    }

    /// A class that only others are made of.
    pub(crate) fn is_abstract(name: &str) -> bool {
        name.eq_ignore_ascii_case("top")
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.chain.contains(&name)
    }

    /// Users, computers, managed accounts and groups: what has a SID and an account name.
    pub(crate) fn is_security_principal(&self) -> bool {
        self.is("user") || self.is("group")
    }
}
