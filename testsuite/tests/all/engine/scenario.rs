//! One estate, what is wanted of it, and the verbs as the command line calls them.

mod plain;

use std::path::Path;

use engine::{
    ApplyRequest, ComponentProbe, EngineError, HostQuestion, Questions, RollbackRequest, RunReport,
    Silent, Verification,
};
use mim::Component;
use model::estate::Estate;
use model::intent::{Conversion, DelegationWish, Intent, Strategy};
use model::inventory::Inventory;
use model::names::{HostName, LogonAccount, RunId};
use model::plan::Plan;
use model::ports::{Journal, WorldError};
use model::run::Outcome;
use planner::{Planning, Profile};

use super::by_hand;
use super::fake_world::packages;
use super::fake_world::reference::{
    self, OLD_ACCOUNT, OLD_PASSWORD, PLAIN_ACCOUNT, PLAIN_PASSWORD, PORTAL_ACCOUNT, PORTAL_PASSWORD,
};
use super::fake_world::{FakeWorld, Snapshot, Supplied, named};

pub struct Scenario {
    pub world: FakeWorld,
    pub intent: Intent,
    pub supplied: Supplied,
    /// The operator accepts steps without a way back.
    pub accept_no_way_back: bool,
}

impl Scenario {
    /// The Synchronization Service of one host.
    pub fn sync() -> Self {
        Self::sync_on(&["MIMSYNC01"])
    }

    /// The same as it is now, once more; what happens to one of them from here on does not happen to the other.
    pub fn fork(&self) -> Self {
        Self {
            world: FakeWorld::new(self.world.state().clone()),
            intent: self.intent.clone(),
            supplied: self.supplied.clone(),
            accept_no_way_back: self.accept_no_way_back,
        }
    }

    /// The same, and of its key set only a sealed copy stays.
    pub fn sealed() -> Self {
        let mut scenario = Self::sync();
        for conversion in &mut scenario.intent.conversions {
            conversion.recipient = vec![reference::RECIPIENT.parse().unwrap()];
        }
        scenario
    }

    /// The Synchronization Service of several hosts under one account.
    pub fn sync_on(hosts: &[&str]) -> Self {
        Self {
            world: FakeWorld::new(reference::state(hosts)),
            intent: Intent::of(vec![conversion("sync", hosts, "MIMSyncGMSAsvc")]),
            supplied: Supplied([(old_account(), OLD_PASSWORD)].into()),
            accept_no_way_back: false,
        }
    }

    /// The Synchronization Service and a portal, each with its old account.
    fn sync_and_portal() -> Self {
        let mut scenario = Self::sync();
        {
            let mut state = scenario.world.state();
            reference::add_web_server(&mut state);
            reference::add_database(&mut state);
            named::add_host_access(&mut state);
            named::add_logon_rights(&mut state);
        }
        let portal = conversion("sspr-reset", &["MIMSYNC01"], "MIMSsprReset");
        scenario.intent.conversions.push(portal);
        let account = PORTAL_ACCOUNT.to_owned().into();
        scenario.supplied.0.insert(account, PORTAL_PASSWORD);
        scenario
    }

    /// An old account with everything that a gMSA can inherit, and a portal: every kind of step of the strategy `direct`
    /// is in its plan.
    pub fn rich() -> Self {
        let mut scenario = Self::sync_and_portal();
        {
            let mut state = scenario.world.state();
            reference::add_rights_of_the_old_account(&mut state);
            named::add_directory_rights(&mut state);
        }
        for conversion in &mut scenario.intent.conversions {
            conversion.groups = vec![reference::GROUP.parse().unwrap()];
            conversion.delegation = DelegationWish::Unconstrained;
        }
        scenario
    }

    /// Both with the accounts changed by hand.
    pub fn guided() -> Self {
        let mut scenario = Self::sync_and_portal();
        for conversion in &mut scenario.intent.conversions {
            conversion.strategy = Strategy::Guided;
        }
        scenario
    }

    /// Both with the accounts changed by setup.
    pub fn by_setup() -> Self {
        let mut scenario = Self::sync_and_portal();
        packages::put_on_hosts(&mut scenario.world.state());
        for conversion in &mut scenario.intent.conversions {
            conversion.strategy = Strategy::Installer;
            conversion.setup = Some(packages::setup(conversion.component.as_str()));
        }
        scenario
    }

    /// gMSA and group are there and in use: only what is missing is added, only that is taken back.
    pub fn sync_with_a_gmsa_in_use() -> Self {
        let scenario = Self::sync();
        reference::add_gmsa_in_use(&mut scenario.world.state(), "MIMSyncGMSAsvc");
        scenario
    }

    /// A service without a key set: applying needs no password, the way back does.
    pub fn plain() -> Self {
        let mut scenario = Self::sync_and_plain();
        scenario.intent.conversions.remove(0);
        scenario
    }

    /// Both components on one host.
    pub fn sync_and_plain() -> Self {
        let mut scenario = Self::sync();
        reference::add_plain_service(&mut scenario.world.state());
        scenario
            .intent
            .conversions
            .push(conversion("plain", &["MIMSYNC01"], "PlainGMSA"));
        scenario
            .supplied
            .0
            .insert(PLAIN_ACCOUNT.to_owned().into(), PLAIN_PASSWORD);
        scenario
    }

    pub async fn discover(&self) -> Result<Inventory, WorldError> {
        let catalogue = mim::catalogue().unwrap();
        let profiles = profiles(&catalogue);
        let mut wanted = planner::questions(&self.estate(), Some(&self.intent), &profiles);
        let questions = Questions {
            estate: "reference".to_owned(),
            hosts: (self.estate().hosts.iter())
                .map(|host| HostQuestion {
                    name: host.name.clone(),
                    dns_name: host.dns_name.clone(),
                    files: wanted.files.remove(&host.name).unwrap_or_default(),
                })
                .collect(),
            components: (profiles.iter())
                .map(|profile| ComponentProbe {
                    component: profile.component().clone(),
                    carrier: profile.carrier().clone(),
                    services: profile.watched_services().to_vec(),
                    registry: profile.registry(),
                    namespaces: profile.namespaces().to_vec(),
                    trees: profile.trees().to_vec(),
                    folders: profile.folders(),
                    database: profile.database_location(),
                    gmsas: planner::gmsas_of(*profile, Some(&self.intent)),
                })
                .collect(),
            registry: Vec::new(),
            names: wanted.names,
            spns: wanted.spns,
        };
        engine::discover(&self.world.ports(&self.supplied), &questions).await
    }

    pub fn plan_from(&self, inventory: &Inventory) -> Plan {
        let catalogue = mim::catalogue().unwrap();
        let refused = mim::refused().unwrap();
        let refused: Vec<_> = refused.iter().map(mim::Excluded::refusal).collect();
        let credentials: Vec<_> = self.supplied.0.keys().cloned().collect();
        planner::plan(&Planning {
            packages: &packages::all(),
            inventory,
            intent: &self.intent,
            profiles: &profiles(&catalogue),
            refused: &refused,
            credentials: &credentials,
            made_by: "test",
        })
    }

    pub async fn plan(&self) -> Plan {
        self.plan_from(&self.discover().await.unwrap())
    }

    /// A plan that can be applied.
    pub async fn sound_plan(&self) -> Plan {
        let plan = self.plan().await;
        assert!(!plan.is_blocked(), "{:?}", plan.findings);
        assert!(plan.has_changes());
        plan
    }

    /// Applies; where the run is handed over, does by hand what it says and applies again.
    pub async fn apply(&self, plan: &Plan) -> Result<RunReport, EngineError> {
        loop {
            let report = self.apply_once(plan).await?;
            if !by_hand::follow_wizard(&mut self.world.state(), plan, &report) {
                return Ok(report);
            }
        }
    }

    /// What `gmsactl apply` does: plans anew where no run is open, then applies.
    pub async fn apply_once(&self, plan: &Plan) -> Result<RunReport, EngineError> {
        let open = engine::open_run(&self.world, plan)?;
        let fresh = match open {
            Some(_) => None,
            None => Some(self.plan_from(&self.discover().await?)),
        };
        let request = ApplyRequest {
            plan,
            fresh: fresh.as_ref(),
            new_run: format!("run-{}", self.world.runs().unwrap().len())
                .parse()
                .unwrap(),
            by: "anna@ops",
            accept_no_way_back: self.accept_no_way_back,
        };
        engine::apply(
            &self.world.ports(&self.supplied),
            &self.world,
            &Silent,
            &request,
        )
        .await
    }

    pub async fn rollback(&self) -> Result<RunReport, EngineError> {
        self.rollback_only(None).await
    }

    /// Takes the last run back, or one component of it; brings back first what only the holder of the identity can.
    pub async fn rollback_only(&self, only: Option<&str>) -> Result<RunReport, EngineError> {
        by_hand::open_sealed(&mut self.world.state());
        self.rollback_as_it_is(only).await
    }

    /// The same, with nothing brought back.
    pub async fn rollback_as_it_is(&self, only: Option<&str>) -> Result<RunReport, EngineError> {
        let request = RollbackRequest {
            run: self.last_run(),
            only: only.map(|only| only.parse().unwrap()),
            by: "anna@ops",
        };
        engine::rollback(
            &self.world.ports(&self.supplied),
            &self.world,
            &Silent,
            &request,
        )
        .await
    }

    pub async fn verify(&self) -> Result<Verification, EngineError> {
        let ports = self.world.ports(&self.supplied);
        engine::verify(&ports, &self.world, &self.last_run()).await
    }

    /// The plan of the last run.
    pub fn plan_of_last_run(&self) -> Plan {
        let history = engine::History::read(&self.world, &self.last_run());
        history.unwrap().plan
    }

    /// The last run; one that does not exist where none was begun.
    pub fn last_run(&self) -> RunId {
        let last = self.world.runs().unwrap().pop();
        last.unwrap_or_else(|| "run-0".parse().unwrap())
    }

    /// Applies the plan in peace: done, and everything holds.
    pub async fn apply_to_the_end(&self, plan: &Plan, context: &str) {
        self.world.arm(None);
        let report = self
            .apply(plan)
            .await
            .unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(report.outcome, Outcome::Done, "{context}: {report:?}");
        self.assert_converted(context).await;
    }

    /// Everything that the last run was to bring about is there, and nothing is left to do.
    pub async fn assert_converted(&self, context: &str) {
        let verification = self.verify().await.unwrap();
        assert!(verification.holds, "{context}: {verification:?}");
        let plan = self.plan().await;
        assert!(
            !plan.has_changes() && !plan.is_blocked(),
            "{context}: {plan:?}"
        );
        let state = self.world.state();
        for (name, host) in &state.hosts {
            assert!(
                host.runs(&"FIMDependant".parse().unwrap()),
                "{context}: dependant on {name}"
            );
            assert!(
                !host.runs(&"FIMIdle".parse().unwrap()),
                "{context}: idle on {name}"
            );
        }
    }

    /// Rolls back in peace: unwound, and the world is what it was.
    pub async fn rollback_to(&self, start: &Snapshot, context: &str) {
        self.world.arm(None);
        let report = self
            .rollback()
            .await
            .unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(report.outcome, Outcome::Unwound, "{context}: {report:?}");
        self.world.snapshot().assert_is(start, context);
    }

    fn estate(&self) -> Estate {
        let state = self.world.state();
        let host = |name: &HostName| {
            let dns_name = &state.hosts[name].dns_name;
            format!(
                "[[host]]\nname = \"{name}\"\ndns-name = \"{dns_name}\"\ntransport = \"local\"\ncommand = [\"agent\"]\n"
            )
        };
        let hosts: String = state.hosts.keys().map(host).collect();
        let text = format!("format = 1\n[domain]\nname = \"contoso.com\"\n{hosts}");
        Estate::parse(&text, Path::new("/")).unwrap()
    }
}

pub fn old_account() -> LogonAccount {
    OLD_ACCOUNT.to_owned().into()
}

fn conversion(component: &str, hosts: &[&str], gmsa: &str) -> Conversion {
    Conversion {
        component: component.parse().unwrap(),
        hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
        gmsa: gmsa.parse().unwrap(),
        retrieval_group: format!("{gmsa}_Hosts").parse().unwrap(),
        strategy: Strategy::Direct,
        interval_days: 30,
        group_container: None,
        gmsa_container: None,
        key_set: None,
        recipient: Vec::new(),
        groups: Vec::new(),
        spns: None,
        delegation: DelegationWish::default(),
        exchange: None,
        setup: None,
    }
}

fn profiles(catalogue: &[Component]) -> Vec<&dyn Profile> {
    let known = catalogue.iter().map(|component| component as &dyn Profile);
    known.chain([&plain::PLAIN as &dyn Profile]).collect()
}
