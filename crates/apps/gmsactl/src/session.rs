//! Estate, directory, hosts, passwords and journal, put together for one command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use directory::{ActiveDirectory, DirectoryOptions};
use engine::{ComponentProbe, HostQuestion, Manner, Questions, World};
use hosts::EstateHosts;
use journal_sqlite::SqliteJournal;
use managed_password::Keytab;
use mim::{Component, Detection, Excluded};
use model::estate::{Estate, HostAccess};
use model::host::Namespace;
use model::intent::Intent;
use model::inventory::Inventory;
use model::names::{HostName, LogonAccount, SamAccountName};
use model::plan::Plan;
use model::ports::Journal;
use planner::{Planning, Profile, Refusal};
use tokio::sync::OnceCell;

use crate::agent_file;
use crate::controller::Controller;
use crate::database_servers;
use crate::error::Failure;
use crate::operator::Operator;
use crate::options::Global;
use crate::passwords::{self, Supplied};
use crate::system::{SystemClock, default_journal};
use crate::{inputs, setup_packages, system};

/// The estate and the catalogue: enough to plan with, nothing is connected yet.
pub struct Session<'a> {
    /// The options of the command line.
    pub global: &'a Global,
    /// How to reach things.
    pub estate: Estate,
    catalogue: Vec<Component>,
    excluded: Vec<Excluded>,
    refused: Vec<Refusal>,
    controller: OnceCell<Controller>,
}

impl<'a> Session<'a> {
    /// Reads the estate.
    pub fn new(global: &'a Global) -> Result<Self, Failure> {
        Self::of_estate(global, inputs::estate(global)?)
    }

    /// For an estate that is known.
    pub fn of_estate(global: &'a Global, estate: Estate) -> Result<Self, Failure> {
        let unreadable = |error| Failure::new("internal", format!("the catalogue: {error}"));
        let catalogue = mim::catalogue().map_err(unreadable)?;
        let excluded = mim::refused().map_err(unreadable)?;
        let refused = excluded.iter().map(Excluded::refusal).collect();
        Ok(Self {
            global,
            estate,
            catalogue,
            excluded,
            refused,
            controller: OnceCell::new(),
        })
    }

    /// Whether somebody can be asked.
    pub fn is_interactive(&self) -> bool {
        passwords::is_interactive(self.global.non_interactive)
    }

    /// The products that are known.
    pub fn profiles(&self) -> Vec<&dyn Profile> {
        self.catalogue
            .iter()
            .map(|component| component as &dyn Profile)
            .collect()
    }

    /// The namespaces of WMI whose access lists matter, and these beside them.
    pub fn namespaces(&self, others: &[Namespace]) -> Vec<Namespace> {
        let profiles = self.profiles();
        let of_products = profiles.iter().flat_map(|profile| profile.namespaces());
        engine::namespaces_with(of_products.chain(others))
    }

    /// Logs on to the directory.
    pub async fn directory(&self) -> Result<ActiveDirectory, Failure> {
        self.directory_as(self.operator()?).await
    }

    /// Logs on to the directory as this operator.
    pub async fn directory_as(&self, operator: Operator) -> Result<ActiveDirectory, Failure> {
        let options = self.directory_options(operator).await?;
        Ok(ActiveDirectory::connect(options).await?)
    }

    /// How this operator logs on to the directory.
    pub async fn directory_options(&self, operator: Operator) -> Result<DirectoryOptions, Failure> {
        let access = &self.estate.domain;
        let controller = self.controller().await?.clone();
        tracing::info!(
            user = operator.user,
            how = operator.how,
            "logs on to the directory"
        );
        let ca_pem = match &access.ca_file {
            Some(path) => Some(
                std::fs::read(path)
                    .map_err(|error| Failure::file("estate", "ca-file", path, &error))?,
            ),
            None => None,
        };
        Ok(DirectoryOptions {
            domain: access.name.clone(),
            server: controller.server,
            address: controller.address,
            kdc: access.kdc,
            transport: access.transport,
            auth: access.auth,
            user: operator.user,
            secret: operator.secret,
            ca_pem,
            machine_keytabs: self.machine_keytabs()?,
            addresses: controller.addresses,
            clock: Arc::new(SystemClock),
        })
    }

    /// The domain controller that this session works with.
    pub async fn controller(&self) -> Result<&Controller, Failure> {
        let found = self
            .controller
            .get_or_try_init(|| Controller::of(&self.estate));
        found.await
    }

    /// Who logs on to the directory.
    pub fn operator(&self) -> Result<Operator, Failure> {
        Operator::of(&self.estate.domain, self.is_interactive())
    }

    fn machine_keytabs(&self) -> Result<BTreeMap<HostName, Keytab>, Failure> {
        let mut keytabs = BTreeMap::new();
        for (host, path) in self
            .estate
            .hosts
            .iter()
            .filter_map(|host| Some((host, host.machine_keytab.as_ref()?)))
        {
            let fail = |why: &dyn std::fmt::Display| {
                Failure::new(
                    "estate",
                    format!(
                        "machine-keytab {} of {} cannot be used: {why}",
                        path.display(),
                        host.name
                    ),
                )
                .hint("name the host's own keytab, or take the line out of estate.toml")
            };
            let bytes = zeroize::Zeroizing::new(std::fs::read(path).map_err(|error| fail(&error))?);
            keytabs.insert(
                host.name.clone(),
                Keytab::from_bytes(&bytes).map_err(|error| fail(&error))?,
            );
        }
        Ok(keytabs)
    }

    /// The hosts, each connected when first needed.
    pub fn hosts(&self) -> Result<Arc<EstateHosts>, Failure> {
        let mut known = BTreeMap::new();
        for host in &self.estate.hosts {
            if let Some(source) = &host.password {
                let of = format!("{}@{}", host.user.as_deref().unwrap_or("?"), host.dns_name);
                known.insert(
                    host.name.clone(),
                    passwords::read(source, &of, self.is_interactive())?,
                );
            }
        }
        let brings = self.estate.hosts.iter().any(HostAccess::brings_agent);
        let agent = if brings {
            agent_file::find(self.global)?
        } else {
            None
        };
        let agent = agent.map(|found| found.file);
        let hosts = Arc::new(EstateHosts::new(&self.estate, known, agent.as_ref()));
        self.global.visited.visit(&hosts);
        Ok(hosts)
    }

    /// Everything connected; `accounts` are those whose passwords are needed.
    pub async fn world(&self, accounts: &[LogonAccount]) -> Result<World, Failure> {
        let hosts = self.hosts()?;
        let secrets = Arc::new(Supplied::of(&self.estate, accounts, self.is_interactive())?);
        let operator = self.operator()?;
        let databases = database_servers::databases(self, &operator).await;
        let directory = Arc::new(self.directory_as(operator).await?);
        Ok(World {
            directory,
            hosts,
            databases,
            clock: Arc::new(SystemClock),
            secrets,
        })
    }

    /// Asks directory and hosts for everything that the intent, or a proposal, needs.
    pub async fn discover(
        &self,
        world: &World,
        intent: Option<&Intent>,
    ) -> Result<Inventory, Failure> {
        self.discover_with(world, intent, &Manner::default()).await
    }

    /// As [`Session::discover`] for a proposal, and looks these accounts up besides.
    pub async fn discover_also(
        &self,
        world: &World,
        names: &[SamAccountName],
    ) -> Result<Inventory, Failure> {
        self.ask(world, None, &Manner::default(), names).await
    }

    /// As [`Session::discover`], in a manner of its own.
    pub async fn discover_with(
        &self,
        world: &World,
        intent: Option<&Intent>,
        manner: &Manner,
    ) -> Result<Inventory, Failure> {
        self.ask(world, intent, manner, &[]).await
    }

    async fn ask(
        &self,
        world: &World,
        intent: Option<&Intent>,
        manner: &Manner,
        names: &[SamAccountName],
    ) -> Result<Inventory, Failure> {
        let profiles = self.profiles();
        let mut wanted = planner::questions(&self.estate, intent, &profiles);
        wanted.names.extend(names.iter().cloned());
        let host = |access: &HostAccess| HostQuestion {
            name: access.name.clone(),
            dns_name: access.dns_name.clone(),
            files: wanted.files.remove(&access.name).unwrap_or_default(),
        };
        let hosts = self.estate.hosts.iter().map(host).collect();
        let component = |profile: &&dyn Profile| ComponentProbe {
            component: profile.component().clone(),
            carrier: profile.carrier().clone(),
            services: profile.watched_services().to_vec(),
            registry: profile.registry(),
            namespaces: profile.namespaces().to_vec(),
            trees: profile.trees().to_vec(),
            folders: profile.folders(),
            database: profile.database_location(),
            gmsas: planner::gmsas_of(*profile, intent),
        };
        let components = profiles.iter().map(component).collect();
        let registry = self.excluded.iter().filter_map(Excluded::registry);
        let questions = Questions {
            estate: self.estate.name.clone(),
            hosts,
            components,
            registry: registry.cloned().collect(),
            names: wanted.names,
            spns: wanted.spns,
        };
        Ok(engine::discover_with(world, &questions, manner).await?)
    }

    /// What of Microsoft Identity Manager the inventory shows.
    pub fn detect(&self, inventory: &Inventory) -> Detection {
        mim::detect(inventory, &self.catalogue, &self.excluded)
    }

    /// As [`Session::plan`], for the passwords alone that components store.
    pub fn plan_of_passwords(&self, inventory: &Inventory, intent: &Intent) -> Plan {
        self.planned(inventory, intent, planner::plan_of_passwords)
    }

    /// As [`Session::plan`], for the export of key sets alone.
    pub fn plan_of_key_sets(&self, inventory: &Inventory, intent: &Intent) -> Plan {
        self.planned(inventory, intent, planner::plan_of_key_sets)
    }

    /// A plan that disables these password accounts.
    pub fn plan_of_retirement(&self, inventory: &Inventory, names: &[SamAccountName]) -> Plan {
        self.planned(inventory, &Intent::of(Vec::new()), |planning| {
            planner::plan_of_retirement(planning, names)
        })
    }

    /// Plans; the passwords that the estate names count as supplied, `apply` proves them.
    pub fn plan(&self, inventory: &Inventory, intent: &Intent) -> Plan {
        self.planned(inventory, intent, planner::plan)
    }

    fn planned(
        &self,
        inventory: &Inventory,
        intent: &Intent,
        plan: impl FnOnce(&Planning<'_>) -> Plan,
    ) -> Plan {
        let credentials: Vec<_> = self
            .estate
            .credentials
            .iter()
            .map(|known| known.account.clone())
            .collect();
        plan(&Planning {
            packages: &setup_packages::of(intent),
            inventory,
            intent,
            profiles: &self.profiles(),
            refused: &self.refused,
            credentials: &credentials,
            made_by: env!("CARGO_PKG_VERSION"),
        })
    }
}

/// Opens the journal that the options name, or this user's own.
pub fn journal(global: &Global) -> Result<Box<dyn Journal>, Failure> {
    let path = journal_path(global)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::file("journal", "the folder", folder, &error))?;
    }
    let journal = SqliteJournal::open(&path)?;
    #[cfg(feature = "faults")]
    return Ok(crate::faults::around(journal));
    #[cfg(not(feature = "faults"))]
    Ok(Box::new(journal))
}

fn journal_path(global: &Global) -> Result<PathBuf, Failure> {
    global
        .state
        .clone()
        .or_else(default_journal)
        .ok_or_else(|| {
            Failure::new(
                "journal",
                "there is no folder for the journal: neither HOME nor XDG_DATA_HOME is set",
            )
            .hint("name a file with --state")
        })
}

/// Who works, for the journal: person and machine.
pub fn by() -> String {
    let holder = system::holder(security::FileTime::ZERO);
    format!("{}@{}", holder.user, holder.machine)
}
