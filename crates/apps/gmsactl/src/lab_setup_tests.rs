//! Components whose account setup changes: by hand on the lab, where the hand is the test's; and silently.

use std::collections::BTreeMap;

use agent_protocol::{RegistryKey, RegistryValue};
use engine::{RunReport, Silent};
use lab::mim::package::{self, SERVICE_PACKAGE, SYNC_PACKAGE};
use lab::mim::reference::BUILD;
use lab::mim::setup::wizard::{Entries, follow_wizard};
use model::host::{PropertyName, PropertyValue};
use model::intent::{Exchange, Intent, Mailbox, Setup, Strategy};
use model::names::{HostName, LogonAccount, RunId};
use model::plan::{Action, Plan};
use model::run::Outcome;

use crate::lab_only_tests::{convert, no_options, proposed, roll_back};
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

async fn take_back(stage: &Stage<'_>, run: RunId) {
    let report = roll_back(stage, &run, None).await;
    assert_eq!(report.outcome, Outcome::Unwound, "{report:?}");
}

/// What is not as it was before, but for what setup does in the database and the key set file that it saves, with the
/// folder of that: these are the product's, and stay.
fn left(stage: &Stage<'_>, start: &crate::lab_snapshot::LabSnapshot) -> Vec<String> {
    let of_setup = ["sql", "miiskeys.bin", r"c:\mimbackup", "files: free"];
    let mut differences = start.differences(&stage.lab.snapshot().unwrap());
    differences.retain(|line| {
        let line = line.to_lowercase();
        let mut of_setup = of_setup.iter();
        !of_setup.any(|what| line.contains(what)) || line.contains("miiskeys-1.bin")
    });
    differences
}

/// The key set files that setup saved, as they are on record: told apart from the exported one by their names, since
/// in this lab the same keys are the same file.
fn saved_by_setup(stage: &Stage<'_>, run: &RunId) -> Vec<String> {
    let domain = &stage.session.estate.domain.name;
    let mut saved = engine::key_sets_saved_by_setup(&stage.journal, domain).unwrap();
    saved.retain(|saved| saved.run == *run);
    let exports = engine::exported_key_sets(&stage.journal, domain).unwrap();
    for saved in &saved {
        let export = exports.iter().find(|export| export.run == *run).unwrap();
        assert_ne!(saved.file, export.file);
        assert_eq!(saved.facts, export.facts);
    }
    let text = |saved: engine::SavedKeySet| format!("{} {}", saved.host, saved.file);
    saved.into_iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_component_is_converted_with_its_wizard_and_taken_back() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let (stage, all) = proposed(&global, folder.path()).await;
    let start = stage.lab.snapshot().unwrap();
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
        let saved: &[&str] = match component {
            "sync" => &[r"MIMSYNC01 C:\MIMBackup\miiskeys.bin"],
            _ => &[],
        };
        assert_eq!(saved_by_setup(&stage, &run), saved, "{component}");
        take_back(&stage, run).await;
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
        saves: None,
        mailbox: None,
    };
    let host = stage.lab.host(host).unwrap();
    host.with(|machine| follow_wizard(machine, &stage.lab.sql, &entries))
        .unwrap();
}

/// Applies until that step is the one that waits: what the host needs before is done here.
async fn until_at(stage: &Stage<'_>, plan: &Plan, step: &str) -> RunReport {
    for _ in 0..10 {
        let report = stage.apply_once(plan, &Silent).await.unwrap();
        assert_eq!(report.outcome, Outcome::Waiting, "{report:?}");
        let waits = |found: &&engine::StepReport| found.why.is_some();
        let waiting = report.steps.iter().find(waits).unwrap();
        if waiting.id.to_string().contains(step) {
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
    panic!("it never comes to {step}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wizard_that_nobody_followed_or_with_a_slip_is_handed_over_again() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let (stage, all) = proposed(&global, folder.path()).await;
    let start = stage.lab.snapshot().unwrap();
    let mut intent = alone(&all, "sync", Strategy::Guided);
    intent.conversions[0].hosts.truncate(1);
    let inventory = stage.discover(Some(&intent)).await.unwrap();
    let plan = stage.session.plan(&inventory, &intent);

    let report = until_at(&stage, &plan, "follow-wizard").await;
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
    take_back(&stage, report.run.unwrap()).await;
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
    until_at(&stage, &plan, "follow-wizard").await;
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

/// What setup has to be told that no registry value has.
fn setup_of(component: &str, folder: &std::path::Path) -> Setup {
    let (package, copy, bytes, settings) = match component {
        "sync" => (
            SYNC_PACKAGE,
            "sync.msi",
            package::synchronization_service(BUILD),
            "GROUPADMINS GROUPOPERATORS GROUPACCOUNTJOINERS GROUPBROWSE GROUPPASSWORDSET",
        ),
        _ => (
            SERVICE_PACKAGE,
            "service.msi",
            package::service_and_portal(BUILD),
            "MAIL_SERVER SYNCHRONIZATION_SERVER SERVICEADDRESS SQLSERVER_SERVER SQLSERVER_DATABASE",
        ),
    };
    let copy = folder.join(copy);
    std::fs::write(&copy, bytes.unwrap()).unwrap();
    let value = |name: &str| {
        let value = PropertyValue::parse("as it was").unwrap();
        (PropertyName::parse(name).unwrap(), value)
    };
    Setup {
        package: package.to_owned(),
        copy: copy.display().to_string(),
        properties: settings.split(' ').map(value).collect(),
    }
}

fn by_setup(all: &Intent, components: &[&str], folder: &std::path::Path) -> Intent {
    let mut intent = all.clone();
    let wanted = |component: &str| components.contains(&component);
    intent
        .conversions
        .retain(|one| wanted(one.component.as_str()));
    for conversion in &mut intent.conversions {
        conversion.strategy = Strategy::Installer;
        conversion.setup = Some(setup_of(conversion.component.as_str(), folder));
    }
    intent.validate().unwrap();
    intent
}

#[tokio::test(flavor = "multi_thread")]
async fn every_component_is_converted_by_a_silent_setup_and_taken_back() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let (stage, all) = proposed(&global, folder.path()).await;
    let start = stage.lab.snapshot().unwrap();
    for components in [
        &["sync"][..],
        &["service", "sspr-registration", "sspr-reset"],
        &["pam-rest", "pam-component", "pam-monitoring"],
    ] {
        let intent = by_setup(&all, components, folder.path());
        let (plan, run) = convert(&stage, &intent).await;
        let setups = plan.steps.iter().filter(|step| step.kind == "run-setup");
        let hosts = intent.conversions.iter().map(|wanted| wanted.hosts.len());
        assert_eq!(setups.count(), hosts.sum::<usize>(), "{components:?}");
        let restarts = engine::restarts_wanted(&stage.journal, &run).unwrap();
        assert_eq!(restarts.is_empty(), components == ["sync"], "{restarts:?}");
        let saved: &[&str] = match components {
            ["sync"] => &[
                r"MIMSYNC01 C:\Windows\System32\miiskeys.bin",
                r"MIMSYNC02 C:\Windows\System32\miiskeys.bin",
            ],
            _ => &[],
        };
        assert_eq!(saved_by_setup(&stage, &run), saved, "{components:?}");
        take_back(&stage, run).await;
        let left: Vec<_> = left(&stage, &start)
            .into_iter()
            .filter(|line| !line.to_lowercase().contains(r"windows\temp")) // The log stays.
            .collect();
        assert_eq!(left, Vec::<String>::new(), "{components:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_that_would_fail_or_reset_something_blocks_the_plan() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let (stage, all) = proposed(&global, folder.path()).await;
    type Change = fn(&mut Intent);
    let cases: [(&[&str], &str, Change); 6] = [
        (&["sspr-reset"], "GMSA-085", |_| {}),
        (&["sync"], "GMSA-084", |intent| {
            settings(intent).clear();
        }),
        (&["sync"], "GMSA-084", |intent| {
            let name = PropertyName::parse("NO_SUCH_THING").unwrap();
            settings(intent).insert(name, PropertyValue::parse("1").unwrap());
        }),
        (&["sync"], "GMSA-083", |intent| {
            setup(intent).package = SERVICE_PACKAGE.to_owned(); // Not on that host.
        }),
        (&["sync"], "GMSA-083", |intent| {
            let copy = setup(intent).copy.clone();
            std::fs::write(copy, package::synchronization_service("4.7.3.0").unwrap()).unwrap();
        }),
        (&["sync"], "GMSA-083", |intent| {
            setup(intent).copy = "no-such-file.msi".to_owned();
        }),
    ];
    for (components, id, change) in cases {
        let mut intent = by_setup(&all, components, folder.path());
        change(&mut intent);
        let inventory = stage.discover(Some(&intent)).await.unwrap();
        let plan = stage.session.plan(&inventory, &intent);
        let blocking: Vec<_> = plan.blocking().map(|finding| finding.id.as_str()).collect();
        assert!(blocking.contains(&id), "{id}: {:?}", plan.findings);
    }
}

fn setup(intent: &mut Intent) -> &mut Setup {
    intent.conversions[0].setup.as_mut().unwrap()
}

fn settings(intent: &mut Intent) -> &mut BTreeMap<PropertyName, PropertyValue> {
    &mut setup(intent).properties
}

/// Another installation is in nobody's way but setup's: the run waits for its end, and so does the one with the wizard.
#[tokio::test(flavor = "multi_thread")]
async fn while_another_installation_runs_setup_waits() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let (stage, all) = proposed(&global, folder.path()).await;
    let silent = by_setup(&all, &["sync"], folder.path());
    let guided = alone(&all, "sync", Strategy::Guided);
    for (mut intent, step, words) in [
        (silent, "run-setup", "another installation was running"),
        (guided, "follow-wizard", "setup is still running"),
    ] {
        intent.conversions[0].hosts.truncate(1);
        let inventory = stage.discover(Some(&intent)).await.unwrap();
        let plan = stage.session.plan(&inventory, &intent);
        another_installation(&stage, true);
        let report = until_at(&stage, &plan, step).await;
        let mut steps = report.steps.iter();
        let waits = steps.find(|found| found.id.to_string().contains(step));
        let why = waits.unwrap().why.clone().unwrap();
        assert!(why.contains(words), "{why}");

        another_installation(&stage, false);
        if step == "follow-wizard" {
            type_into_wizard(&stage, &plan, r"CONTOSO\MIMSyncGMSAsvc$");
        }
        let report = stage.apply_once(&plan, &Silent).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
        take_back(&stage, report.run.unwrap()).await;
    }
}

/// What Windows Installer keeps in MIMSYNC01's registry while it works.
fn another_installation(stage: &Stage<'_>, runs: bool) {
    let key = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\InProgress";
    let host = stage.lab.host(&"MIMSYNC01".parse().unwrap()).unwrap();
    host.with(|machine| match runs {
        true => {
            let key = RegistryKey::parse(key).unwrap();
            let value = RegistryValue::Text("another".to_owned());
            machine.state.registry.write(&key, "", value, true).unwrap();
        }
        false => machine.state.registry.delete_tree(key),
    });
}
