//! Programs of Windows: tasks, pools, policy, services.

use agent_protocol::{Reply, Request, SecretUse};
use security::Interval;

use super::world::{GMSA, World};
use crate::hosts::app_pool::AppPool;
use crate::hosts::domain::DomainView as _;
use crate::hosts::rights::Right;
use crate::hosts::scheduled_task::ScheduledTask;

fn run(world: &World, program: &str, arguments: &[&str]) -> agent_protocol::RunOutcome {
    let program =
        agent_protocol::HostPath::parse(format!(r"C:\Windows\System32\{program}.exe")).unwrap();
    let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
    match world.ask(Request::Run {
        program,
        arguments,
        stdin: SecretUse::Absent,
        timeout_ms: 1_000,
    }) {
        Ok(Reply::Ran(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_task_runs_with_the_batch_right_only() {
    let world = World::new();
    let account = agent_protocol::AccountName::parse(super::world::USER).unwrap();
    let task = ScheduledTask::new(r"\Delta import", account);
    world.host.edit(|state| state.tasks.push(task));
    let task = |words: &[&str]| {
        run(
            &world,
            "schtasks",
            &[words, &["/tn", r"\delta import"]].concat(),
        )
        .exit_code
    };
    let result = || world.host.state().tasks[0].last_result;
    assert_eq!(
        task(&["/change", "/ru", super::world::USER, "/rp", "wrong"]),
        Some(1)
    );
    assert_eq!(
        task(&["/change", "/ru", super::world::USER, "/rp", "right"]),
        Some(0)
    );
    assert_eq!((task(&["/run"]), result()), (Some(0), Some(0x8007_0569)));
    world
        .host
        .edit(|state| state.rights.grant(Right::LogOnAsBatchJob, world.user));
    assert_eq!((task(&["/run"]), result()), (Some(0), Some(0)));
    world
        .domain
        .edit("svc-app", |account| account.disabled = true);
    assert_eq!((task(&["/run"]), result()), (Some(0), Some(0x8007_0533)));
    assert_eq!(task(&["/change", "/ru", GMSA]), Some(0));
    world
        .host
        .edit(|state| state.rights.grant(Right::LogOnAsBatchJob, world.gmsa));
    assert_eq!((task(&["/run"]), result()), (Some(0), Some(0)));
}

#[test]
fn a_pool_of_a_gmsa_starts_without_a_password() {
    let world = World::new();
    let pool = AppPool {
        name: "Web".into(),
        identity: agent_protocol::PoolIdentity::ApplicationPoolIdentity,
        stored: None,
        started: false,
        site: None,
        physical_path: None,
        bindings: Vec::new(),
    };
    world.host.edit(|state| state.app_pools.push(pool));
    let appcmd = |words: &[&str]| run(&world, r"inetsrv\appcmd", words);
    let user = format!("/processModel.userName:{}", super::world::USER);
    assert_eq!(
        appcmd(&[
            "set",
            "apppool",
            "Web",
            &user,
            "/processModel.password:wrong"
        ])
        .exit_code,
        Some(0)
    );
    assert_eq!(appcmd(&["start", "apppool", "Web"]).exit_code, Some(1326));
    let gmsa = format!("/processModel.userName:{GMSA}");
    assert_eq!(
        appcmd(&["set", "apppool", "/apppool.name:Web", &gmsa]).exit_code,
        Some(0)
    );
    assert_eq!(appcmd(&["start", "apppool", "web"]).exit_code, Some(0));
    assert_eq!(
        appcmd(&["list", "apppool", "Web", "/text:processModel.userName"])
            .stdout
            .text,
        format!("{GMSA}\r\n")
    );
    assert_eq!(
        appcmd(&["list", "apppool", "None", "/text:state"]).exit_code,
        Some(1168)
    );
}

#[test]
fn group_policy_comes_back_by_itself() {
    let world = World::new();
    world.host.edit(|state| {
        state
            .rights
            .define_by_policy(Right::LogOnAsService, [world.user])
    });
    let holds = |w: &World| {
        w.host
            .state()
            .rights
            .holds(Right::LogOnAsService, &crate::hosts::Token::of([w.gmsa]))
    };
    assert!(holds(&world));
    world.domain.pass(Interval::from_minutes(90));
    assert!(!holds(&world));
    world
        .host
        .edit(|state| state.rights.grant(Right::LogOnAsService, world.gmsa));
    assert_eq!(run(&world, "gpupdate", &["/force"]).exit_code, Some(0));
    assert!(!holds(&world));
}

#[test]
fn services_can_be_handled_with_sc() {
    let world = World::new();
    let sc = |words: &[&str]| run(&world, "sc", words);
    assert!(
        sc(&["qmanagedaccount", "App"])
            .stdout
            .text
            .contains("FALSE")
    );
    assert_eq!(sc(&["managedaccount", "app", "TRUE"]).exit_code, Some(0));
    assert!(sc(&["qmanagedaccount", "App"]).stdout.text.contains("TRUE"));
    assert_eq!(
        sc(&["triggerinfo", "App", "start/networkon"]).exit_code,
        Some(0)
    );
    assert!(
        sc(&["qtriggerinfo", "App"])
            .stdout
            .text
            .contains("NETWORK ON")
    );
    assert_eq!(
        sc(&["create", "App", "binPath=", "x"]).exit_code,
        Some(1073)
    );
    assert_eq!(
        sc(&["create", "New", "binPath=", "x", "obj=", r"CONTOSO\nobody"]).exit_code,
        Some(1057)
    );
    assert_eq!(
        sc(&["create", "New", "binPath=", r"C:\App\app.exe", "obj=", GMSA]).exit_code,
        Some(0)
    );
    // Without the flag it has the password of today, and not that of tomorrow.
    assert_eq!(sc(&["start", "New"]).exit_code, Some(0));
    assert_eq!(sc(&["stop", "New"]).exit_code, Some(0));
    world.domain.roll_over("AppGMSA$");
    assert_eq!(sc(&["start", "New"]).exit_code, Some(1069));
    assert_eq!(sc(&["managedaccount", "New", "TRUE"]).exit_code, Some(0));
    assert_eq!(sc(&["start", "New"]).exit_code, Some(0));
    assert_eq!(sc(&["delete", "New"]).exit_code, Some(0));
    assert_eq!(sc(&["query", "New"]).exit_code, Some(1060));
}
