//! One conversion, seen against the inventory.

use model::intent::{self, Intent};
use model::inventory::{Account, AccountClass, Carried, Gmsa, HostInventory, Inventory};
use model::names::{HostName, LogonAccount, SamAccountName, Spn};
use model::ports::Delegation;

use crate::planning::Planning;
use crate::profile::{HostView, PackageFacts, Profile, Refusal, SilentSetup};

/// What is wanted of one component, and what was found of it.
pub(crate) struct Conversion<'a> {
    pub inventory: &'a Inventory,
    pub wanted: &'a intent::Conversion,
    /// `None` where no such component is known.
    pub profile: Option<&'a dyn Profile>,
    pub refused: &'a [Refusal],
    pub credentials: &'a [LogonAccount],
    pub places: Vec<Place<'a>>,
    may_create_root_key: bool,
    /// The copy of the package that its setup is to run, if it runs one: what it says, or why it cannot be read.
    pub package: Option<&'a Result<PackageFacts, String>>,
    before: &'a [intent::Conversion],
    profiles: &'a [&'a dyn Profile],
    gmsa_account: LogonAccount,
}

/// One of its hosts.
pub(crate) struct Place<'a> {
    pub name: &'a HostName,
    /// `None` where it is not in the inventory.
    pub host: Option<&'a HostInventory>,
    /// `None` where the component is not installed there.
    pub carried: Option<Carried<'a>>,
}

impl<'a> Conversion<'a> {
    pub fn new(planning: &Planning<'a>, wanted: &'a intent::Conversion) -> Self {
        let profile = planning
            .profiles
            .iter()
            .find(|profile| *profile.component() == wanted.component)
            .copied();
        let place = |name: &'a HostName| {
            let host = planning.inventory.host(name);
            let carried = host
                .zip(profile)
                .and_then(|(host, profile)| host.carried(profile.carrier()));
            Place {
                name,
                host,
                carried,
            }
        };
        let mut places: Vec<_> = wanted.hosts.iter().map(place).collect();
        // What runs comes first: a warm standby is converted when the active server is.
        places.sort_by_key(|place| place.carried.is_some_and(|carried| !carried.runs()));
        let domain = &planning.inventory.domain;
        Self {
            inventory: planning.inventory,
            wanted,
            profile,
            refused: planning.refused,
            credentials: planning.credentials,
            may_create_root_key: planning.intent.kds.create,
            places,
            package: wanted
                .setup
                .as_ref()
                .and_then(|setup| planning.packages.get(&setup.copy)),
            before: before(planning.intent, wanted),
            profiles: planning.profiles,
            gmsa_account: LogonAccount::domain(
                &domain.netbios_name,
                wanted.gmsa.sam_account_name(),
            ),
        }
    }

    /// What setup is told on a host, as far as its package knows it.
    pub fn silent_setup(&self, view: &HostView<'_>) -> Option<SilentSetup> {
        let setup = self.profile?.setup(view)?;
        Some(match self.package {
            Some(Ok(package)) => setup.for_package(package),
            _ => setup,
        })
    }

    /// The gMSA as a service's logon account.
    pub fn gmsa_account(&self) -> &LogonAccount {
        &self.gmsa_account
    }

    /// The password account that the service or pool runs under on a host, if it is one of this domain.
    pub fn old_account(&self, place: &Place<'_>) -> Option<LogonAccount> {
        let account = place.carried?.logon_account();
        (self.account(account)?.class == AccountClass::User).then(|| account.clone())
    }

    /// Whether the host is a warm standby: the component has a key set, and activating that would make this host the
    /// active one. What does not run is taken for one, since only its operator knows better.
    pub fn stands_by(&self, place: &Place<'_>) -> bool {
        self.key_set_file().is_some() && place.carried.is_some_and(|carried| !carried.runs())
    }

    /// The gMSA, if it is there.
    pub fn gmsa(&self) -> Option<&'a Gmsa> {
        self.inventory.gmsa(&self.wanted.gmsa.sam_account_name())
    }

    /// Whether the plan creates the forest's first usable root key: the intent says so, and there is none.
    pub fn creates_root_key(&self) -> bool {
        self.may_create_root_key && lacks_root_key(self.inventory)
    }

    /// How an account delegates, if it does.
    pub fn delegation_of(&self, account: &SamAccountName) -> Option<&'a Delegation> {
        self.inventory.delegation(account)
    }

    /// All password accounts that this conversion leaves, each once.
    pub fn old_accounts(&self) -> Vec<LogonAccount> {
        let mut accounts: Vec<_> = self
            .places
            .iter()
            .filter_map(|place| self.old_account(place))
            .collect();
        accounts.sort();
        accounts.dedup();
        accounts
    }

    /// The directory's account behind a logon account.
    pub fn account(&self, account: &LogonAccount) -> Option<&'a Account> {
        let name = account.in_domain(&self.inventory.domain.netbios_name)?;
        self.inventory.account(name)
    }

    /// Whether the host's computer account is a member of the retrieval group.
    pub fn is_member(&self, place: &Place<'_>) -> bool {
        let group = self.inventory.group(&self.wanted.retrieval_group);
        let computer = self.inventory.account(&place.name.computer_account());
        group
            .zip(computer)
            .is_some_and(|(group, computer)| group.members.contains(&computer.dn))
    }

    /// The file that the key set is exported to, for a component that has one.
    pub fn key_set_file(&self) -> Option<String> {
        self.wanted
            .key_set
            .clone()
            .or_else(|| self.profile?.suggestion().key_set)
    }

    /// The copy of that file that only the intent's recipients can read, where it names any.
    pub fn sealed_key_set_file(&self) -> Option<String> {
        self.wanted.sealed_copy_of(&self.key_set_file()?)
    }

    /// The component's SPNs: those that its old accounts hold, and those that its hosts are expected to have.
    pub fn spns(&self) -> Vec<Spn> {
        let old = self.old_accounts();
        let held = old
            .iter()
            .filter_map(|old| self.account(old))
            .flat_map(|account| &account.spns);
        let held = held.filter(|spn| self.owns(spn)).cloned();
        let hosts = self.places.iter().filter_map(|place| place.host);
        let expected = hosts.filter_map(|host| Some(self.profile?.expected_spns(&host.dns_name)));
        let mut spns: Vec<_> = held.chain(expected.flatten()).collect();
        spns.sort_by_key(|spn| spn.as_str().to_lowercase());
        spns.dedup_by(|a, b| a.same_as(b));
        spns
    }

    /// Services and pools on any host that run under an account and are not this conversion's own.
    pub fn others_under(&self, account: &LogonAccount) -> Vec<String> {
        let own = |host: &HostInventory, carried: Carried<'_>| {
            let mut places = self.places.iter();
            places.any(|place| {
                let own = place.carried.map(Carried::name);
                *place.name == host.name && own == Some(carried.name())
            })
        };
        let others = self.inventory.hosts.iter().flat_map(|host| {
            host.all_carried()
                .filter(|carried| carried.logon_account().same_as(account) && !own(host, *carried))
                .map(|carried| format!("{} on {}", carried.name(), host.name))
        });
        others.collect()
    }

    /// Scheduled tasks on any host that run under an account, named by its name or its SID.
    pub fn tasks_under(&self, account: &LogonAccount) -> Vec<String> {
        let sid = self.account(account).map(|account| account.sid.to_string());
        let by_sid = |other: &LogonAccount| sid.as_ref() == Some(&other.to_string());
        let tasks = self.inventory.hosts.iter().flat_map(|host| {
            host.tasks
                .iter()
                .filter(|task| task.account.same_as(account) || by_sid(&task.account))
                .map(|task| format!("the task {} on {}", task.path.as_str(), host.name))
        });
        tasks.collect()
    }

    /// Whether an SPN belongs to the component.
    pub fn owns(&self, spn: &Spn) -> bool {
        match &self.wanted.spns {
            Some(spns) => spns.iter().any(|moves| moves.same_as(spn)),
            None => self.profile.is_some_and(|profile| profile.owns(spn)),
        }
    }

    pub fn known_components(&self) -> impl Iterator<Item = &str> {
        self.profiles
            .iter()
            .map(|profile| profile.component().as_str())
    }
}

/// Whether the forest has no root key that domain controllers can ever use; not, where keys could not be read.
pub(crate) fn lacks_root_key(inventory: &Inventory) -> bool {
    let sound = inventory.root_keys.iter().any(|key| key.defect.is_none());
    let mut gaps = inventory.coverage.gaps.iter();
    !sound && !gaps.any(|gap| gap.subject == "KDS root keys")
}

/// The conversions that stand before one in the intent.
fn before<'a>(intent: &'a Intent, wanted: &intent::Conversion) -> &'a [intent::Conversion] {
    let all = intent.conversions.as_slice();
    let at = all.iter().position(|one| std::ptr::eq(one, wanted));
    at.and_then(|at| all.get(..at)).unwrap_or_default()
}

impl<'a> Place<'a> {
    /// A host on which something is to be done beside the component.
    pub fn beside(host: &'a HostInventory) -> Self {
        Self {
            name: &host.name,
            host: Some(host),
            carried: None,
        }
    }

    /// Whether it runs as the gMSA already.
    pub fn has_its_gmsa(&self, conversion: &Conversion<'_>) -> bool {
        self.carried
            .is_some_and(|carried| carried.logon_account().same_as(conversion.gmsa_account()))
    }

    /// Whether nothing is left to do: it runs as the gMSA, with its flag as far as that can be seen.
    pub fn is_converted(&self, conversion: &Conversion<'_>) -> bool {
        self.has_its_gmsa(conversion)
            && self
                .carried
                .and_then(Carried::service)
                .is_none_or(|service| service.managed_account != Some(false))
    }

    pub fn view<'b>(&self, conversion: &'b Conversion<'a>) -> Option<HostView<'b>>
    where
        'a: 'b,
    {
        Some(HostView {
            inventory: conversion.inventory,
            host: self.host?,
            carried: self.carried?,
            conversion: conversion.wanted,
            before: conversion.before,
            gmsa: conversion.gmsa_account(),
        })
    }
}
