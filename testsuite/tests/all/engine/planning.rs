//! The plan: what blocks it, what stands in it, and that nobody edits it.

use engine::EngineError;
use model::host::AccountRight;
use model::inventory::{AccountClass, ServiceState};
use model::plan::{InvalidPlan, Plan, PlanDocument, Step};
use model::run::Outcome;
use serde_json::Value;

use super::fake_world::State;
use super::fake_world::reference::{PORTAL_ACCOUNT, SYNC_SERVICE, add_account};
use super::scenario::Scenario;

fn blocking(plan: &Plan) -> Vec<&str> {
    plan.blocking().map(|finding| finding.id.as_str()).collect()
}

/// A world in which the conversion cannot work, and the finding that must say so.
struct Obstacle {
    id: &'static str,
    what: &'static str,
    make: fn(&mut State),
}

fn obstacle(id: &'static str, what: &'static str, make: fn(&mut State)) -> Obstacle {
    Obstacle { id, what, make }
}

#[tokio::test]
async fn what_cannot_work_blocks_the_plan() {
    let obstacles = [
        obstacle("GMSA-001", "no root key", |state| state.root_keys.clear()),
        obstacle("GMSA-003", "a root key that cannot be used", |state| {
            state.root_keys[0].defect = Some("version 2".to_owned());
        }),
        obstacle("GMSA-010", "a host that does not answer", |state| {
            state
                .hosts
                .values_mut()
                .for_each(|host| host.answers = false);
        }),
        obstacle("GMSA-012", "no such service", |state| {
            let host = state.hosts.values_mut().next().unwrap();
            host.services.remove(&SYNC_SERVICE.to_lowercase());
        }),
        obstacle("GMSA-020", "the SPN on a third account", |state| {
            add_account(
                state,
                "svc-third",
                AccountClass::User,
                None,
                &["pcnsclnt/MIMSYNC01.contoso.com"],
            );
        }),
        obstacle("GMSA-020", "the SPN on both accounts", |state| {
            let spns = ["PCNSCLNT/mimsync01.contoso.com"];
            add_account(state, "MIMSyncGMSAsvc$", AccountClass::Gmsa, None, &spns);
        }),
        obstacle("GMSA-030", "the gMSA's name taken by a user", |state| {
            add_account(state, "MIMSyncGMSAsvc$", AccountClass::User, None, &[]);
        }),
        obstacle("GMSA-030", "the group's name taken by a user", |state| {
            add_account(state, "MIMSyncGMSAsvc_Hosts", AccountClass::User, None, &[]);
        }),
        obstacle("GMSA-034", "no computer account", |state| {
            state.accounts.remove("mimsync01$");
        }),
        obstacle("GMSA-061", "the right is denied to everybody", |state| {
            let host = state.hosts.values_mut().next().unwrap();
            let rights = &mut host.settings.rights;
            for right in [
                AccountRight::LogOnAsService,
                AccountRight::DenyLogOnAsService,
            ] {
                rights.insert(right, ["S-1-1-0".parse().unwrap()].into());
            }
        }),
        obstacle("GMSA-081", "the key set file is there already", |state| {
            let host = state.hosts.values_mut().next().unwrap();
            host.files.insert(
                r"c:\mimbackup\miiskeys-1.bin".to_owned(),
                "older".to_owned(),
            );
        }),
    ];
    for Obstacle { id, what, make } in obstacles {
        let scenario = Scenario::sync();
        make(&mut scenario.world.state());
        let plan = scenario.plan().await;
        assert!(blocking(&plan).contains(&id), "{what}: {:?}", plan.findings);
        for finding in &plan.findings {
            let texts = [
                &finding.what,
                &finding.why,
                &finding.advice,
                &finding.source,
            ];
            assert!(
                texts.iter().all(|text| !text.is_empty()),
                "{what}: {finding:?}"
            );
        }
        scenario.apply(&plan).await.unwrap_err();
        assert!(scenario.world.state().records.is_empty(), "{what}");
    }
}

/// What an intent asks for that cannot be.
#[tokio::test]
async fn what_cannot_be_wanted_blocks_the_plan() {
    let mut portal = Scenario::sync();
    portal.intent.conversions[0].component = "portal".parse().unwrap();
    let plan = portal.plan().await;
    assert_eq!(blocking(&plan), ["GMSA-014"]);
    assert!(
        plan.findings[0]
            .advice
            .contains("automatic password change")
    );

    let mut group = Scenario::sync();
    group.intent.conversions[0].groups = vec!["MIMSyncNobody".parse().unwrap()];
    assert_eq!(blocking(&group.plan().await), ["GMSA-035"]);

    let shared = Scenario::rich();
    for host in shared.world.state().hosts.values_mut() {
        let idle = host.service(&"FIMIdle".parse().unwrap()).unwrap();
        idle.service.logon_account = PORTAL_ACCOUNT.to_owned().into();
    }
    assert_eq!(blocking(&shared.plan().await), ["GMSA-026"]);
}

/// A stopped Synchronization Service comes after the active one, and nothing of it is activated.
#[tokio::test]
async fn a_warm_standby_comes_last_and_is_not_activated() {
    let scenario = Scenario::sync_on(&["MIMSYNC01", "MIMSYNC02"]);
    let standby = "MIMSYNC01".parse().unwrap();
    for found in (scenario.world.state().hosts.get_mut(&standby).unwrap())
        .services
        .values_mut()
    {
        found.service.state = ServiceState::Stopped;
    }
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    let on_hosts: Vec<_> = plan
        .steps
        .iter()
        .filter_map(|step| step.host.as_ref())
        .collect();
    assert!(
        on_hosts.is_sorted_by_key(|host| **host == standby),
        "{on_hosts:?}"
    );
    let kinds = |step: &&Step| step.host.as_ref() == Some(&standby);
    let kinds: Vec<_> = plan
        .steps
        .iter()
        .filter(kinds)
        .map(|step| step.kind.as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "prove-retrieval",
            "stop-service",
            "set-logon-account",
            "prove-logon"
        ]
    );
    assert_eq!(scenario.apply(&plan).await.unwrap().outcome, Outcome::Done);
    scenario.rollback_to(&start, "rollback").await;
}

/// Components that share a group rest on steps of their own: one goes back, the other stays as it is.
#[tokio::test]
async fn what_components_share_stays_while_one_is_left() {
    let mut scenario = Scenario::rich();
    let group = scenario.intent.conversions[0].retrieval_group.clone();
    scenario.intent.conversions[1].retrieval_group = group;
    let start = scenario.world.snapshot();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let report = scenario.rollback_only(Some("sspr-reset")).await.unwrap();
    assert_eq!(report.outcome, Outcome::Unwound);
    let verification = scenario.verify().await.unwrap();
    assert!(verification.holds, "{verification:?}");
    let refused = scenario.rollback_only(Some("shared")).await.unwrap_err();
    assert!(matches!(refused, EngineError::NotNow { .. }), "{refused}");
    scenario.rollback_to(&start, "the rest").await;
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_a_gap() {
    let scenario = Scenario::sync_on(&["MIMSYNC01", "MIMSYNC02"]);
    scenario
        .world
        .state()
        .hosts
        .values_mut()
        .next()
        .unwrap()
        .answers = false;
    let inventory = scenario.discover().await.unwrap();
    let coverage = &inventory.coverage;
    assert_eq!((coverage.asked.len(), coverage.answered.len()), (2, 1));
    assert_eq!(coverage.gaps[0].subject, "MIMSYNC01");
    assert!(coverage.gaps[0].why.contains("does not answer") && coverage.gaps[0].advice.is_some());
    assert_eq!(blocking(&scenario.plan_from(&inventory)), ["GMSA-010"]);
}

/// Hosts may run under accounts of their own: the SPNs of each move.
#[tokio::test]
async fn spns_of_every_old_account_move() {
    let mut scenario = Scenario::sync_on(&["MIMSYNC01", "MIMSYNC02"]);
    {
        let mut state = scenario.world.state();
        let spns = ["PCNSCLNT/mimsync02.contoso.com"];
        add_account(
            &mut state,
            "svc-standby",
            AccountClass::User,
            Some("Standby-1"),
            &spns,
        );
        let standby = state.hosts.get_mut(&"MIMSYNC02".parse().unwrap()).unwrap();
        let account: model::names::LogonAccount = r"CONTOSO\svc-standby".to_owned().into();
        standby.key_set.as_mut().unwrap().bound_to = account.clone();
        let service = standby.service(&SYNC_SERVICE.parse().unwrap()).unwrap();
        (service.service.logon_account, service.password) = (account, Some("Standby-1".to_owned()));
    }
    scenario
        .supplied
        .0
        .insert(r"CONTOSO\svc-standby".to_owned().into(), "Standby-1");
    let start = scenario.world.snapshot();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let spns = scenario.world.state().accounts["mimsyncgmsasvc$"]
        .account
        .spns
        .len();
    assert_eq!(spns, 2);
    scenario.rollback_to(&start, "rollback").await;
}

#[tokio::test]
async fn the_same_inventory_gives_the_same_plan_byte_for_byte() {
    let scenario = Scenario::sync_on(&["MIMSYNC01", "MIMSYNC02"]);
    let (first, second) = (
        scenario.discover().await.unwrap(),
        scenario.discover().await.unwrap(),
    );
    assert_eq!(first, second);
    let text = |inventory| {
        PlanDocument::seal(scenario.plan_from(inventory))
            .unwrap()
            .to_text()
            .unwrap()
    };
    assert_eq!(text(&first), text(&second));
    let reread = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
    assert_eq!(text(&first), text(&reread));
}

#[tokio::test]
async fn the_plan_has_the_fields_of_the_contract() {
    let scenario = Scenario::sync();
    let text = PlanDocument::seal(scenario.sound_plan().await)
        .unwrap()
        .to_text()
        .unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["format"], 1);
    assert_eq!(plan["fingerprint"].as_str().unwrap().len(), 64);
    let mut seen: Vec<&str> = Vec::new();
    for step in plan["steps"].as_array().unwrap() {
        for field in ["id", "kind", "subject"] {
            assert!(
                step[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field} of {step}"
            );
        }
        for required in step["requires"].as_array().unwrap() {
            assert!(
                seen.contains(&required.as_str().unwrap()),
                "{required} comes after {step}"
            );
        }
        seen.push(step["id"].as_str().unwrap());
        for change in step["changes"].as_array().unwrap() {
            assert!(change["what"].is_string(), "{step}");
            assert!(
                change.get("from").is_some() && change.get("to").is_some(),
                "{step}"
            );
        }
        assert!(
            ["free", "credential", "none"].contains(&step["reversible"].as_str().unwrap()),
            "{step}"
        );
        // `check` beside the contract's two: a step that only looks.
        assert!(
            ["change", "no-op"].contains(&step["status"].as_str().unwrap()),
            "{step}"
        );
        assert!(step.get("host").is_none_or(Value::is_string), "{step}");
    }
    for finding in plan["findings"].as_array().unwrap() {
        for field in ["id", "severity", "subject", "what", "advice", "source"] {
            assert!(finding[field].is_string(), "{field} of {finding}");
        }
    }
}

#[tokio::test]
async fn a_plan_that_was_edited_is_refused() {
    let scenario = Scenario::sync();
    let text = PlanDocument::seal(scenario.sound_plan().await)
        .unwrap()
        .to_text()
        .unwrap();
    assert!(PlanDocument::parse(&text).is_ok());
    let edits = [
        ("MIMSyncGMSAsvc$", "MIMSyncGMSAevil$"),
        ("\"severity\": \"warns\"", "\"severity\": \"informs\""),
        ("\"reversible\": \"free\"", "\"reversible\": \"none\""),
        ("\"format\": 1,", "\"format\": 1, \"note\": \"mine\","),
    ];
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        let edited = text.replacen(from, to, 1);
        let error = PlanDocument::parse(&edited).unwrap_err();
        assert!(
            matches!(error, InvalidPlan::Edited),
            "{from} → {to}: {error}"
        );
    }
    let newer = text.replacen("\"format\": 1,", "\"format\": 2,", 1);
    assert!(matches!(
        PlanDocument::parse(&newer),
        Err(InvalidPlan::Format(2))
    ));
    for broken in ["", "{}", "[]", &text[..text.len() / 2]] {
        assert!(
            matches!(PlanDocument::parse(broken), Err(InvalidPlan::NotAPlan(_))),
            "{broken:.20}"
        );
    }
}
