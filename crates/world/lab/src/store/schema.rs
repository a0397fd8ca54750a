//! The attributes that the lab knows: syntax and flags, as Active Directory's schema has them ([MS-ADA1], [MS-ADA2],
//! [MS-ADA3]).

use std::collections::HashMap;
use std::sync::LazyLock;

/// How values look and compare ([MS-ADTS] 3.1.1.2.2.2 "LDAP Representations").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// String(Unicode), String(NT-Sec-Desc) excluded: compared without case.
    Text,
    /// Integer, Enumeration: decimal text, 32 bits.
    Integer,
    /// LargeInteger: decimal text, 64 bits.
    LargeInteger,
    /// `TRUE` or `FALSE`.
    Boolean,
    /// String(Octet).
    Octets,
    /// String(Sid): binary, and text in filters.
    Sid,
    /// Object(DS-DN): kept as a reference to the object.
    Dn,
    /// String(Generalized-Time).
    Time,
    /// String(NT-Sec-Desc).
    Descriptor,
}

/// What applies to an attribute beside its syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flags(u16);

impl Flags {
    const SINGLE: u16 = 1;
    const SYSTEM_ONLY: u16 = 2;
    const CONFIDENTIAL: u16 = 4;
    const INDEXED: u16 = 8;
    const CONSTRUCTED: u16 = 16;
    const ON_REQUEST: u16 = 32;
    const SECRET: u16 = 64;
    const FILTERED: u16 = 128;
}

/// One attribute of the schema.
#[derive(Debug)]
pub(crate) struct Definition {
    attribute: Attr,
    pub(crate) name: &'static str,
    pub(crate) syntax: Syntax,
    flags: Flags,
}

impl Definition {
    pub(crate) fn is_single_valued(&self) -> bool {
        self.flags.0 & Flags::SINGLE != 0
    }
    /// Only the domain controller itself writes it.
    pub(crate) fn is_system_only(&self) -> bool {
        self.flags.0 & (Flags::SYSTEM_ONLY | Flags::CONSTRUCTED) != 0
    }
    /// searchFlags `fCONFIDENTIAL` ([MS-ADTS] 2.2.9 "Search Flags"): reading needs control access too.
    pub(crate) fn is_confidential(&self) -> bool {
        self.flags.0 & Flags::CONFIDENTIAL != 0
    }
    pub(crate) fn is_indexed(&self) -> bool {
        self.flags.0 & Flags::INDEXED != 0
    }
    /// Made when it is read ([MS-ADTS] 3.1.1.4.5 "Constructed Attributes"); returned only when asked for by name.
    pub(crate) fn is_constructed(&self) -> bool {
        self.flags.0 & Flags::CONSTRUCTED != 0
    }
    /// Stored, but returned only when asked for by name.
    pub(crate) fn is_on_request(&self) -> bool {
        self.flags.0 & (Flags::ON_REQUEST | Flags::CONSTRUCTED) != 0
    }
    /// searchFlags `fRODCFilteredAttribute` ([MS-ADTS] 2.2.9 "Search Flags"): read-only domain controllers do not get it.
    pub(crate) fn is_filtered(&self) -> bool {
        self.flags.0 & Flags::FILTERED != 0
    }
    /// Written, never read ([MS-ADTS] 3.1.1.4.4 "Extended Access Checks").
    pub(crate) fn is_secret(&self) -> bool {
        self.flags.0 & Flags::SECRET != 0
    }
}

/// The attributes, in the order of [`DEFINITIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
#[rustfmt::skip]
pub(crate) enum Attr {
    ObjectClass, ObjectCategory, Cn, Name, Ou, Dc, Description, DisplayName, GivenName, Sn, Mail, Title, Department,
    Company, Info, Location, DistinguishedName, ObjectGuid, ObjectSid, SamAccountName, SamAccountType,
    UserAccountControl, UserPrincipalName, ServicePrincipalName, DnsHostName, OperatingSystem, OperatingSystemVersion,
    Member, MemberOf, ManagedBy, ManagedObjects, Manager, DirectReports, PrimaryGroupId, GroupType, WhenCreated,
    WhenChanged, UsnCreated, UsnChanged, InstanceType, NtSecurityDescriptor, PwdLastSet, AccountExpires, LockoutTime,
    BadPwdCount, BadPasswordTime, LastLogon, LastLogoff, LastLogonTimestamp, LogonCount, UnicodePwd, UserPassword,
    SupportedEncryptionTypes, KeyVersionNumber, UserAccountControlComputed, ManagedPasswordInterval,
    GroupMsaMembership, ManagedPassword, ManagedPasswordId, ManagedPasswordPreviousId, AllowedToDelegateTo,
    AllowedToActOnBehalf, HostServiceAccount, HostServiceAccountBl, KdsKdfAlgorithmId, KdsKdfParam,
    KdsSecretAgreementAlgorithmId, KdsSecretAgreementParam, KdsPublicKeyLength, KdsPrivateKeyLength, KdsRootKeyData,
    KdsVersion, KdsDomainId, KdsUseStartTime, KdsCreateTime, TokenGroups, WellKnownObjects, OtherWellKnownObjects,
    BehaviorVersion, MixedDomain, SystemFlags, IsCriticalSystemObject, ShowInAdvancedViewOnly, NcName, DnsRoot,
    NetBiosName, DsHeuristics, SpnMappings, MaxPwdAge, MinPwdLength, PwdProperties, LockoutThreshold, LockoutDuration,
    MachineAccountQuota, ObjectVersion, ServerReference, ServerReferenceBl, MsDsHasMasterNcs, Options, AdminCount,
    SidHistory, CanonicalName, UserCertificate, CodePage, CountryCode, StreetAddress, TelephoneNumber,
    AllowedAttributesEffective, HomeDirectory, ScriptPath, FsmoRoleOwner, CreationTime, UserWorkstations, LogonHours,
    ExtensionAttribute1, AccountNameHistory, SubschemaSubentry, WwwHomePage, AssignedAuthNPolicy,
    AssignedAuthNPolicySilo,
}

impl Attr {
    /// The attribute with this name, in whatever case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        static BY_NAME: LazyLock<HashMap<String, Attr>> = LazyLock::new(|| {
            let name = |definition: &Definition| {
                (definition.name.to_ascii_lowercase(), definition.attribute)
            };
            DEFINITIONS.iter().map(name).collect()
        });
        BY_NAME.get(&name.to_ascii_lowercase()).copied()
    }

    pub(crate) fn definition(self) -> &'static Definition {
        static UNKNOWN: Definition = define(Attr::Info, "", Syntax::Octets, 0);
        DEFINITIONS.get(self as usize).unwrap_or(&UNKNOWN) // The table has them all: a test compares.
    }

    pub(crate) fn name(self) -> &'static str {
        self.definition().name
    }
}

const fn define(attribute: Attr, name: &'static str, syntax: Syntax, flags: u16) -> Definition {
    Definition {
        attribute,
        name,
        syntax,
        flags: Flags(flags),
    }
}

const S: u16 = Flags::SINGLE;
const M: u16 = 0;
const SYS: u16 = Flags::SYSTEM_ONLY | Flags::SINGLE;
const X: u16 = Flags::INDEXED;
const MADE: u16 = Flags::CONSTRUCTED;
/// searchFlags 640: confidential, and filtered from read-only domain controllers.
const KEY: u16 = Flags::CONFIDENTIAL | Flags::FILTERED | Flags::SINGLE;

#[rustfmt::skip]
static DEFINITIONS: &[Definition] = &[
    define(Attr::ObjectClass, "objectClass", Syntax::Text, M | X),
    define(Attr::ObjectCategory, "objectCategory", Syntax::Text, S | X),
    define(Attr::Cn, "cn", Syntax::Text, S | X),
    define(Attr::Name, "name", Syntax::Text, SYS | X),
    define(Attr::Ou, "ou", Syntax::Text, M),
    define(Attr::Dc, "dc", Syntax::Text, S),
    define(Attr::Description, "description", Syntax::Text, M),
    define(Attr::DisplayName, "displayName", Syntax::Text, S | X),
    define(Attr::GivenName, "givenName", Syntax::Text, S),
    define(Attr::Sn, "sn", Syntax::Text, S),
    define(Attr::Mail, "mail", Syntax::Text, S | X),
    define(Attr::Title, "title", Syntax::Text, S),
    define(Attr::Department, "department", Syntax::Text, S),
    define(Attr::Company, "company", Syntax::Text, S),
    define(Attr::Info, "info", Syntax::Text, S),
    define(Attr::Location, "location", Syntax::Text, S),
    define(Attr::DistinguishedName, "distinguishedName", Syntax::Dn, SYS),
    define(Attr::ObjectGuid, "objectGUID", Syntax::Octets, SYS | X),
    define(Attr::ObjectSid, "objectSid", Syntax::Sid, SYS | X),
    define(Attr::SamAccountName, "sAMAccountName", Syntax::Text, S | X),
    define(Attr::SamAccountType, "sAMAccountType", Syntax::Integer, SYS),
    define(Attr::UserAccountControl, "userAccountControl", Syntax::Integer, S),
    define(Attr::UserPrincipalName, "userPrincipalName", Syntax::Text, S | X),
    define(Attr::ServicePrincipalName, "servicePrincipalName", Syntax::Text, M | X),
    define(Attr::DnsHostName, "dNSHostName", Syntax::Text, S | X),
    define(Attr::OperatingSystem, "operatingSystem", Syntax::Text, S),
    define(Attr::OperatingSystemVersion, "operatingSystemVersion", Syntax::Text, S),
    define(Attr::Member, "member", Syntax::Dn, M),
    define(Attr::MemberOf, "memberOf", Syntax::Dn, Flags::SYSTEM_ONLY),
    define(Attr::ManagedBy, "managedBy", Syntax::Dn, S),
    define(Attr::ManagedObjects, "managedObjects", Syntax::Dn, Flags::SYSTEM_ONLY),
    define(Attr::Manager, "manager", Syntax::Dn, S),
    define(Attr::DirectReports, "directReports", Syntax::Dn, Flags::SYSTEM_ONLY),
    define(Attr::PrimaryGroupId, "primaryGroupID", Syntax::Integer, S),
    define(Attr::GroupType, "groupType", Syntax::Integer, S),
    define(Attr::WhenCreated, "whenCreated", Syntax::Time, SYS),
    define(Attr::WhenChanged, "whenChanged", Syntax::Time, SYS),
    define(Attr::UsnCreated, "uSNCreated", Syntax::LargeInteger, SYS),
    define(Attr::UsnChanged, "uSNChanged", Syntax::LargeInteger, SYS),
    define(Attr::InstanceType, "instanceType", Syntax::Integer, SYS),
    define(Attr::NtSecurityDescriptor, "nTSecurityDescriptor", Syntax::Descriptor, S | Flags::ON_REQUEST),
    define(Attr::PwdLastSet, "pwdLastSet", Syntax::LargeInteger, S),
    define(Attr::AccountExpires, "accountExpires", Syntax::LargeInteger, S),
    define(Attr::LockoutTime, "lockoutTime", Syntax::LargeInteger, S),
    define(Attr::BadPwdCount, "badPwdCount", Syntax::Integer, SYS),
    define(Attr::BadPasswordTime, "badPasswordTime", Syntax::LargeInteger, SYS),
    define(Attr::LastLogon, "lastLogon", Syntax::LargeInteger, SYS),
    define(Attr::LastLogoff, "lastLogoff", Syntax::LargeInteger, SYS),
    define(Attr::LastLogonTimestamp, "lastLogonTimestamp", Syntax::LargeInteger, SYS),
    define(Attr::LogonCount, "logonCount", Syntax::Integer, SYS),
    define(Attr::UnicodePwd, "unicodePwd", Syntax::Octets, S | Flags::SECRET),
    define(Attr::UserPassword, "userPassword", Syntax::Octets, M | Flags::SECRET),
    define(Attr::SupportedEncryptionTypes, "msDS-SupportedEncryptionTypes", Syntax::Integer, S),
    define(Attr::KeyVersionNumber, "msDS-KeyVersionNumber", Syntax::Integer, S | MADE),
    define(Attr::UserAccountControlComputed, "msDS-User-Account-Control-Computed", Syntax::Integer, S | MADE),
    define(Attr::ManagedPasswordInterval, "msDS-ManagedPasswordInterval", Syntax::Integer, SYS),
    define(Attr::GroupMsaMembership, "msDS-GroupMSAMembership", Syntax::Descriptor, S),
    define(Attr::ManagedPassword, "msDS-ManagedPassword", Syntax::Octets, S | MADE),
    define(Attr::ManagedPasswordId, "msDS-ManagedPasswordId", Syntax::Octets, SYS),
    define(Attr::ManagedPasswordPreviousId, "msDS-ManagedPasswordPreviousId", Syntax::Octets, SYS),
    define(Attr::AllowedToDelegateTo, "msDS-AllowedToDelegateTo", Syntax::Text, M),
    define(Attr::AllowedToActOnBehalf, "msDS-AllowedToActOnBehalfOfOtherIdentity", Syntax::Descriptor, S),
    define(Attr::HostServiceAccount, "msDS-HostServiceAccount", Syntax::Dn, M),
    define(Attr::HostServiceAccountBl, "msDS-HostServiceAccountBL", Syntax::Dn, Flags::SYSTEM_ONLY),
    define(Attr::KdsKdfAlgorithmId, "msKds-KDFAlgorithmID", Syntax::Text, KEY),
    define(Attr::KdsKdfParam, "msKds-KDFParam", Syntax::Octets, KEY),
    define(Attr::KdsSecretAgreementAlgorithmId, "msKds-SecretAgreementAlgorithmID", Syntax::Text, KEY),
    define(Attr::KdsSecretAgreementParam, "msKds-SecretAgreementParam", Syntax::Octets, KEY),
    define(Attr::KdsPublicKeyLength, "msKds-PublicKeyLength", Syntax::Integer, KEY),
    define(Attr::KdsPrivateKeyLength, "msKds-PrivateKeyLength", Syntax::Integer, KEY),
    define(Attr::KdsRootKeyData, "msKds-RootKeyData", Syntax::Octets, KEY),
    define(Attr::KdsVersion, "msKds-Version", Syntax::Integer, KEY),
    define(Attr::KdsDomainId, "msKds-DomainID", Syntax::Dn, KEY),
    define(Attr::KdsUseStartTime, "msKds-UseStartTime", Syntax::LargeInteger, KEY),
    define(Attr::KdsCreateTime, "msKds-CreateTime", Syntax::LargeInteger, KEY),
    define(Attr::TokenGroups, "tokenGroups", Syntax::Sid, MADE),
    define(Attr::WellKnownObjects, "wellKnownObjects", Syntax::Text, Flags::SYSTEM_ONLY),
    define(Attr::OtherWellKnownObjects, "otherWellKnownObjects", Syntax::Text, M),
    define(Attr::BehaviorVersion, "msDS-Behavior-Version", Syntax::Integer, S),
    define(Attr::MixedDomain, "nTMixedDomain", Syntax::Integer, S),
    define(Attr::SystemFlags, "systemFlags", Syntax::Integer, SYS),
    define(Attr::IsCriticalSystemObject, "isCriticalSystemObject", Syntax::Boolean, SYS),
    define(Attr::ShowInAdvancedViewOnly, "showInAdvancedViewOnly", Syntax::Boolean, S),
    define(Attr::NcName, "nCName", Syntax::Dn, S),
    define(Attr::DnsRoot, "dnsRoot", Syntax::Text, M),
    define(Attr::NetBiosName, "nETBIOSName", Syntax::Text, S | X),
    define(Attr::DsHeuristics, "dSHeuristics", Syntax::Text, S),
    define(Attr::SpnMappings, "sPNMappings", Syntax::Text, M),
    define(Attr::MaxPwdAge, "maxPwdAge", Syntax::LargeInteger, S),
    define(Attr::MinPwdLength, "minPwdLength", Syntax::Integer, S),
    define(Attr::PwdProperties, "pwdProperties", Syntax::Integer, S),
    define(Attr::LockoutThreshold, "lockoutThreshold", Syntax::Integer, S),
    define(Attr::LockoutDuration, "lockoutDuration", Syntax::LargeInteger, S),
    define(Attr::MachineAccountQuota, "ms-DS-MachineAccountQuota", Syntax::Integer, S),
    define(Attr::ObjectVersion, "objectVersion", Syntax::Integer, S),
    define(Attr::ServerReference, "serverReference", Syntax::Dn, S),
    define(Attr::ServerReferenceBl, "serverReferenceBL", Syntax::Dn, Flags::SYSTEM_ONLY),
    define(Attr::MsDsHasMasterNcs, "msDS-hasMasterNCs", Syntax::Dn, M),
    define(Attr::Options, "options", Syntax::Integer, S),
    define(Attr::AdminCount, "adminCount", Syntax::Integer, S),
    define(Attr::SidHistory, "sIDHistory", Syntax::Sid, Flags::SYSTEM_ONLY),
    define(Attr::CanonicalName, "canonicalName", Syntax::Text, MADE),
    define(Attr::UserCertificate, "userCertificate", Syntax::Octets, M),
    define(Attr::CodePage, "codePage", Syntax::Integer, S),
    define(Attr::CountryCode, "countryCode", Syntax::Integer, S),
    define(Attr::StreetAddress, "streetAddress", Syntax::Text, S),
    define(Attr::TelephoneNumber, "telephoneNumber", Syntax::Text, S),
    define(Attr::AllowedAttributesEffective, "allowedAttributesEffective", Syntax::Text, MADE),
    define(Attr::HomeDirectory, "homeDirectory", Syntax::Text, S),
    define(Attr::ScriptPath, "scriptPath", Syntax::Text, S),
    define(Attr::FsmoRoleOwner, "fSMORoleOwner", Syntax::Dn, S),
    define(Attr::CreationTime, "creationTime", Syntax::LargeInteger, SYS),
    define(Attr::UserWorkstations, "userWorkstations", Syntax::Text, S),
    define(Attr::LogonHours, "logonHours", Syntax::Octets, S),
    define(Attr::ExtensionAttribute1, "extensionAttribute1", Syntax::Text, S),
    define(Attr::AccountNameHistory, "accountNameHistory", Syntax::Text, M),
    define(Attr::SubschemaSubentry, "subSchemaSubEntry", Syntax::Text, MADE),
    define(Attr::WwwHomePage, "wWWHomePage", Syntax::Text, S),
    define(Attr::AssignedAuthNPolicy, "msDS-AssignedAuthNPolicy", Syntax::Dn, S),
    define(Attr::AssignedAuthNPolicySilo, "msDS-AssignedAuthNPolicySilo", Syntax::Dn, S),
];

/// The back link of a forward link ([MS-ADTS] 3.1.1.1.6 "Referential Integrity").
pub(crate) fn back_link(forward: Attr) -> Option<Attr> {
    match forward {
        Attr::Member => Some(Attr::MemberOf),
        Attr::ManagedBy => Some(Attr::ManagedObjects),
        Attr::Manager => Some(Attr::DirectReports),
        Attr::HostServiceAccount => Some(Attr::HostServiceAccountBl),
        Attr::ServerReference => Some(Attr::ServerReferenceBl),
        _ => None,
    }
}

/// Every attribute that has a back link.
pub(crate) const FORWARD_LINKS: [Attr; 5] = [
    Attr::Member,
    Attr::ManagedBy,
    Attr::Manager,
    Attr::HostServiceAccount,
    Attr::ServerReference,
];

/// The forward link of a back link.
pub(crate) fn forward_link(back: Attr) -> Option<Attr> {
    FORWARD_LINKS
        .into_iter()
        .find(|forward| back_link(*forward) == Some(back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_attribute_at_its_place() {
        for (index, definition) in DEFINITIONS.iter().enumerate() {
            assert_eq!(definition.attribute as usize, index, "{}", definition.name);
        }
        assert_eq!(
            DEFINITIONS.len(),
            Attr::AssignedAuthNPolicySilo as usize + 1
        );
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(
            Attr::named("MSDS-managedPassword"),
            Some(Attr::ManagedPassword)
        );
        assert_eq!(Attr::named("nonsense"), None);
    }
}
