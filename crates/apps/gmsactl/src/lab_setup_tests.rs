//! Components whose account setup changes, by hand: on the lab, where the hand is the test's.

use engine::{RollbackRequest, RunReport, Silent};
use lab::mim::setup::{Entries, follow_wizard};
use model::intent::{Exchange, Intent, Mailbox, Strategy};
use model::names::{HostName, LogonAccount, RunId};
use model::plan::{Action, Plan};
use model::run::Outcome;

use crate::lab_estate::LabEstate;
use crate::lab_only_tests::{convert, no_options};
use crate::lab_stage::Stage;

/// Any of the password accounts: this one's password is known to the lab.
const MAILBOX: &str = r"CONTOSO\svc-pammon";

/// The proposal for one component, with another strategy.
fn alone(all: &Intent, component: &str, strategy: Strategy) -> Intent {
    let mut intent = all.clone();
    intent
        .conversions
        .retain(|wanted| wanted.component.as_str() == component);
    intent.conversions[0].strategy = strategy;
    intent
}

async fn roll_back(stage: &Stage<'_>, run: RunId) {
    let request = RollbackRequest {
        run,
        only: None,
        by: "the test",
    };
    let report = engine::rollback(&stage.world, &stage.journal, &Silent, &request).await;
    assert_eq!(report.unwrap().outcome, Outcome::Unwound);
}

/// What is not as it was before, but for what setup does in the database: that is the product's, and stays.
fn left(stage: &Stage<'_>, start: &crate::lab_snapshot::LabSnapshot) -> Vec<String> {
    let differences = start.differences(&stage.lab.snapshot().unwrap());
    let in_database = |line: &String| line.to_lowercase().contains("sql");
    differences
        .into_iter()
        .filter(|line| !in_database(line))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_component_is_converted_with_its_wizard_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let global = no_options();
    let lab = LabEstate::reference(Default::default()).await.unwrap();
    let journal = folder.path().join("journal.sqlite");
    let stage = Stage::new(&global, lab, &journal).await.unwrap();
    let start = stage.lab.snapshot().unwrap();
    let all = stage.intent(&stage.discover(None).await.unwrap());
    for wanted in &all.conversions {
        let component = wanted.component.as_str();
        let mut intent = alone(&all, component, Strategy::Guided);
        if component == "service" {
            intent.conversions[0].exchange = Some(Exchange {
                mailbox: Mailbox::OnPremise,
                account: Some(LogonAccount::from(MAILBOX.to_owned())),
            });
        }
        let (plan, run) = convert(&stage, &intent).await;
        let wizards = plan.steps.iter();
        let wizards = wizards.filter(|step| step.kind == "follow-wizard").count();
        assert_eq!(wizards, wanted.hosts.len(), "{component}");
        let set = |kind: &str| plan.steps.iter().any(|step| step.kind == kind);
        for kind in [
            "set-logon-account",
            "set-pool-account",
            "restore-key-set",
            "store-password",
        ] {
            assert!(!set(kind), "{component}: {kind} is the wizard's");
        }
        assert!(!left(&stage, &start).is_empty());
        roll_back(&stage, run).await;
        assert_eq!(left(&stage, &start), Vec::<String>::new(), "{component}");
    }
}

/// The wizard's page, filled in with that account.
fn type_into_wizard(stage: &Stage<'_>, plan: &Plan, account: &str) {
    let step = plan.steps.iter().find(|step| step.kind == "follow-wizard");
    let step = step.unwrap();
    let Action::FollowWizard { key_set, .. } = &step.action else {
        unreachable!()
    };
    let host: &HostName = step.host.as_ref().unwrap();
    let entries = Entries {
        of: "FIMSynchronizationService",
        pool: false,
        account,
        key_set: key_set.as_deref(),
        mailbox: None,
    };
    let host = stage.lab.host(host).unwrap();
    host.with(|machine| follow_wizard(machine, &stage.lab.sql, &entries))
        .unwrap();
}

/// Applies until it is the wizard's turn: what the host needs before is done here.
async fn until_handed_over(stage: &Stage<'_>, plan: &Plan) -> RunReport {
    loop {
        let report = stage.apply_once(plan, &Silent).await.unwrap();
        assert_eq!(report.outcome, Outcome::Waiting, "{report:?}");
        if report.steps.iter().any(|step| step.status == "handed-over") {
            return report;
        }
        for host in plan
            .intent
            .conversions
            .iter()
            .flat_map(|wanted| &wanted.hosts)
        {
            stage.lab.wait_for_replication();
            stage.lab.refresh_tickets(host);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wizard_that_nobody_followed_or_with_a_slip_is_handed_over_again() {
    let folder = tempfile::tempdir().unwrap();
    let global = no_options();
    let lab = LabEstate::reference(Default::default()).await.unwrap();
    let journal = folder.path().join("journal.sqlite");
    let stage = Stage::new(&global, lab, &journal).await.unwrap();
    let start = stage.lab.snapshot().unwrap();
    let all = stage.intent(&stage.discover(None).await.unwrap());
    let mut intent = alone(&all, "sync", Strategy::Guided);
    intent.conversions[0].hosts.truncate(1);
    let inventory = stage.discover(Some(&intent)).await.unwrap();
    let plan = stage.session.plan(&inventory, &intent);

    let report = until_handed_over(&stage, &plan).await;
    let handed = |report: &RunReport| {
        let mut steps = report.steps.iter();
        let step = steps.find(|step| step.status == "handed-over").unwrap();
        (step.why.clone().unwrap(), step.advice.clone().unwrap())
    };
    let (why, advice) = handed(&report);
    assert!(why.contains(r"runs as CONTOSO\svc-mimsync"), "{why}");
    for part in [
        "clear it and type MIMSyncGMSAsvc$",
        "Password: leave it empty",
        r"C:\MIMBackup\miiskeys-1.bin",
        "apply the same plan again",
    ] {
        assert!(advice.contains(part), "{part}: {advice}");
    }

    // Nobody did anything; then the wizard is gone through, and the run is taken back before it looked.
    let (again, _) = handed(&stage.apply_once(&plan, &Silent).await.unwrap());
    assert_eq!(again, why);
    type_into_wizard(&stage, &plan, r"CONTOSO\MIMSyncGMSAsvc$");
    roll_back(&stage, report.run.unwrap()).await;
    assert_eq!(left(&stage, &start), Vec::<String>::new());
    let runs = |stage: &Stage<'_>| {
        let host = stage.lab.host(&"MIMSYNC01".parse().unwrap()).unwrap();
        let state = host.state();
        let service = state.services.get("FIMSynchronizationService").unwrap();
        (service.state, service.account.to_string())
    };
    let old = r"CONTOSO\svc-mimsync".to_owned();
    assert_eq!(runs(&stage), (agent_protocol::ServiceState::Running, old));

    // A third account is no gMSA of the plan: it is told, and handed over once more.
    let inventory = stage.discover(Some(&intent)).await.unwrap();
    let plan = stage.session.plan(&inventory, &intent);
    until_handed_over(&stage, &plan).await;
    stage
        .lab
        .host(&"MIMSYNC01".parse().unwrap())
        .unwrap()
        .with(|machine| {
            let service = machine
                .state
                .services
                .get_mut("FIMSynchronizationService")
                .unwrap();
            service.account = agent_protocol::AccountName::parse(r"CONTOSO\MIMSyncGMSA$").unwrap();
        });
    let (why, _) = handed(&stage.apply_once(&plan, &Silent).await.unwrap());
    assert!(
        why.contains(r"runs as CONTOSO\MIMSyncGMSA$, and is to run as CONTOSO\MIMSyncGMSAsvc$"),
        "{why}"
    );
    type_into_wizard(&stage, &plan, r"CONTOSO\MIMSyncGMSAsvc$");
    let report = stage.apply_once(&plan, &Silent).await.unwrap();
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
}
