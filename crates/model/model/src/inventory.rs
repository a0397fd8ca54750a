//! What was found: directory, hosts, and how much of both could be read.

mod carrier;
mod com_access;

use std::collections::BTreeMap;

pub use carrier::{Carried, Carrier, WebFolder};
pub use com_access::{ComAccess, ComAccessValue};
use security::{FileTime, Guid, Sid};
use serde::{Deserialize, Serialize};

use crate::database::DatabaseFacts;
use crate::host::{AccountRight, RightHolders, TaskLogon, TaskPath};
use crate::names::{
    ComponentId, Dn, DnsName, HostName, LogonAccount, SamAccountName, ServiceName, Spn,
};
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

/// One host as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostInventory {
    /// The name in `estate.toml`.
    pub name: HostName,
    /// DNS name from `estate.toml`.
    pub dns_name: DnsName,
    /// Operating system and clock.
    pub facts: HostFacts,
    /// Win32 services whose logon account is not a built-in one, and those of the catalogue.
    pub services: Vec<Service>,
    /// Application pools of the web server.
    #[serde(default)]
    pub app_pools: Vec<AppPool>,
    /// Scheduled tasks that run as an account of a domain.
    #[serde(default)]
    pub tasks: Vec<Task>,
    /// Who may log on how; empty where that could not be read.
    #[serde(default)]
    pub rights: Vec<RightHolders>,
    /// Who may use DCOM on the whole machine, as far as single accounts are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub com_access: Vec<ComAccess>,
    /// Whether the service that keeps managed passwords (`kdssvc`) starts with the network; `None` where it is not
    /// installed or could not be read.
    #[serde(default)]
    pub kdssvc_starts_with_network: Option<bool>,
    /// Installed products.
    pub products: Vec<Product>,
    /// Registry values that the catalogue asks for: `key!value` → text.
    pub registry: BTreeMap<String, String>,
    /// Files that the intent names and that are there: path → SHA-256.
    pub files: BTreeMap<String, String>,
    /// Components of the catalogue found here.
    pub components: Vec<ComponentId>,
}

/// What a host says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// The computer name that Windows has.
    pub computer_name: String,
    /// Operating system name.
    pub os_name: String,
    /// Version, such as `10.0.20348`.
    pub os_version: String,
    /// When it booted.
    pub booted: Option<FileTime>,
    /// Its clock minus ours, in seconds.
    pub clock_skew_seconds: i64,
    /// Version of the agent.
    pub agent_version: String,
}

/// A Windows service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Key name.
    pub name: ServiceName,
    /// Display name.
    pub display_name: String,
    /// The account that it runs as.
    pub logon_account: LogonAccount,
    /// The managed-account flag; `None` where the system does not tell.
    pub managed_account: Option<bool>,
    /// How it starts.
    pub start: ServiceStart,
    /// What it does now.
    pub state: ServiceState,
    /// The command line of its process.
    pub image_path: String,
    /// Key names of services that depend on it.
    pub dependants: Vec<ServiceName>,
}

/// An application pool of the web server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPool {
    /// Its name.
    pub name: String,
    /// The account that it runs as; `ApplicationPoolIdentity` and the like for built-in ones.
    pub account: LogonAccount,
    /// Whether it is started.
    pub started: bool,
    /// Folders of the web applications that it serves.
    pub folders: Vec<String>,
}

/// A scheduled task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Folder and name.
    pub path: TaskPath,
    /// The account that it runs as, as its definition spells it: a name or a SID.
    pub account: LogonAccount,
    /// How that account logs on.
    pub logon: TaskLogon,
    /// Whether it runs by its triggers.
    pub enabled: bool,
}

/// When a service starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceStart {
    /// With the system, or as a driver.
    Boot,
    /// By itself after boot.
    Automatic,
    /// When asked for.
    Manual,
    /// Never.
    Disabled,
}

/// What a service does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// It does not run.
    Stopped,
    /// It runs.
    Running,
    /// It is paused.
    Paused,
    /// It is between two states.
    Changing,
}

/// An installed product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// `DisplayName`.
    pub name: String,
    /// `DisplayVersion`.
    pub version: String,
    /// `Publisher`.
    pub publisher: String,
    /// Name of its Uninstall key: the product code for MSI packages.
    pub code: String,
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

impl HostInventory {
    /// Who holds a right; `None` where that could not be read. Some account can always log on as a service on Windows:
    /// where nobody holds any right, the system does not tell.
    pub fn right(&self, right: AccountRight) -> Option<&RightHolders> {
        let told = self.rights.iter().any(|held| !held.holders.is_empty());
        let mut rights = self.rights.iter().filter(|_| told);
        rights.find(|held| held.right == right)
    }

    /// The service of that name, if it is installed.
    pub fn service(&self, name: &ServiceName) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| service.name.as_str().eq_ignore_ascii_case(name.as_str()))
    }

    /// Whether it is Windows Server 2012 R2, by its version number, 6.3.
    pub fn is_2012_r2(&self) -> bool {
        self.facts.os_version == "6.3" || self.facts.os_version.starts_with("6.3.")
    }

    /// A registry value that discovery read.
    pub fn registry_text(&self, key: &str, value: &str) -> Option<&str> {
        self.registry
            .get(&registry_path(key, value))
            .map(String::as_str)
    }
}

/// How [`HostInventory::registry`] names a value.
pub fn registry_path(key: &str, value: &str) -> String {
    format!("{key}!{value}")
}
