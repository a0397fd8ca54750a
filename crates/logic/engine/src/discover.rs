//! Finds what is there: the directory and the hosts, each asked once, with every gap named.

mod access_lists;
mod databases;
mod in_directory;
mod on_hosts;

use std::time::Duration;

use futures_util::future::join;
use model::database::DatabaseLocation;
use model::host::{AccessTree, Namespace};
use model::inventory::{Carrier, Coverage, Gap, HostAccess, Inventory};
use model::names::{ComponentId, DnsName, HostName, SamAccountName, ServiceName, Spn};
use model::ports::WorldError;

use crate::run::with_causes;
use crate::world::World;
pub use access_lists::namespaces_with;
use in_directory::look_up;
use on_hosts::ask_hosts;

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
    /// Namespaces of WMI that it brings, whose access lists are read.
    pub namespaces: Vec<Namespace>,
    /// Folders and registry keys of its own, whose access lists are looked through.
    pub trees: Vec<AccessTree>,
    /// Registry values that hold more such folders: key and value name.
    pub folders: Vec<(String, String)>,
    /// Where the registry says which database it has.
    pub database: Option<DatabaseLocation>,
    /// The gMSAs that it is to have: their access to that database is looked at beside that of its logon accounts.
    pub gmsas: Vec<SamAccountName>,
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
            Ok((mut host, gaps)) => {
                // Those of other domains and of the host itself are not converted.
                let of_domain = |entry: &HostAccess| entry.sid.domain() == Some(domain.sid);
                host.access.retain(of_domain);
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
        directory_rights: Vec::new(),
        spns: Vec::new(),
        hosts: found,
        databases: Vec::new(),
        coverage,
    };
    look_up(world, questions, &mut inventory).await;
    databases::ask(world, &questions.components, &mut inventory).await;
    Ok(inventory)
}

fn gap(subject: &str, error: &WorldError) -> Gap {
    Gap {
        subject: subject.to_owned(),
        why: with_causes(error),
        advice: error.advice.clone(),
    }
}
