//! Plans that are refused as a whole: of another domain, blocked.

use engine::EngineError;

use super::scenario::Scenario;

#[tokio::test]
async fn a_plan_for_another_domain_is_refused() {
    let scenario = Scenario::sync();
    let plan = scenario.sound_plan().await;
    scenario.world.state().domain_sid = "S-1-5-21-1-2-3".parse().unwrap();
    scenario.world.arm(None);
    let error = scenario.apply(&plan).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::OtherEstate { here, .. } if here.contains("S-1-5-21-1-2-3")),
        "{error:?}"
    );
    assert_eq!(scenario.world.writes(), 0);
    assert!(scenario.world.state().records.is_empty());
}

#[tokio::test]
async fn a_blocked_plan_is_refused() {
    let scenario = Scenario::sync();
    for host in scenario.world.state().hosts.values_mut() {
        host.products[0].version = "4.4.1302.0".to_owned();
    }
    let plan = scenario.plan().await;
    assert!(plan.is_blocked());
    scenario.world.arm(None);
    let error = scenario.apply(&plan).await.unwrap_err();
    let EngineError::Blocked(findings) = &error else {
        panic!("{error:?}")
    };
    assert!(
        findings.iter().any(|finding| finding.id == "MIM-001"),
        "{findings:?}"
    );
    assert_eq!(scenario.world.writes(), 0);
    assert!(scenario.world.state().records.is_empty());
}

/// What blocks the plan made now blocks the saved one too, also where no fact that it rests on changed.
#[tokio::test]
async fn a_plan_that_is_blocked_since_is_refused() {
    let scenario = Scenario::sync();
    let plan = scenario.sound_plan().await;
    scenario.world.state().root_keys.clear();
    let error = scenario.apply(&plan).await.unwrap_err();
    let EngineError::Blocked(findings) = &error else {
        panic!("{error:?}")
    };
    assert!(
        findings.iter().any(|finding| finding.id == "GMSA-001"),
        "{findings:?}"
    );
    assert!(scenario.world.state().records.is_empty());
}
