//! What every host says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use model::host::{self, PoolState, RightHolders, ServiceTrigger};
use model::inventory::{
    AppPool, Carrier, Gap, HostInventory, Inventory, Service, Task, registry_path,
};
use model::names::{LogonAccount, ServiceName};
use model::ports::{ErrorKind, Host, Reads, WorldError};

use super::access_lists;
use super::{ComponentProbe, HostQuestion, Manner, Questions, gap};
use crate::world::World;

/// The service that keeps managed passwords on a host: Microsoft Key Distribution Service.
const KDSSVC: &str = "kdssvc";

/// Every host's answer, in the order of the questions.
pub(super) async fn ask_hosts(
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
        namespaces: questions.namespaces(),
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
        tasks: beside.tasks,
        rights: beside.rights,
        access: Vec::new(),
        unread_access_lists: Vec::new(),
        kdssvc_starts_with_network: beside.kdssvc_starts_with_network,
        products,
        registry,
        files,
    };
    let present = probes
        .iter()
        .filter(|probe| inventory.carried(&probe.carrier).is_some());
    inventory.components = present.map(|probe| probe.component.clone()).collect();
    access_lists::read(host.as_ref(), questions, &mut inventory, &mut gaps).await;
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
    tasks: Vec<Task>,
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
    let tasks = host.scheduled_tasks().await.unwrap_or_else(|error| {
        known("scheduled tasks", error);
        Vec::new()
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
        tasks: tasks.into_iter().map(task).filter(in_a_domain).collect(),
        rights,
        kdssvc_starts_with_network: triggers.map(|triggers| triggers.contains(&network)),
    }
}

fn pool(found: host::AppPool) -> AppPool {
    let mut bindings = Vec::new();
    for binding in found
        .applications
        .iter()
        .flat_map(|served| &served.bindings)
    {
        if !bindings.contains(binding) {
            bindings.push(binding.clone());
        }
    }
    AppPool {
        name: found.name.to_string(),
        account: LogonAccount::from(found.identity.to_string()),
        started: found.state == PoolState::Started,
        folders: found
            .applications
            .into_iter()
            .map(|application| application.physical_path)
            .collect(),
        bindings,
    }
}

fn task(found: host::ScheduledTask) -> Task {
    Task {
        path: found.path,
        account: LogonAccount::from(found.principal.account.to_string()),
        logon: found.principal.logon,
        enabled: found.enabled,
    }
}

/// Whether the task runs as an account of a domain, or of this machine: their SIDs have one form.
fn in_a_domain(task: &Task) -> bool {
    match &task.account {
        LogonAccount::Domain { .. } => true,
        LogonAccount::Other(text) => text.starts_with("S-1-5-21-"),
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

fn is(service: &Service, name: &ServiceName) -> bool {
    service.name.as_str().eq_ignore_ascii_case(name.as_str())
}
