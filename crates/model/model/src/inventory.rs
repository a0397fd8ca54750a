//! What was found: directory, hosts, and how much of both could be read.

mod carrier;
mod directory_right;
mod host_access;
mod on_host;

pub use carrier::{Carried, Carrier, WebFolder};
pub use directory_right::{DirectoryRight, DirectoryRights};
pub use host_access::HostAccess;
pub use on_host::{
    AppPool, HostFacts, HostInventory, Product, Service, ServiceStart, ServiceState, Task,
    program_of, registry_path,
};
use security::{FileTime, Guid, Sid};
use serde::{Deserialize, Serialize};

use crate::database::DatabaseFacts;
use crate::names::{Dn, DnsName, HostName, SamAccountName, Spn};
use crate::ports::Delegation;

/// Everything that was found at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Format of this document: 1.
    pub format: u32,
    /// When discovery began.
    pub taken_at: FileTime,
    /// The estate's name from `estate.toml`.
    pub estate: String,
    /// The domain.
    pub domain: Domain,
    /// KDS root keys of the forest, as each domain controller shows them.
    pub root_keys: Vec<RootKeyFacts>,
    /// Accounts that matter: logon accounts of services, computers of the estate, holders of SPNs.
    pub accounts: Vec<Account>,
    /// Group managed service accounts that were looked for and found.
    pub gmsas: Vec<Gmsa>,
    /// Groups that were looked for and found.
    pub groups: Vec<Group>,
    /// Names that were looked for: a name here that is in no list above does not exist.
    pub looked_up: Vec<SamAccountName>,
    /// Accounts of services that delegate, or that others delegate to.
    #[serde(default)]
    pub delegations: Vec<AccountDelegation>,
    /// Entries of accounts of services in the access lists of the domain's head, its containers and organizational
    /// units, and the shadow principals' container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directory_rights: Vec<DirectoryRight>,
    /// SPNs whose holders were searched for forest-wide.
    pub spns: Vec<SpnHolders>,
    /// Hosts of the estate that answered.
    pub hosts: Vec<HostInventory>,
    /// Databases of components, as far as their servers could be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<DatabaseFacts>,
    /// Which hosts were asked and what could not be read.
    pub coverage: Coverage,
}

/// The domain whose accounts are converted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// DNS name.
    pub dns_name: DnsName,
    /// NetBIOS name, in capitals.
    pub netbios_name: String,
    /// DNS name of the forest's root domain.
    pub forest: DnsName,
    /// The domain's SID: what tells one estate from another.
    pub sid: Sid,
    /// `msDS-Behavior-Version` of the domain: 5 is Windows Server 2012, 7 is 2016.
    pub functional_level: u32,
    /// Domain controllers that were asked.
    pub domain_controllers: Vec<DomainController>,
}

/// A domain controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainController {
    /// DNS name.
    pub dns_name: DnsName,
    /// Its clock minus ours, in seconds.
    pub clock_skew_seconds: i64,
}

/// A KDS root key as one domain controller shows it; its secret part is never in an inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootKeyFacts {
    /// The root key id: the RDN of its object.
    pub id: Guid,
    /// The domain controller that was asked.
    pub domain_controller: DnsName,
    /// `msKds-CreateTime`.
    pub created: FileTime,
    /// `msKds-UseStartTime`: its effective time.
    pub effective: FileTime,
    /// From when gMSAs can be made with it: the effective time, 10 hours, and the 5 minutes more that Samba waits.
    pub usable_from: FileTime,
    /// Why it can never be used, if so (version, algorithm, length).
    pub defect: Option<String>,
}

/// A user, computer or managed service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Distinguished name.
    pub dn: Dn,
    /// `sAMAccountName`.
    pub name: SamAccountName,
    /// `objectSid`.
    pub sid: Sid,
    /// `objectGUID`.
    pub guid: Guid,
    /// Which sort of account.
    pub class: AccountClass,
    /// Whether it may log on (`userAccountControl` without 0x2).
    pub enabled: bool,
    /// `dNSHostName`, for computers and gMSAs.
    pub dns_host_name: Option<DnsName>,
    /// `servicePrincipalName`, sorted.
    pub spns: Vec<Spn>,
    /// `msDS-SupportedEncryptionTypes`; `None` where it is not set.
    pub encryption_types: Option<u32>,
    /// `memberOf`: direct memberships, sorted.
    pub member_of: Vec<Dn>,
}

/// Which sort of account, by its most specific class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountClass {
    /// A user: in a conversion, the password account.
    User,
    /// A computer.
    Computer,
    /// A group managed service account.
    Gmsa,
    /// A standalone or delegated managed service account.
    OtherManaged,
}

/// A group managed service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gmsa {
    /// What it has in common with other accounts.
    pub account: Account,
    /// `msDS-ManagedPasswordInterval`, days.
    pub interval_days: u32,
    /// SIDs that may retrieve the managed password, sorted.
    pub retrieval_principals: Vec<Sid>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Distinguished name.
    pub dn: Dn,
    /// `sAMAccountName`.
    pub name: SamAccountName,
    /// `objectSid`.
    pub sid: Sid,
    /// `objectGUID`.
    pub guid: Guid,
    /// Direct members, sorted.
    pub members: Vec<Dn>,
}

/// How an account delegates; accounts without any delegation are not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDelegation {
    /// `sAMAccountName`.
    pub account: SamAccountName,
    /// In whose name it may act, and who towards it.
    pub delegation: Delegation,
}

/// Who holds an SPN, anywhere in the forest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpnHolders {
    /// The SPN.
    pub spn: Spn,
    /// `sAMAccountName` of each holder, sorted; more than one is a defect of the directory.
    pub holders: Vec<SamAccountName>,
}

/// How much of the estate was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Hosts that were asked.
    pub asked: Vec<HostName>,
    /// Hosts that answered.
    pub answered: Vec<HostName>,
    /// What could not be read, and why.
    pub gaps: Vec<Gap>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What: a host, a part of the directory.
    pub subject: String,
    /// Why not.
    pub why: String,
    /// What to do about it, where something useful can be said.
    pub advice: Option<String>,
}

impl Inventory {
    /// The account of that name, if it was found.
    pub fn account(&self, name: &SamAccountName) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.name.same_as(name))
    }

    /// The gMSA of that name, if it was found.
    pub fn gmsa(&self, name: &SamAccountName) -> Option<&Gmsa> {
        self.gmsas
            .iter()
            .find(|gmsa| gmsa.account.name.same_as(name))
    }

    /// The group of that name, if it was found.
    pub fn group(&self, name: &SamAccountName) -> Option<&Group> {
        self.groups.iter().find(|group| group.name.same_as(name))
    }

    /// The host of that name, if it answered.
    pub fn host(&self, name: &HostName) -> Option<&HostInventory> {
        self.hosts.iter().find(|host| host.name == *name)
    }

    /// How an account delegates, if it does.
    pub fn delegation(&self, account: &SamAccountName) -> Option<&Delegation> {
        let mut all = self.delegations.iter();
        let found = all.find(|found| found.account.same_as(account));
        found.map(|found| &found.delegation)
    }

    /// Whether the directory was asked for that name.
    pub fn was_looked_up(&self, name: &SamAccountName) -> bool {
        self.looked_up.iter().any(|asked| asked.same_as(name))
    }

    /// Who holds that SPN; `None` where nobody asked.
    pub fn spn_holders(&self, spn: &Spn) -> Option<&[SamAccountName]> {
        self.spns
            .iter()
            .find(|found| found.spn.same_as(spn))
            .map(|found| found.holders.as_slice())
    }
}
