//! What of Microsoft Identity Manager an inventory shows: components, what stays on passwords, and what nobody knows.
//!
//! Finding itself is discovery's business: what is here only reads an inventory, with the catalogue's eyes.

use model::inventory::{AccountClass, Carried, Gap, HostInventory, Inventory, ServiceState};
use model::names::{ComponentId, HostName, LogonAccount};
use planner::Profile;
use serde::Serialize;

use crate::component::Component;
use crate::excluded::Excluded;
use crate::version::Version;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detection {
    /// Components that gmsactl can convert, in the catalogue's order.
    pub components: Vec<Detected>,
    /// Components of the catalogue that no host that answered has.
    pub not_found: Vec<ComponentId>,
    /// What of MIM keeps its password accounts.
    pub stays: Vec<Staying>,
    /// Services and application pools under accounts of the domain that are no component of MIM.
    pub others: Vec<Other>,
    /// What is not known, and how to come to know it.
    pub unknown: Vec<Gap>,
}

/// A component, with every host that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detected {
    /// Its name in intents.
    pub component: ComponentId,
    /// Its name for people.
    pub title: String,
    /// Where it is.
    pub nodes: Vec<Node>,
}

/// A component on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The host.
    pub host: HostName,
    /// Key name of the service, name of the application pool, or path of the scheduled task.
    pub name: String,
    /// Whether it is an application pool.
    pub is_pool: bool,
    /// The installed build; none where Windows does not list the product.
    pub version: Option<String>,
    /// Whether that build can run under a gMSA; none where the build is not known.
    pub supports_gmsa: Option<bool>,
    /// The account that it runs as.
    pub account: LogonAccount,
    /// Which sort of account that is.
    pub account_kind: AccountKind,
    /// What it does now.
    pub state: ServiceState,
    /// What it is among the hosts that have it.
    pub role: Role,
    /// Its database as the registry names it: `NAME on SERVER`.
    pub database: Option<String>,
    /// What shows all that.
    pub evidence: Vec<String>,
}

/// Which sort of account something runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// A user account of this domain.
    Password,
    /// A group managed service account of this domain.
    Gmsa,
    /// Another managed service account of this domain.
    OtherManaged,
    /// Built in, local, or of another domain.
    Elsewhere,
    /// An account of this domain that was not found in the directory.
    Unknown,
}

/// What a host is among those that have a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The only one.
    Only,
    /// The one that runs, of a component of which only one can.
    Active,
    /// Stopped beside one that runs, of such a component: taken for a warm standby.
    Standby,
    /// One of several that work side by side.
    OneOfSeveral,
    /// What was found does not tell.
    Unknown,
}

/// Part of MIM that keeps its password accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Staying {
    /// Its name in intents, where it is refused.
    pub component: ComponentId,
    /// Its name for people.
    pub title: String,
    /// Whether it was found; none where what would show it could not be read.
    pub found: Option<bool>,
    /// Hosts that have it.
    pub hosts: Vec<HostName>,
    /// Accounts that it was seen to run as.
    pub accounts: Vec<LogonAccount>,
    /// What shows it.
    pub evidence: Vec<String>,
    /// Why it cannot run under a gMSA.
    pub why: String,
    /// What to do instead.
    pub instead: String,
    /// Where this knowledge comes from.
    pub source: String,
}

/// Something else under an account of the domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// The host.
    pub host: HostName,
    /// Key name of the service, or name of the application pool.
    pub name: String,
    /// The account that it runs as.
    pub account: LogonAccount,
}

/// Reads an inventory with the catalogue's eyes.
pub fn detect(inventory: &Inventory, catalogue: &[Component], excluded: &[Excluded]) -> Detection {
    let mut detection = Detection {
        components: Vec::new(),
        not_found: Vec::new(),
        stays: excluded
            .iter()
            .map(|part| staying(inventory, part))
            .collect(),
        others: others(inventory, catalogue, excluded),
        unknown: Vec::new(),
    };
    for component in catalogue {
        let nodes = nodes(inventory, component);
        if nodes.is_empty() {
            detection.not_found.push(component.component().clone());
            continue;
        }
        detection.components.push(Detected {
            component: component.component().clone(),
            title: component.title().to_owned(),
            nodes,
        });
    }
    detection.unknown = unknown(inventory, &detection);
    detection
}

/// A component as it is on the hosts that have it.
fn places<'a>(
    inventory: &'a Inventory,
    component: &Component,
) -> Vec<(&'a HostInventory, Carried<'a>)> {
    let hosts = inventory.hosts.iter();
    hosts
        .filter_map(|host| Some((host, host.carried(component.carrier())?)))
        .collect()
}

fn nodes(inventory: &Inventory, component: &Component) -> Vec<Node> {
    let places = places(inventory, component);
    let running = places.iter().filter(|(_, carried)| carried.runs()).count();
    let node = |(host, carried): &(&HostInventory, Carried<'_>)| {
        let version = component.version(host);
        let parsed = version
            .as_deref()
            .and_then(|text| text.parse::<Version>().ok());
        let database = component.database(host);
        Node {
            host: host.name.clone(),
            name: carried.name().to_owned(),
            is_pool: carried.service().is_none(),
            supports_gmsa: parsed.map(|version| version >= component.entry.minimum_version),
            account: carried.logon_account().clone(),
            account_kind: account_kind(inventory, carried.logon_account()),
            state: carried.state(),
            role: role(component, *carried, places.len(), running),
            evidence: evidence(component, host, *carried, version.as_deref()),
            database: database.map(|place| place.to_string()),
            version,
        }
    };
    places.iter().map(node).collect()
}

/// Only one server of a component with a key set can be active; the others work side by side.
fn role(component: &Component, carried: Carried<'_>, hosts: usize, running: usize) -> Role {
    match (component.entry.key_set.is_some(), hosts, running) {
        (true, _, 1) if carried.runs() && hosts > 1 => Role::Active,
        (true, _, 1) if component.stands_by(carried) => Role::Standby,
        (true, 1, 1) | (false, 1, _) => Role::Only,
        (true, ..) => Role::Unknown,
        (false, ..) => Role::OneOfSeveral,
    }
}

fn account_kind(inventory: &Inventory, account: &LogonAccount) -> AccountKind {
    let Some(name) = account.in_domain(&inventory.domain.netbios_name) else {
        return AccountKind::Elsewhere;
    };
    match inventory.account(name).map(|account| account.class) {
        Some(AccountClass::User) => AccountKind::Password,
        Some(AccountClass::Gmsa) => AccountKind::Gmsa,
        Some(AccountClass::OtherManaged) => AccountKind::OtherManaged,
        Some(AccountClass::Computer) | None => AccountKind::Unknown,
    }
}

fn evidence(
    component: &Component,
    host: &HostInventory,
    carried: Carried<'_>,
    version: Option<&str>,
) -> Vec<String> {
    let mut evidence = vec![match carried {
        Carried::Service(service) => format!("service {}: {}", service.name, service.image_path),
        Carried::Pool(pool) => format!(
            "application pool {} serves {}",
            pool.name,
            pool.folders.join(", ")
        ),
    }];
    let product = &component.entry.product;
    evidence.extend(version.map(|version| format!("{product} {version} is installed")));
    if let Some(place) = component.database(host) {
        evidence.push(format!("database {place}, by the registry"));
    }
    evidence
}

fn staying(inventory: &Inventory, part: &Excluded) -> Staying {
    let (mut hosts, mut accounts, mut evidence) = (Vec::new(), Vec::new(), Vec::new());
    for host in &inventory.hosts {
        let seen = part.seen_on(host);
        if !seen.is_empty() {
            hosts.push(host.name.clone());
        }
        for seen in seen {
            evidence.push(format!("{}: {}", host.name, seen.evidence));
            accounts.extend(seen.account);
        }
    }
    let coverage = &inventory.coverage;
    let unread = |gap: &Gap| gap.subject.ends_with(", application pools");
    let blind = coverage.answered.len() < coverage.asked.len()
        || part.pool().is_some() && coverage.gaps.iter().any(unread);
    Staying {
        component: part.id.clone(),
        title: part.title.clone(),
        found: match (hosts.is_empty(), blind) {
            (false, _) => Some(true),
            (true, true) => None,
            (true, false) => Some(false),
        },
        hosts,
        accounts,
        evidence,
        why: part.why.clone(),
        instead: part.instead.clone(),
        source: part.source.clone(),
    }
}

/// What runs under an account of the domain and is neither a component nor a known part of MIM.
fn others(inventory: &Inventory, catalogue: &[Component], excluded: &[Excluded]) -> Vec<Other> {
    let mut others = Vec::new();
    for host in &inventory.hosts {
        let components = catalogue
            .iter()
            .filter_map(|component| host.carried(component.carrier()));
        let mut known: Vec<_> = components
            .map(|carried| carried.name().to_owned())
            .collect();
        let parts = excluded.iter().filter_map(Excluded::pool);
        known.extend(parts.map(str::to_owned));
        let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
        let foreign = host.all_carried().filter(|carried| {
            matches!(carried.logon_account(), LogonAccount::Domain { .. })
                && !is_known(carried.name())
        });
        others.extend(foreign.map(|carried| Other {
            host: host.name.clone(),
            name: carried.name().to_owned(),
            account: carried.logon_account().clone(),
        }));
        others.extend(host.tasks.iter().map(|task| Other {
            host: host.name.clone(),
            name: task.path.to_string(),
            account: task.account.clone(),
        }));
    }
    others
}

fn unknown(inventory: &Inventory, detection: &Detection) -> Vec<Gap> {
    let mut unknown = inventory.coverage.gaps.clone();
    let mut add = |subject: String, why: &str, advice: &str| {
        unknown.push(Gap {
            subject,
            why: why.to_owned(),
            advice: Some(advice.to_owned()),
        });
    };
    for detected in &detection.components {
        for node in &detected.nodes {
            let subject = format!("{}, {}", node.host, detected.title);
            if node.supports_gmsa.is_none() {
                let why = "which build it is: Windows does not list the product, or not with a build number";
                add(
                    subject.clone(),
                    why,
                    "look at the version of its program file",
                );
            }
            if node.role == Role::Unknown {
                let why = "whether it is the active server or a warm standby: not exactly one of its hosts runs it";
                add(
                    subject.clone(),
                    why,
                    "start the active server, and only that one",
                );
            }
            if node.account_kind == AccountKind::Unknown {
                let why = "what its account is: the directory was asked for the name and has none";
                add(subject, why, "correct the account, or repair the directory");
            }
        }
    }
    let nodes = || detection.components.iter().flat_map(|found| &found.nodes);
    let mut databases: Vec<_> = nodes().filter_map(|node| node.database.clone()).collect();
    databases.sort();
    databases.dedup();
    for database in databases {
        let mut known = inventory.databases.iter();
        let why = match known.any(|facts| facts.place.to_string() == database) {
            true => "its management agents: this version does not look into MIM's own tables",
            false => "logins, roles and management agents: its server could not be asked",
        };
        add(
            database,
            why,
            "the statements that look and repair are with finding MIM-007",
        );
    }
    unknown
}
