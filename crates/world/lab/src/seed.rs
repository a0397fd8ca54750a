//! What a lab starts with: a forest as Windows would have made it, and the objects put into it.

mod base;
mod build;
mod controllers;
mod from_inventory;
mod from_ldif;
mod reference_estate;

use security::{Ace, FileTime, Guid, Interval, Sid};
use zeroize::Zeroizing;

use crate::clock::LabClock;
use crate::store::Store;
use crate::store::dn;

pub(crate) use build::build;

/// A forest of one domain, before it starts.
pub struct LabSeed {
    /// `contoso.com`
    pub dns_name: String,
    /// `CONTOSO`
    pub netbios_name: String,
    /// The domain controller's host name, `DC1`.
    pub controller: String,
    /// Further domain controllers, `DC2`; none at first.
    pub other_controllers: Vec<String>,
    /// Read-only domain controllers, `RODC1`; none at first.
    pub read_only_controllers: Vec<String>,
    /// How long what is written on one domain controller takes to reach the others, by the lab's clock; 0 at first.
    pub replication_delay: Interval,
    /// What time it is in the directory.
    pub clock: LabClock,
    /// KDS root keys.
    pub root_keys: Vec<SeedRootKey>,
    /// What is in it beside what every domain has, containers before their contents.
    pub objects: Vec<SeedObject>,
    pub(crate) administrator_password: Zeroizing<Vec<u8>>,
    /// A random one where `None`.
    pub(crate) domain_sid: Option<Sid>,
    /// Whole names of groups and of their members, which are there by then.
    pub(crate) memberships: Vec<(String, String)>,
    /// Entries in access lists, put there when everything else is.
    pub(crate) rights: Vec<SeedRight>,
    /// All objects as they were saved, instead of everything else.
    pub(crate) store: Option<Store>,
}

/// A KDS root key of the forest.
pub struct SeedRootKey {
    /// Its identifier; a random one where `None`.
    pub id: Option<Guid>,
    /// Its 64 secret bytes; random ones where `None`.
    pub data: Option<Box<[u8; kds::KEY_LEN]>>,
    /// `msKds-UseStartTime`.
    pub effective: FileTime,
    /// `msKds-CreateTime`.
    pub created: FileTime,
}

/// An entry in an object's access list.
pub(crate) struct SeedRight {
    /// The object's whole name; without such an object there is no entry.
    pub(crate) object: String,
    /// The account that it is for, in place of the one that it names.
    pub(crate) account: Option<String>,
    /// What it says.
    pub(crate) ace: Ace,
}

/// An object to be added.
#[derive(Default)]
pub struct SeedObject {
    /// Relative to the domain: `CN=svc-mimsync,CN=Users`.
    pub name: String,
    /// Its attributes in LDAP's form, with `objectClass`; names of other objects relative to the domain end in a comma.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
    password: Option<Zeroizing<Vec<u8>>>,
    /// Attributes that are put past all rules.
    forced: Vec<(String, Vec<Vec<u8>>)>,
}

impl LabSeed {
    /// A domain with nothing in it but what Windows makes, and one root key that is usable at once.
    /// The domain's Administrator has this password.
    #[must_use]
    pub fn new(dns_name: &str, netbios_name: &str, administrator_password: &[u8]) -> Self {
        use model::ports::Clock as _;
        let clock = LabClock::new();
        let effective = clock.now().saturating_sub(Interval::from_hours(11));
        Self {
            dns_name: dns_name.to_owned(),
            netbios_name: netbios_name.to_owned(),
            controller: "DC1".to_owned(),
            other_controllers: Vec::new(),
            read_only_controllers: Vec::new(),
            replication_delay: Interval::ZERO,
            root_keys: vec![SeedRootKey {
                id: None,
                data: None,
                effective,
                created: effective,
            }],
            clock,
            objects: Vec::new(),
            administrator_password: Zeroizing::new(administrator_password.to_vec()),
            domain_sid: None,
            memberships: Vec::new(),
            rights: Vec::new(),
            store: None,
        }
    }

    /// Adds a user below `CN=Users`, enabled, with a password that does not expire.
    pub fn user(&mut self, name: &str, password: &[u8], spns: &[&str]) {
        let mut user = SeedObject::new(&format!("CN={name},CN=Users"), "user");
        user.set("sAMAccountName", &[name]);
        user.set("userAccountControl", &["66048"]);
        user.set("userPrincipalName", &[&format!("{name}@{}", self.dns_name)]);
        if !spns.is_empty() {
            user.set("servicePrincipalName", spns);
        }
        user.password = Some(Zeroizing::new(password.to_vec()));
        self.objects.push(user);
    }

    /// Adds a computer below `CN=Computers`, joined: with a password of its own that nobody knows.
    pub fn computer(&mut self, name: &str) {
        self.computer_with(name, &[]);
    }

    /// Adds a computer with SQL Server on the usual port: see [`crate::Lab::serve_sql`].
    pub fn database_server(&mut self, name: &str) {
        let dns_name = format!("{}.{}", name.to_lowercase(), self.dns_name);
        let spns = ["", ":1433"].map(|port| format!("MSSQLSvc/{dns_name}{port}"));
        self.computer_with(name, &spns);
    }

    fn computer_with(&mut self, name: &str, services: &[String]) {
        let dns_name = format!("{}.{}", name.to_lowercase(), self.dns_name);
        let mut computer = SeedObject::new(&format!("CN={name},CN=Computers"), "computer");
        computer.set("sAMAccountName", &[&format!("{name}$")]);
        computer.set("userAccountControl", &["4096"]);
        computer.set("dNSHostName", &[&dns_name]);
        computer.set("operatingSystem", &["Windows Server 2022 Standard"]);
        computer.set("msDS-SupportedEncryptionTypes", &["28"]);
        let hosts = [format!("HOST/{name}"), format!("HOST/{dns_name}")];
        let spns: Vec<_> = hosts.iter().chain(services).map(String::as_str).collect();
        computer.set("servicePrincipalName", &spns);
        computer.password = Some(random_password());
        self.objects.push(computer);
    }

    /// Adds a global security group below `CN=Users`; members are names relative to the domain.
    pub fn group(&mut self, name: &str, members: &[&str]) {
        let mut group = SeedObject::new(&format!("CN={name},CN=Users"), "group");
        group.set("sAMAccountName", &[name]);
        let domain = crate::forest::domain_dn(&self.dns_name);
        let members: Vec<String> = members
            .iter()
            .map(|member| format!("{member},{domain}"))
            .collect();
        if !members.is_empty() {
            group.set(
                "member",
                &members.iter().map(String::as_str).collect::<Vec<_>>(),
            );
        }
        self.objects.push(group);
    }

    pub(crate) fn administrator_password(&self) -> &[u8] {
        &self.administrator_password
    }
}

impl SeedObject {
    /// An object without further attributes.
    #[must_use]
    pub fn new(name: &str, class: &str) -> Self {
        let class = ("objectClass".to_owned(), vec![class.as_bytes().to_vec()]);
        Self {
            name: name.to_owned(),
            attributes: vec![class],
            password: None,
            forced: Vec::new(),
        }
    }

    /// One that every domain has; only what is forced on it counts.
    pub(crate) fn that_is_there(name: &str) -> Self {
        let name = name.to_owned();
        Self {
            name,
            ..Self::default()
        }
    }

    /// Whether it has that attribute already.
    pub(crate) fn has(&self, attribute: &str) -> bool {
        let mut given = self.attributes.iter().chain(&self.forced);
        given.any(|(name, _)| name.eq_ignore_ascii_case(attribute))
    }

    /// Its account name as names compare.
    pub(crate) fn account_name(&self) -> Option<String> {
        let mut names = self.attributes.iter();
        let (_, values) = names.find(|(name, _)| name == "sAMAccountName")?;
        let name = std::str::from_utf8(values.first()?).ok()?;
        Some(dn::fold(name))
    }

    /// Puts values past all rules, once every object is there.
    pub fn force(&mut self, attribute: &str, values: Vec<Vec<u8>>) {
        self.forced.push((attribute.to_owned(), values));
    }

    /// Gives it the values of one attribute.
    pub fn set(&mut self, attribute: &str, values: &[&str]) {
        let values = values
            .iter()
            .map(|value| value.as_bytes().to_vec())
            .collect();
        self.attributes.push((attribute.to_owned(), values));
    }
}

/// 32 characters that nobody knows.
pub(crate) fn random_password() -> Zeroizing<Vec<u8>> {
    let random: Zeroizing<[u8; 32]> = Zeroizing::new(crate::random::bytes());
    Zeroizing::new(random.iter().map(|byte| b'!' + byte % 94).collect())
}
