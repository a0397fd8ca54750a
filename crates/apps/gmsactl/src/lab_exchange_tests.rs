//! The mailbox's password stored anew, with everything that can go wrong on the way: the helper service never stays.

use agent_protocol::RegistryValue;
use agent_protocol::win32::Win32Code;
use engine::{RollbackRequest, RunReport, Silent};
use lab::hosts::{Fault, LabHost, Mishap};
use lab::mim::key_protect::protected;
use model::intent::{Exchange, Intent, Mailbox};
use model::names::{LogonAccount, RunId};
use model::plan::Plan;
use model::run::Outcome;

use crate::lab_only_tests::{convert, no_options, proposed};
use crate::lab_stage::Stage;
use crate::options::Global;

const SETTINGS: &str = r"HKLM\SOFTWARE\Microsoft\Forefront Identity Manager\2010\Service";
const ONLINE: &str = "GMSAEncryptedExchangeOnlineAccountPassword";
const ON_PREMISE: &str = "GMSAEncryptedExchangeOnPremiseAccountPassword";
const HELPER: &str = "MIMKeyProtectService";
/// Any of the password accounts: this one's password is known to the lab.
const MAILBOX: &str = r"CONTOSO\svc-pammon";

fn mailbox() -> Exchange {
    Exchange {
        mailbox: Mailbox::OnPremise,
        account: Some(LogonAccount::from(MAILBOX.to_owned())),
    }
}

struct World<'a> {
    stage: Stage<'a>,
    intent: Intent,
}

impl<'a> World<'a> {
    /// A MIM Service that runs as its gMSA on both hosts, without a stored password.
    async fn converted(global: &'a Global, folder: &std::path::Path) -> Self {
        let (stage, mut intent) = proposed(global, folder).await;
        intent
            .conversions
            .retain(|wanted| wanted.component.as_str() == "service");
        convert(&stage, &intent).await;
        intent.conversions[0].exchange = Some(mailbox());
        Self { stage, intent }
    }

    async fn plan(&self) -> Plan {
        let inventory = self.stage.discover(None).await.unwrap();
        self.stage
            .session
            .plan_of_passwords(&inventory, &self.intent)
    }

    async fn apply(&self, plan: &Plan) -> RunReport {
        self.stage.apply_given(plan, &Silent).await.unwrap()
    }

    fn hosts(&self) -> Vec<&LabHost> {
        let hosts = self.stage.lab.hosts().iter().map(std::sync::Arc::as_ref);
        hosts
            .filter(|host| host.name().as_str().starts_with("MIMSVC"))
            .collect()
    }

    /// What each host has: the two values.
    fn values(&self) -> Vec<[Option<String>; 2]> {
        let value = |host: &LabHost, name: &str| {
            let key = agent_protocol::RegistryKey::parse(SETTINGS).unwrap();
            match host.state().registry.read(&key, name) {
                Ok(RegistryValue::Text(text)) => Some(text.clone()),
                _ => None,
            }
        };
        let of = |host: &&LabHost| [value(host, ONLINE), value(host, ON_PREMISE)];
        self.hosts().iter().map(of).collect()
    }

    /// What they are to have afterwards: each encrypted on its own host, for the gMSA.
    async fn stored(&self) -> Vec<[Option<String>; 2]> {
        let gmsa = "MIMSrvGMSAsvc$".parse().unwrap();
        let gmsa = self.stage.world.directory.account(&gmsa).await.unwrap();
        let sid = gmsa.unwrap().sid;
        let password = self.stage.lab.expose_service_password();
        let of = |host: &&LabHost| {
            let text = protected(host.name().as_str(), &sid, password);
            [Some(String::new()), Some(text)]
        };
        self.hosts().iter().map(of).collect()
    }

    /// No helper stays, and the MIM Service runs.
    fn is_tidy(&self, context: &str) {
        for host in self.hosts() {
            let services = host.state().services;
            assert!(services.get(HELPER).is_none(), "{context}: {}", host.name());
            let runs = services.get("FIMService").unwrap().state;
            assert_eq!(runs, agent_protocol::ServiceState::Running, "{context}");
        }
    }

    async fn roll_back(&self, report: &RunReport) -> RunReport {
        self.roll_back_run(report.run.clone().unwrap()).await
    }

    async fn roll_back_run(&self, run: RunId) -> RunReport {
        let request = RollbackRequest {
            run,
            only: None,
            by: "the test",
        };
        let (world, journal) = (&self.stage.world, &self.stage.journal);
        engine::rollback(world, journal, &Silent, &request)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_stored_on_each_node_and_taken_back() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let world = World::converted(&global, folder.path()).await;
    let before = world.values();
    let plan = world.plan().await;
    let kinds: Vec<_> = plan.steps.iter().map(|step| step.kind.as_str()).collect();
    let of_a_node = ["stop-service", "store-password", "start-service"];
    assert_eq!(kinds, [of_a_node, of_a_node].concat());
    let report = world.apply(&plan).await;
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    assert_eq!(world.values(), world.stored().await);
    world.is_tidy("done");
    let run = report.run.clone().unwrap();
    let verified = engine::verify(&world.stage.world, &world.stage.journal, &run)
        .await
        .unwrap();
    assert!(verified.holds, "{verified:?}");
    let said = format!("{verified:?}");
    assert!(said.contains("event 4355 was written"), "{said}");
    // With what is stored now, the same wish is another plan: a new password is not taken for the old one.
    assert_ne!(world.plan().await.fingerprint, plan.fingerprint);
    let back = world.roll_back(&report).await;
    assert_eq!(back.outcome, Outcome::Unwound, "{back:?}");
    assert_eq!(world.values(), before);
    world.is_tidy("taken back");
}

/// A conversion does it too, where the intent says whose mailbox it is; and gives the old value back.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_stores_the_password_for_the_gmsa() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let (stage, mut intent) = proposed(&global, folder.path()).await;
    intent
        .conversions
        .retain(|wanted| wanted.component.as_str() == "service");
    let world = World { stage, intent };
    for host in world.hosts() {
        host.edit(|state| {
            let old = "EncryptedExchangeOnlineAccountPassword";
            state
                .registry
                .set_text(SETTINGS, old, "for-the-old-account");
        });
    }
    let start = world.stage.lab.snapshot().unwrap();
    let findings = |inventory, intent: &Intent| {
        let plan = world.stage.session.plan(inventory, intent);
        plan.findings.into_iter().any(|found| found.id == "MIM-010")
    };
    let inventory = world.stage.discover(Some(&world.intent)).await.unwrap();
    assert!(findings(&inventory, &world.intent));
    let mut wanted = world.intent.clone();
    wanted.conversions[0].exchange = Some(mailbox());
    assert!(!findings(&inventory, &wanted));
    let (_, run) = convert(&world.stage, &wanted).await;
    assert_eq!(world.values(), world.stored().await);
    world.is_tidy("converted");
    let back = world.roll_back_run(run).await;
    assert_eq!(back.outcome, Outcome::Unwound, "{back:?}");
    let differences = start.differences(&world.stage.lab.snapshot().unwrap());
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Each request of a run goes wrong in turn, before and after its effect: the run ends, is repeated or taken back, and
/// what is there then is all of one or all of the other.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_the_helper_does_not_stay() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let world = World::converted(&global, folder.path()).await;
    let (before, stored) = (world.values(), world.stored().await);
    // Create, start and delete are three runs of one program; two values are written.
    let requests = [
        ("run C:\\Windows\\System32\\sc.exe", 0),
        ("run C:\\Windows\\System32\\sc.exe", 1),
        ("run C:\\Windows\\System32\\sc.exe", 2),
        ("talk to pipe keypipe", 0),
        ("write value", 0),
        ("write value", 1),
    ];
    for (on, after) in requests {
        let mut unwound = 0;
        for takes_effect in [false, true] {
            for what in [Mishap::Fails(Win32Code(5)), Mishap::Cut] {
                let context = format!("{on}, {after} later, {takes_effect}, {what:?}");
                let plan = world.plan().await;
                let fault = Fault {
                    on: on.to_owned(),
                    after,
                    takes_effect,
                    what,
                };
                world.hosts()[0].inject(fault);
                let mut report = world.apply(&plan).await;
                if report.outcome == Outcome::Stuck {
                    report = world.roll_back(&report).await;
                }
                let now = world.values();
                match report.outcome {
                    Outcome::Done => assert_eq!(now, stored, "{context}: {report:?}"),
                    Outcome::Unwound => {
                        assert_eq!(now, before, "{context}: {report:?}");
                        unwound += 1;
                    }
                    _ => panic!("{context}: {report:?}"),
                }
                world.is_tidy(&context);
                if report.outcome == Outcome::Done {
                    let back = world.roll_back(&report).await;
                    assert_eq!(back.outcome, Outcome::Unwound, "{context}: {back:?}");
                    assert_eq!(world.values(), before, "{context}");
                    world.is_tidy(&context);
                }
            }
        }
        assert!(unwound > 0, "{on}, {after} later: no run met its fault");
    }
}
