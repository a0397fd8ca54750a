//! Finds what is there: the directory and the hosts, each asked once, with every gap named.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt};
use model::host::{self, PoolState, RightHolders, ServiceTrigger};
use model::inventory::{
    Account, AccountClass, AccountDelegation, AppPool, Carrier, Coverage, Domain, Gap,
    HostInventory, Inventory, Service, SpnHolders, registry_path,
};
use model::names::{
    ComponentId, DnsName, HostName, LogonAccount, SamAccountName, ServiceName, Spn,
};
use model::ports::{Delegation, ErrorKind, Host, Reads, WorldError};

use crate::run::with_causes;
use crate::world::World;

/// The service that keeps managed passwords on a host: Microsoft Key Distribution Service.
const KDSSVC: &str = "kdssvc";

/// What to look for; made from the estate, the catalogue and the intent.
#[derive(Debug, Clone, Default)]
pub struct Questions {
    /// The estate's name.
    pub estate: String,
    /// The hosts to ask.
    pub hosts: Vec<HostQuestion>,
    /// Components of the catalogue.
    pub components: Vec<ComponentProbe>,
    /// Registry values to read beside those of components: key and value name.
    pub registry: Vec<(String, String)>,
    /// Accounts and groups to look up beside the logon accounts that are found: those of the intent.
    pub names: Vec<SamAccountName>,
    /// SPNs to look for beside those of the accounts that are found.
    pub spns: Vec<Spn>,
}

/// A host to ask.
#[derive(Debug, Clone)]
pub struct HostQuestion {
    /// NetBIOS name.
    pub name: HostName,
    /// DNS name.
    pub dns_name: DnsName,
    /// Files to look for: those that the intent is going to write.
    pub files: Vec<String>,
}

/// How a component shows on a host.
#[derive(Debug, Clone)]
pub struct ComponentProbe {
    /// Which component.
    pub component: ComponentId,
    /// What of it has a logon account.
    pub carrier: Carrier,
    /// Other services to look at, whatever their account.
    pub services: Vec<ServiceName>,
    /// Registry values to read: key and value name.
    pub registry: Vec<(String, String)>,
}

/// How hosts are asked.
#[derive(Debug, Clone)]
pub struct Manner {
    /// How many at a time.
    pub at_once: usize,
    /// How long each may take to answer, its connection included.
    pub patience: Duration,
    /// An earlier inventory: what it has of hosts that answered is kept, and only the others are asked.
    pub known: Option<Inventory>,
}

impl Default for Manner {
    /// 16 at a time, two minutes each, all of them.
    fn default() -> Self {
        Self {
            at_once: 16,
            patience: Duration::from_secs(120),
            known: None,
        }
    }
}

/// Asks the directory and every host.
///
/// # Errors
/// Only where the domain itself cannot be read; everything else that is missing is a gap in the coverage.
pub async fn discover(world: &World, questions: &Questions) -> Result<Inventory, WorldError> {
    discover_with(world, questions, &Manner::default()).await
}

/// As [`discover`], in a manner of its own.
///
/// # Errors
/// As [`discover`].
pub async fn discover_with(
    world: &World,
    questions: &Questions,
    manner: &Manner,
) -> Result<Inventory, WorldError> {
    let taken_at = world.clock.now();
    let hosts = ask_hosts(world, questions, manner);
    let directory = async {
        (
            world.directory.domain().await,
            world.directory.root_keys().await,
        )
    };
    let (hosts, (domain, root_keys)) = join(hosts, directory).await;
    let domain = domain?;
    let mut coverage = Coverage::default();
    let mut found = Vec::new();
    for (question, answer) in questions.hosts.iter().zip(hosts) {
        coverage.asked.push(question.name.clone());
        match answer {
            Ok((host, gaps)) => {
                coverage.answered.push(question.name.clone());
                coverage.gaps.extend(gaps);
                found.push(host);
            }
            Err(error) => coverage.gaps.push(gap(question.name.as_str(), &error)),
        }
    }
    let root_keys = root_keys.unwrap_or_else(|error| {
        coverage.gaps.push(gap("KDS root keys", &error));
        Vec::new()
    });
    let mut inventory = Inventory {
        format: 1,
        taken_at,
        estate: questions.estate.clone(),
        domain,
        root_keys,
        accounts: Vec::new(),
        gmsas: Vec::new(),
        groups: Vec::new(),
        looked_up: Vec::new(),
        delegations: Vec::new(),
        spns: Vec::new(),
        hosts: found,
        coverage,
    };
    look_up(world, questions, &mut inventory).await;
    Ok(inventory)
}

/// Every host's answer, in the order of the questions.
async fn ask_hosts(
    world: &World,
    questions: &Questions,
    manner: &Manner,
) -> Vec<Result<(HostInventory, Vec<Gap>), WorldError>> {
    let ask = async |(at, question): (usize, &HostQuestion)| {
        let known = manner.known.as_ref();
        let answer = match known.and_then(|known| answered_before(known, question)) {
            Some(known) => Ok(known),
            None => {
                let answer = ask_host(world, question, questions, manner.patience).await;
                // Of few hosts the connections are kept for what comes after; of many they would be too many.
                if questions.hosts.len() > manner.at_once
                    && let Ok(host) = world.hosts.host(&question.name).await
                {
                    host.hang_up().await;
                }
                answer
            }
        };
        (at, answer)
    };
    let asked = questions.hosts.iter().enumerate().map(ask);
    let answers = stream::iter(asked).buffer_unordered(manner.at_once.max(1));
    let mut answers: Vec<_> = answers.collect().await;
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// What an earlier inventory has of a host that answered, with the gaps that are the host's.
fn answered_before(
    known: &Inventory,
    question: &HostQuestion,
) -> Option<(HostInventory, Vec<Gap>)> {
    let host = known.host(&question.name)?;
    let of_host = format!("{}, ", question.name);
    let gaps = known.coverage.gaps.iter();
    let gaps = gaps.filter(|gap| gap.subject.starts_with(&of_host));
    Some((host.clone(), gaps.cloned().collect()))
}

impl Questions {
    /// Every registry value that is read of a host, each once: products share keys.
    fn all_registry(&self) -> BTreeSet<&(String, String)> {
        let of_components = self.components.iter().flat_map(|probe| &probe.registry);
        of_components.chain(&self.registry).collect()
    }
}

/// Everything that is going to be read of a host.
fn reads(question: &HostQuestion, questions: &Questions) -> Reads {
    Reads {
        registry: questions.all_registry().into_iter().cloned().collect(),
        files: question.files.clone(),
        triggers: KDSSVC.parse().into_iter().collect(),
    }
}

async fn ask_host(
    world: &World,
    question: &HostQuestion,
    questions: &Questions,
    patience: Duration,
) -> Result<(HostInventory, Vec<Gap>), WorldError> {
    let probes = &questions.components;
    let host = world.hosts.host(&question.name).await?;
    host.foresee(&reads(question, questions), patience).await?;
    let facts = host.facts().await?;
    let services = host.services().await?;
    let mut gaps = Vec::new();
    let products = host.products().await.unwrap_or_else(|error| {
        gaps.push(gap(
            &format!("{}, installed products", question.name),
            &error,
        ));
        Vec::new()
    });
    let mut registry = BTreeMap::new();
    // Whether a component is there may stand in the registry: all values are read of every host.
    for (key, value) in questions.all_registry() {
        match host.registry_text(key, value).await {
            Ok(Some(text)) => drop(registry.insert(registry_path(key, value), text)),
            Ok(None) => {}
            Err(error) => gaps.push(gap(&format!("{}, {key}", question.name), &error)),
        }
    }
    let files = files(host.as_ref(), question, &mut gaps).await;
    let beside = beside_services(host.as_ref(), question, &mut gaps).await;
    let of_interest = |service: &Service| {
        matches!(service.logon_account, LogonAccount::Domain { .. })
            || probes.iter().any(|probe| probe.looks_at(service))
    };
    let mut inventory = HostInventory {
        name: question.name.clone(),
        dns_name: question.dns_name.clone(),
        facts,
        components: Vec::new(),
        services: services.into_iter().filter(of_interest).collect(),
        app_pools: beside.pools,
        rights: beside.rights,
        kdssvc_starts_with_network: beside.kdssvc_starts_with_network,
        products,
        registry,
        files,
    };
    let present = probes
        .iter()
        .filter(|probe| inventory.carried(&probe.carrier).is_some());
    inventory.components = present.map(|probe| probe.component.clone()).collect();
    Ok((inventory, gaps))
}

impl ComponentProbe {
    fn looks_at(&self, service: &Service) -> bool {
        let own = matches!(&self.carrier, Carrier::Service(name) if is(service, name));
        own || self.services.iter().any(|name| is(service, name))
    }
}

/// What a host has beside services.
struct Beside {
    pools: Vec<AppPool>,
    rights: Vec<RightHolders>,
    kdssvc_starts_with_network: Option<bool>,
}

/// A host without a web server, or a system without the calls, has none of it; anything else is a gap.
async fn beside_services(host: &dyn Host, question: &HostQuestion, gaps: &mut Vec<Gap>) -> Beside {
    let mut known = |what: &str, error: WorldError| {
        if error.kind != ErrorKind::NotSupported {
            gaps.push(gap(&format!("{}, {what}", question.name), &error));
        }
    };
    let pools = host.app_pools().await.unwrap_or_else(|error| {
        known("application pools", error);
        None
    });
    let rights = host.account_rights().await.unwrap_or_else(|error| {
        known("account rights", error);
        Vec::new()
    });
    let triggers = match KDSSVC.parse() {
        Ok(service) => host
            .service_triggers(&service)
            .await
            .unwrap_or_else(|error| {
                known("triggers of kdssvc", error);
                None
            }),
        Err(_) => None,
    };
    let network = ServiceTrigger::start_with_network();
    Beside {
        pools: pools.into_iter().flatten().map(pool).collect(),
        rights,
        kdssvc_starts_with_network: triggers.map(|triggers| triggers.contains(&network)),
    }
}

fn pool(found: host::AppPool) -> AppPool {
    AppPool {
        name: found.name.to_string(),
        account: LogonAccount::from(found.identity.to_string()),
        started: found.state == PoolState::Started,
        folders: found
            .applications
            .into_iter()
            .map(|application| application.physical_path)
            .collect(),
    }
}

async fn files(
    host: &dyn Host,
    question: &HostQuestion,
    gaps: &mut Vec<Gap>,
) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for path in &question.files {
        match host.file(path).await {
            Ok(Some(file)) => drop(files.insert(path.clone(), file.sha256)),
            Ok(None) => {}
            Err(error) => gaps.push(gap(&format!("{}, {path}", question.name), &error)),
        }
    }
    files
}

/// Everything in the directory that the hosts and the intent point at.
async fn look_up(world: &World, questions: &Questions, inventory: &mut Inventory) {
    let names = names(questions, inventory);
    match world.directory.look_up(&names).await {
        Ok(found) => {
            inventory.looked_up = names;
            (inventory.accounts, inventory.gmsas, inventory.groups) =
                (found.accounts, found.gmsas, found.groups);
        }
        Err(error) => inventory
            .coverage
            .gaps
            .push(gap("accounts and groups", &error)),
    }
    delegations(world, inventory).await;
    let spns = spns(questions, &inventory.accounts);
    for (spn, holders) in spns
        .iter()
        .zip(join_all(spns.iter().map(|spn| world.directory.spn_holders(spn))).await)
    {
        match holders {
            Ok(holders) => {
                let mut holders: Vec<_> = holders
                    .into_iter()
                    .map(|Account { name, .. }| name)
                    .collect();
                holders.sort();
                inventory.spns.push(SpnHolders {
                    spn: spn.clone(),
                    holders,
                });
            }
            Err(error) => inventory.coverage.gaps.push(gap(spn.as_str(), &error)),
        }
    }
    inventory.coverage.gaps.extend(world.directory.gaps());
}

/// How the accounts of services delegate.
async fn delegations(world: &World, inventory: &mut Inventory) {
    let of_services = |account: &&Account| account.class != AccountClass::Computer;
    let accounts: Vec<_> = inventory.accounts.iter().filter(of_services).collect();
    let ask = |account: &&Account| {
        let dn = account.dn.clone();
        async move { world.directory.delegation(&dn).await }
    };
    let answers = join_all(accounts.iter().map(ask)).await;
    let mut found = Vec::new();
    for (account, answer) in accounts.into_iter().zip(answers) {
        match answer {
            Ok(delegation) if delegation == Delegation::default() => {}
            Ok(delegation) => found.push(AccountDelegation {
                account: account.name.clone(),
                delegation,
            }),
            Err(error) => {
                let subject = format!("delegation of {}", account.name);
                inventory.coverage.gaps.push(gap(&subject, &error));
            }
        }
    }
    inventory.delegations = found;
}

/// Logon accounts of the domain, the hosts' computer accounts, and what the intent names: each once.
fn names(questions: &Questions, inventory: &Inventory) -> Vec<SamAccountName> {
    let Domain { netbios_name, .. } = &inventory.domain;
    let logon = inventory
        .hosts
        .iter()
        .flat_map(HostInventory::logon_accounts);
    let logon = logon.filter_map(|account| account.in_domain(netbios_name).cloned());
    let computers = questions
        .hosts
        .iter()
        .map(|host| host.name.computer_account());
    let mut seen = BTreeSet::new();
    let all = logon
        .chain(computers)
        .chain(questions.names.iter().cloned());
    let mut names: Vec<_> = all
        .filter(|name| seen.insert(name.as_str().to_lowercase()))
        .collect();
    names.sort();
    names
}

/// SPNs of users and gMSAs, and those that are asked for; those of computers are the hosts' own business.
fn spns(questions: &Questions, accounts: &[Account]) -> Vec<Spn> {
    let of_services = accounts
        .iter()
        .filter(|account| account.class != AccountClass::Computer);
    let all: BTreeSet<_> = of_services
        .flat_map(|account| account.spns.iter().cloned())
        .chain(questions.spns.iter().cloned())
        .collect();
    all.into_iter().collect()
}

fn is(service: &Service, name: &ServiceName) -> bool {
    service.name.as_str().eq_ignore_ascii_case(name.as_str())
}

fn gap(subject: &str, error: &WorldError) -> Gap {
    Gap {
        subject: subject.to_owned(),
        why: with_causes(error),
        advice: error.advice.clone(),
    }
}
