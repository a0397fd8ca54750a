//! The port to Active Directory: typed verbs, one directory operation each or a read.

use async_trait::async_trait;
use security::{Ace, FileTime, Guid, Sid};
use serde::{Deserialize, Serialize};

use super::WorldError;
use crate::inventory::{Account, DirectoryRights, Domain, Gap, Gmsa, Group, RootKeyFacts};
use crate::names::{Dn, DnsName, GmsaName, HostName, LogonAccount, SamAccountName, Spn};
use crate::secret::Password;

/// A group to create: global security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// `sAMAccountName` and RDN.
    pub name: SamAccountName,
    /// Where to create it; the domain's Users container where `None`.
    pub container: Option<Dn>,
    /// `description`.
    pub description: String,
}

/// A gMSA to create: enabled, AES keys only, its passwords retrievable by the members of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGmsa {
    /// RDN; `sAMAccountName` is this and a `$`.
    pub name: GmsaName,
    /// `dNSHostName`.
    pub dns_host_name: DnsName,
    /// `msDS-ManagedPasswordInterval`, in days.
    pub interval_days: u32,
    /// `msDS-GroupMSAMembership`: who may retrieve the managed password.
    pub retrieval_principals: Vec<Sid>,
    /// Where to create it; the domain's Managed Service Accounts container where `None`.
    pub container: Option<Dn>,
    /// `description`.
    pub description: String,
}

/// An object that was just created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedObject {
    /// Where it is.
    pub dn: Dn,
    /// `objectGUID`: which object exactly.
    pub guid: Guid,
    /// `objectSid`.
    pub sid: Sid,
}

/// What [`Directory::look_up`] found; a gMSA is in both of the first two lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookedUp {
    /// Users, computers and managed service accounts.
    pub accounts: Vec<Account>,
    /// Group managed service accounts.
    pub gmsas: Vec<Gmsa>,
    /// Groups.
    pub groups: Vec<Group>,
}

/// Whether one thing was proved, and in which words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Whether it holds.
    pub holds: bool,
    /// One line: what was seen.
    pub detail: String,
}

/// What a host's own machine account could prove about a gMSA's managed password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordProof {
    /// The machine account read `msDS-ManagedPassword` over a confidential connection and it parsed.
    pub retrieved: Proof,
    /// The password derived from the KDS root key equals the one read; `None` where the operator may not read the key.
    pub derivation: Option<Proof>,
    /// A Kerberos log-on (AS exchange) as the gMSA with the AES-256 key of that password succeeded.
    pub logon: Proof,
}

/// A bit of `userAccountControl` that administrators set ([MS-ADTS] 2.2.16 "userAccountControl Bits").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountControl {
    /// ADS_UF_ACCOUNT_DISABLE: nobody logs on as it.
    Disabled,
    /// ADS_UF_NOT_DELEGATED: sensitive, nobody may act in its name.
    NotDelegated,
    /// ADS_UF_TRUSTED_FOR_DELEGATION: unconstrained delegation, in the name of anybody to anything.
    TrustedForDelegation,
    /// ADS_UF_TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION: protocol transition, without the user's own Kerberos log-on.
    TrustedToAuthForDelegation,
}

impl AccountControl {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Disabled,
        Self::NotDelegated,
        Self::TrustedForDelegation,
        Self::TrustedToAuthForDelegation,
    ];

    /// The bit.
    pub const fn bit(self) -> u32 {
        match self {
            Self::Disabled => 0x2,
            Self::NotDelegated => 0x10_0000,
            Self::TrustedForDelegation => 0x8_0000,
            Self::TrustedToAuthForDelegation => 0x100_0000,
        }
    }
}

/// In whose name an account may act, and who may act in others' names towards it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Delegation {
    /// [`AccountControl::TrustedForDelegation`].
    pub unconstrained: bool,
    /// [`AccountControl::TrustedToAuthForDelegation`].
    pub protocol_transition: bool,
    /// [`AccountControl::NotDelegated`].
    pub not_delegated: bool,
    /// `msDS-AllowedToDelegateTo`: the services it may act towards, sorted.
    pub services: Vec<Spn>,
    /// `msDS-AllowedToActOnBehalfOfOtherIdentity`: who may act towards it (resource-based), sorted.
    pub callers: Vec<Sid>,
    /// Whether that descriptor has entries beside the plain ones in `callers`: denials, conditions, unknown ones.
    pub other_entries: bool,
}

/// Active Directory, as far as conversions need it.
///
/// Every verb reads back what it needs itself; none retries a write whose outcome is unknown: it says so
/// ([`WorldError::ambiguous`]).
#[async_trait]
pub trait Directory: Send + Sync {
    /// Names, SID, functional level, domain controllers with their clocks.
    async fn domain(&self) -> Result<Domain, WorldError>;

    /// All KDS root keys as each domain controller shows them, without their secret part.
    async fn root_keys(&self) -> Result<Vec<RootKeyFacts>, WorldError>;

    /// A user, computer or gMSA by `sAMAccountName`; `None` where there is none.
    async fn account(&self, name: &SamAccountName) -> Result<Option<Account>, WorldError>;

    /// A gMSA by `sAMAccountName`; `None` where there is none of that class.
    async fn gmsa(&self, name: &SamAccountName) -> Result<Option<Gmsa>, WorldError>;

    /// A group by `sAMAccountName`; `None` where there is none.
    async fn group(&self, name: &SamAccountName) -> Result<Option<Group>, WorldError>;

    /// Everything of these `sAMAccountName`s, in few round trips: names that are in no list do not exist.
    async fn look_up(&self, names: &[SamAccountName]) -> Result<LookedUp, WorldError> {
        let mut found = LookedUp::default();
        for name in names {
            found.accounts.extend(self.account(name).await?);
            found.gmsas.extend(self.gmsa(name).await?);
            found.groups.extend(self.group(name).await?);
        }
        Ok(found)
    }

    /// SIDs of all groups that an account is in, nested ones too, as its token would have them; none where the directory
    /// does not tell.
    async fn token_groups(&self, account: &Dn) -> Result<Vec<Sid>, WorldError> {
        let _ = account;
        Ok(Vec::new())
    }

    /// What could not be read so far although it was asked for, such as a domain controller that does not answer.
    fn gaps(&self) -> Vec<Gap> {
        Vec::new()
    }

    /// Creates a global security group.
    async fn create_group(&self, group: &NewGroup) -> Result<CreatedObject, WorldError>;

    /// Adds a member; no error when it is one already.
    async fn add_member(&self, group: &Dn, member: &Dn) -> Result<(), WorldError>;

    /// Removes a member; no error when it is none.
    async fn remove_member(&self, group: &Dn, member: &Dn) -> Result<(), WorldError>;

    /// Creates a gMSA.
    async fn create_gmsa(&self, gmsa: &NewGmsa) -> Result<CreatedObject, WorldError>;

    /// Adds a principal to those that may retrieve the managed password; every other entry stays as it is.
    async fn allow_retrieval(&self, gmsa: &Dn, principal: &Sid) -> Result<(), WorldError>;

    /// Takes back exactly the entry that [`Directory::allow_retrieval`] adds.
    async fn revoke_retrieval(&self, gmsa: &Dn, principal: &Sid) -> Result<(), WorldError>;

    /// Deletes the object with that `objectGUID`; no error when it is gone.
    async fn delete(&self, guid: &Guid) -> Result<(), WorldError>;

    /// Every account of the forest that holds the SPN.
    async fn spn_holders(&self, spn: &Spn) -> Result<Vec<Account>, WorldError>;

    /// Adds an SPN to an account; no error when it is there.
    async fn add_spn(&self, account: &Dn, spn: &Spn) -> Result<(), WorldError>;

    /// Removes an SPN from an account; no error when it is not there.
    async fn remove_spn(&self, account: &Dn, spn: &Spn) -> Result<(), WorldError>;

    /// How an account may delegate, and who may towards it.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] where there is no such account.
    async fn delegation(&self, account: &Dn) -> Result<Delegation, WorldError>;

    /// Adds a service to the account's constrained delegation; no error when it is there.
    async fn allow_delegation_to(&self, account: &Dn, service: &Spn) -> Result<(), WorldError>;

    /// Removes a service from the account's constrained delegation; no error when it is not there.
    async fn revoke_delegation_to(&self, account: &Dn, service: &Spn) -> Result<(), WorldError>;

    /// Adds a principal to those that may act towards the account (resource-based); other entries stay as they are.
    async fn allow_delegation_from(&self, account: &Dn, caller: &Sid) -> Result<(), WorldError>;

    /// Takes back exactly the entry that [`Directory::allow_delegation_from`] adds.
    async fn revoke_delegation_from(&self, account: &Dn, caller: &Sid) -> Result<(), WorldError>;

    /// The entries that name one of these principals on the domain's head, on each of its containers and organizational
    /// units (AdminSDHolder among them), and on the container of shadow principals where the forest has one.
    async fn rights_of(&self, principals: &[Sid]) -> Result<DirectoryRights, WorldError>;

    /// The entries for a principal that stand on one object itself.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] where there is no such object, [`super::ErrorKind::Denied`] where its list may not
    /// be read.
    async fn rights_on(&self, object: &Dn, principal: &Sid) -> Result<Vec<Ace>, WorldError>;

    /// Adds entries to an object's access list, in the canonical order; those that are there, and all others, stay.
    async fn add_rights(&self, object: &Dn, aces: &[Ace]) -> Result<(), WorldError>;

    /// Takes exactly these entries out of an object's access list; no error for one that is not there.
    async fn take_rights(&self, object: &Dn, aces: &[Ace]) -> Result<(), WorldError>;

    /// Sets or clears a bit of `userAccountControl`; no error when it is so already.
    async fn set_account_control(
        &self,
        account: &Dn,
        bit: AccountControl,
        set: bool,
    ) -> Result<(), WorldError>;

    /// Replaces `msDS-SupportedEncryptionTypes` ([MS-KILE] 2.2.7), or removes it; no error when it is so already.
    async fn set_encryption_types(
        &self,
        account: &Dn,
        types: Option<u32>,
    ) -> Result<(), WorldError>;

    /// Creates a KDS root key as Windows does (SHA-512) with that effective time, and answers its id. Where the answer
    /// was lost, it is looked for by its id before an error is given.
    async fn create_root_key(&self, effective: FileTime) -> Result<Guid, WorldError>;

    /// Proves, as the machine account of `host`, that the gMSA's managed password can be retrieved and works.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotConfigured`] where no machine keytab is known for that host.
    async fn prove_password(
        &self,
        gmsa: &SamAccountName,
        host: &HostName,
    ) -> Result<PasswordProof, WorldError>;

    /// Proves the password of a password account by a Kerberos log-on.
    ///
    /// # Errors
    /// Only where nothing could be learnt (nobody answers …); a wrong password is a proof that does not hold.
    async fn prove_user_password(
        &self,
        account: &LogonAccount,
        password: &Password,
    ) -> Result<Proof, WorldError>;
}
