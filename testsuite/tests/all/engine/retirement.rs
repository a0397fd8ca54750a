//! Password accounts that are retired: refused while they are used, disabled once, enabled again.

use engine::{ApplyRequest, EngineError, RunReport, Silent};
use model::intent::Intent;
use model::inventory::AccountClass;
use model::plan::Plan;
use model::run::Outcome;
use planner::Planning;

use super::fake_world::reference::{OLD_ACCOUNT, add_account};
use super::fake_world::{Fault, Moment};
use super::scenario::Scenario;

const RETIRED: &str = "svc-retired";

fn scenario() -> Scenario {
    let scenario = Scenario::sync();
    let class = AccountClass::User;
    add_account(&mut scenario.world.state(), RETIRED, class, None, &[]);
    scenario
}

async fn plan(scenario: &Scenario, name: &str) -> Plan {
    let mut inventory = scenario.discover().await.unwrap();
    let name = name.parse().unwrap();
    if inventory.account(&name).is_none() {
        let state = scenario.world.state();
        let found = state.account(&name).map(|found| found.account.clone());
        inventory.accounts.extend(found);
    }
    let planning = Planning {
        packages: &std::collections::BTreeMap::new(),
        inventory: &inventory,
        intent: &Intent::of(Vec::new()),
        profiles: &[],
        refused: &[],
        credentials: &[],
        made_by: "test",
    };
    planner::plan_of_retirement(&planning, &[name])
}

async fn apply(scenario: &Scenario, plan: &Plan) -> Result<RunReport, EngineError> {
    let open = engine::open_run(&scenario.world, plan)?;
    let request = ApplyRequest {
        plan,
        fresh: open.is_none().then_some(plan),
        new_run: "run-0".parse().unwrap(),
        by: "anna@ops",
        accept_no_way_back: false,
    };
    let ports = scenario.world.ports(&scenario.supplied);
    engine::apply(&ports, &scenario.world, &Silent, &request).await
}

fn is_enabled(scenario: &Scenario) -> bool {
    scenario.world.state().accounts[RETIRED].account.enabled
}

#[tokio::test]
async fn what_is_used_or_unseen_is_not_retired() {
    let scenario = scenario();
    let old = OLD_ACCOUNT.split_once('\\').unwrap().1;
    let used = plan(&scenario, old).await;
    let found = used.blocking().find(|finding| finding.id == "GMSA-091");
    assert!(found.unwrap().what.contains("FIMSynchronizationService"));
    assert!(used.findings.iter().any(|finding| finding.id == "GMSA-092"));
    let error = apply(&scenario, &used).await.unwrap_err();
    assert!(matches!(error, EngineError::Blocked(_)), "{error:?}");
    for host in scenario.world.state().hosts.values_mut() {
        host.answers = false;
    }
    let unseen = plan(&scenario, RETIRED).await;
    assert!(unseen.blocking().any(|finding| finding.id == "GMSA-010"));
    let nobody = plan(&scenario, "svc-nobody").await;
    assert!(nobody.blocking().any(|finding| finding.id == "GMSA-090"));
}

#[tokio::test]
async fn whatever_happens_the_account_is_disabled_once_and_enabled_again() {
    let mut hit = 0;
    for n in 0..10 {
        for fault in [
            Fault::Crash(n, Moment::Before),
            Fault::Crash(n, Moment::After),
            Fault::Answer(n),
            Fault::Write(n),
        ] {
            let scenario = scenario();
            let start = scenario.world.snapshot();
            let plan = plan(&scenario, RETIRED).await;
            assert!(!plan.is_blocked(), "{:?}", plan.findings);
            scenario.world.arm(Some(fault));
            drop(apply(&scenario, &plan).await);
            hit += usize::from(scenario.world.fired().is_some());
            scenario.world.arm(None);
            if is_enabled(&scenario)
                && engine::open_run(&scenario.world, &plan).is_ok_and(|run| run.is_some())
            {
                let report = apply(&scenario, &plan).await.unwrap();
                assert_eq!(report.outcome, Outcome::Done, "{fault:?}: {report:?}");
                assert!(!is_enabled(&scenario), "{fault:?}");
            }
            if !scenario.world.state().records.is_empty() && !is_enabled(&scenario) {
                scenario.rollback_to(&start, &format!("{fault:?}")).await;
            }
            assert!(is_enabled(&scenario), "{fault:?}");
        }
    }
    assert!(hit > 10, "only {hit} faults were hit");
}

#[tokio::test]
async fn an_account_that_was_disabled_before_stays_so() {
    let scenario = scenario();
    let made = plan(&scenario, RETIRED).await;
    scenario
        .world
        .state()
        .accounts
        .get_mut(RETIRED)
        .unwrap()
        .account
        .enabled = false;
    let start = scenario.world.snapshot();
    assert!(!plan(&scenario, RETIRED).await.has_changes());
    let report = apply(&scenario, &made).await.unwrap();
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    scenario.rollback_to(&start, "disabled before").await;
}
