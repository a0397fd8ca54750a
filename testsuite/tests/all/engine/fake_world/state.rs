//! What the fake world is made of, and the rules that several ports share.

use std::collections::{BTreeMap, BTreeSet};

use model::database::{DatabaseAccess, DatabasePlace};
use model::host::RegistryValue;
use model::inventory::{
    Account, AccountClass, Group, Product, RootKeyFacts, Service, ServiceState,
};
use model::names::{Dn, DnsName, HostName, LogonAccount, SamAccountName, ServiceName};
use model::ports::{CreatedObject, Delegation, ErrorKind, WorldError};
use security::{FileTime, Guid, SecurityDescriptor, Sid};

use super::fault::Faults;
use super::host::HostSettings;
use super::key_set::KeySet;

/// Everything: keys of maps are names in lower case, as Windows compares them.
#[derive(Clone)]
pub struct State {
    pub now: FileTime,
    pub domain_sid: Sid,
    pub root_keys: Vec<RootKeyFacts>,
    pub accounts: BTreeMap<String, FakeAccount>,
    pub groups: BTreeMap<String, Group>,
    /// Access lists of objects, as far as anybody looks at them.
    pub access_lists: BTreeMap<Dn, SecurityDescriptor>,
    pub hosts: BTreeMap<HostName, HostState>,
    /// What accounts have in each database, by account.
    pub databases: BTreeMap<DatabasePlace, BTreeMap<String, DatabaseAccess>>,
    /// The journal: run and event as JSON, in the order of writing.
    pub records: Vec<(String, String)>,
    pub faults: Faults,
    /// Objects created so far: no RID is used twice.
    pub created: u32,
}

/// A user, computer or gMSA; memberships stand with the groups.
#[derive(Clone)]
pub struct FakeAccount {
    pub account: Account,
    /// A user's password.
    pub password: Option<&'static str>,
    pub interval_days: u32,
    pub delegation: Delegation,
    pub retrieval_principals: Vec<Sid>,
}

/// A host, its services and its disk.
#[derive(Clone)]
pub struct HostState {
    pub dns_name: DnsName,
    pub os_version: String,
    pub answers: bool,
    pub services: BTreeMap<String, FakeService>,
    pub products: Vec<Product>,
    pub registry: BTreeMap<(String, String), RegistryValue>,
    pub settings: HostSettings,
    pub files: BTreeMap<String, String>,
    pub folders: BTreeSet<String>,
    pub key_set: Option<KeySet>,
    /// Whether its Kerberos ticket is younger than its memberships.
    pub ticket_is_fresh: bool,
    /// Whether it has `NetQueryServiceAccount`.
    pub knows_retrieval_state: bool,
    /// Whether its tools repeat what they read from standard input.
    pub tools_echo: bool,
}

/// A service and what the service control manager keeps of it.
#[derive(Clone)]
pub struct FakeService {
    pub service: Service,
    pub password: Option<String>,
    /// The service that must run before it.
    pub needs: Option<ServiceName>,
}

impl State {
    pub fn account(&self, name: &SamAccountName) -> Option<&FakeAccount> {
        self.accounts.get(&name.as_str().to_lowercase())
    }

    /// The account behind a logon account of this domain.
    pub fn logon(&self, account: &LogonAccount) -> Option<&FakeAccount> {
        self.account(account.in_domain("CONTOSO")?)
    }

    pub fn by_dn(&mut self, dn: &Dn) -> Result<&mut FakeAccount, WorldError> {
        let mut accounts = self.accounts.values_mut();
        let found = accounts.find(|found| found.account.dn == *dn);
        found.ok_or_else(|| error(ErrorKind::NotFound, format!("no such object: {dn}")))
    }

    /// Whether a user has that password.
    pub fn is_password(&self, account: &LogonAccount, password: Option<&str>) -> bool {
        let known = self.logon(account).filter(|known| known.account.enabled);
        known.is_some_and(|known| known.password.is_some() && known.password == password)
    }

    /// Whether a host's computer account, with the ticket that it has, may retrieve a gMSA's password.
    pub fn can_retrieve(&self, gmsa: &SamAccountName, host: &HostName) -> bool {
        let (Some(gmsa), Some(computer)) =
            (self.account(gmsa), self.account(&host.computer_account()))
        else {
            return false;
        };
        let groups = self.groups.values();
        let mut member_of = groups.filter(|group| group.members.contains(&computer.account.dn));
        gmsa.account.class == AccountClass::Gmsa
            && gmsa.account.enabled
            && self.hosts[host].ticket_is_fresh
            && member_of.any(|group| gmsa.retrieval_principals.contains(&group.sid))
    }

    pub fn is_root_key_usable(&self) -> bool {
        let mut keys = self.root_keys.iter();
        keys.any(|key| key.defect.is_none() && key.usable_from <= self.now)
    }

    /// The identity of a new object.
    pub fn create(&mut self, name: &str, container: &str) -> Result<CreatedObject, WorldError> {
        let lower = name.to_lowercase();
        if self.accounts.contains_key(&lower) || self.groups.contains_key(&lower) {
            return Err(error(
                ErrorKind::Exists,
                format!("the name {name} is taken"),
            ));
        }
        self.created += 1;
        let cn = name.trim_end_matches('$');
        Ok(CreatedObject {
            dn: format!("CN={cn},CN={container},DC=contoso,DC=com")
                .parse()
                .unwrap(),
            guid: Guid::from_bytes([u8::try_from(self.created).unwrap(); Guid::LEN]),
            sid: self.domain_sid.with_rid(1100 + self.created).unwrap(),
        })
    }
}

impl HostState {
    pub fn service(&mut self, name: &ServiceName) -> Result<&mut FakeService, WorldError> {
        let found = self.services.get_mut(&name.as_str().to_lowercase());
        found.ok_or_else(|| error(ErrorKind::NotFound, format!("there is no service {name}")))
    }

    /// Whether there is a folder of that name; a drive's root is always there.
    pub fn has_folder(&self, path: &str) -> bool {
        let path = path.trim_end_matches('\\').to_lowercase();
        path.ends_with(':') || self.folders.contains(&path)
    }

    pub fn runs(&self, name: &ServiceName) -> bool {
        let found = self.services.get(&name.as_str().to_lowercase());
        found.is_some_and(|found| found.service.state == ServiceState::Running)
    }
}

pub fn error(kind: ErrorKind, what: impl Into<String>) -> WorldError {
    WorldError::new(kind, what)
}
