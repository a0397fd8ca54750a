//! Accounts, memberships, dependants, restarts.

use agent_protocol::{FailureKind, Reply, Request, SecretUse, ServiceAccountState, ServiceState};
use security::Interval;

use super::world::{GMSA, World, name, system};
use crate::hosts::WindowsRelease;
use crate::hosts::domain::{AccountKind, DomainView as _};
use crate::hosts::event_log::{DEPENDENCY_FAILED, RIGHT_NOT_GRANTED};
use crate::hosts::rights::Right;
use crate::hosts::services::LabService;

#[test]
fn accounts_that_windows_does_not_take_are_refused_with_1057() {
    let world = World::new();
    for (account, password, taken) in [
        (GMSA, None, true),
        (GMSA, Some(""), false),
        (GMSA, Some("anything"), false),
        (r"CONTOSO\AppGMSA", None, false),
        (r"OTHER\AppGMSA$", None, false),
        (r"contoso.com\AppGMSA$", None, true),
        ("svc-app@contoso.com", Some("right"), true),
        (r".\local", Some("x"), false),
        (r"CONTOSO\\svc-app", Some("right"), false),
        ("LocalSystem", None, true),
        (r"NT AUTHORITY\NetworkService", None, true),
        (r"NT SERVICE\App", None, true),
    ] {
        let set = world.set_account(account, password);
        let code = set
            .err()
            .and_then(|failure| failure.code)
            .map(|code| code.0);
        assert_eq!(code, (!taken).then_some(1057), "{account}");
    }
}

#[test]
fn membership_counts_from_the_next_ticket_on() {
    let purge = |w: &World| {
        let program = agent_protocol::HostPath::parse(r"C:\Windows\System32\klist.exe").unwrap();
        let arguments = ["-li", "0x3e7", "purge"].map(str::to_owned).to_vec();
        w.ask(Request::Run {
            program,
            arguments,
            stdin: SecretUse::Absent,
            timeout_ms: 1_000,
        })
        .unwrap();
    };
    let restart = |w: &World| w.host.restart();
    let ways: [&dyn Fn(&World); 2] = [&purge, &restart];
    for refresh in ways {
        let world = World::new();
        let late = world.domain.add("Late_Servers", AccountKind::User, "");
        world.domain.add("LateGMSA$", AccountKind::Gmsa, "");
        world.domain.allow("LateGMSA$", late);
        world.domain.join("APP01$", late);
        assert_eq!(world.query("LateGMSA"), ServiceAccountState::CannotInstall);
        refresh(&world);
        assert_eq!(world.query("LateGMSA$"), ServiceAccountState::Installed);
    }
}

#[test]
fn an_account_has_one_of_the_five_states() {
    let world = World::new();
    world
        .domain
        .add("OldMSA$", AccountKind::StandaloneManaged, "");
    assert_eq!(world.query("Nobody$"), ServiceAccountState::NotExist);
    assert_eq!(world.query("svc-app"), ServiceAccountState::NotService);
    assert_eq!(world.query("OldMSA$"), ServiceAccountState::CanInstall);
    assert_eq!(world.query(GMSA), ServiceAccountState::Installed);
    world
        .domain
        .edit("AppGMSA$", |account| account.encryption_types = 0);
    assert_eq!(world.query("AppGMSA"), ServiceAccountState::CannotInstall);
}

#[test]
fn dependants_stop_first_and_keep_their_states() {
    let world = World::new();
    world.host.edit(|state| {
        for (own, needs) in [("Web", "App"), ("Report", "Web")] {
            let mut service = LabService::new(name(own), own, r"C:\App\app.exe", system());
            service.depends_on = vec![needs.to_owned()];
            state.services.insert(service);
        }
    });
    world
        .ask(Request::StartService {
            name: name("Report"),
            timeout_ms: 1,
        })
        .unwrap();
    world
        .host
        .edit(|state| state.services.get_mut("Web").unwrap().state = ServiceState::Paused);

    let stop = |with_dependants| {
        world.ask(Request::StopService {
            name: name("app"),
            with_dependants,
            timeout_ms: 1,
        })
    };
    assert_eq!(stop(false).unwrap_err().code.unwrap().0, 1051);
    let Ok(Reply::Stopped(stopped)) = stop(true) else {
        panic!("not stopped")
    };
    let told: Vec<_> = stopped
        .iter()
        .map(|one| (one.name.as_str(), one.prior))
        .collect();
    assert_eq!(
        told,
        [
            ("Report", ServiceState::Running),
            ("Web", ServiceState::Paused),
            ("App", ServiceState::Running)
        ]
    );
    assert_eq!(stop(true), Ok(Reply::Stopped(vec![])));

    world.edit_service(|service| service.behaviour.fails_with = Some(5));
    let failure = world
        .ask(Request::StartService {
            name: name("Report"),
            timeout_ms: 1,
        })
        .unwrap_err();
    assert_eq!(failure.code.unwrap().0, 1068);
    assert!(world.host.state().events.has(DEPENDENCY_FAILED));
}

#[test]
fn a_start_that_takes_its_time_is_pending_until_then() {
    let world = World::new();
    world.stop();
    world.edit_service(|service| service.behaviour.start_takes = Interval::from_minutes(2));
    assert_eq!(world.start().unwrap_err().kind, FailureKind::Timeout);
    assert_eq!(world.state_of("App"), ServiceState::StartPending);
    world.domain.pass(Interval::from_minutes(1));
    assert!(world.start().is_err());
    world.domain.pass(Interval::from_minutes(1));
    assert_eq!(world.state_of("App"), ServiceState::Running);
    world.edit_service(|service| service.behaviour.never_stops = true);
    let stop = Request::StopService {
        name: name("App"),
        with_dependants: true,
        timeout_ms: 5,
    };
    assert_eq!(world.ask(stop).unwrap_err().kind, FailureKind::Timeout);
    assert_eq!(world.state_of("App"), ServiceState::StopPending);
}

#[test]
fn a_restart_takes_its_time_and_brings_policy_and_services_back() {
    let world = World::new();
    world.convert();
    world.start().unwrap();
    world.host.edit(|state| {
        state.restart_takes = Interval::from_minutes(4);
        state.rights.define_by_policy(Right::LogOnAsService, []);
    });
    world.host.restart();
    assert!(!world.host.is_up());
    world.domain.pass(Interval::from_minutes(4));
    assert!(world.host.is_up());
    // The policy took the right away: the service did not come back.
    assert_eq!(world.state_of("App"), ServiceState::Stopped);
    assert!(world.host.state().events.has(RIGHT_NOT_GRANTED));
}

#[test]
fn a_registry_write_past_the_service_control_manager_counts_from_the_next_boot() {
    let world = World::new();
    let key =
        agent_protocol::RegistryKey::parse(r"HKLM\SYSTEM\CurrentControlSet\Services\App").unwrap();
    let value = agent_protocol::RegistryValue::Text(GMSA.to_owned());
    world
        .ask(Request::WriteValue {
            key,
            name: "ObjectName".into(),
            value,
            create_key: false,
        })
        .unwrap();
    let account = |w: &World| {
        w.host
            .state()
            .services
            .get("App")
            .unwrap()
            .account
            .to_string()
    };
    assert_eq!(account(&world), "LocalSystem");
    world.host.restart();
    assert_eq!(account(&world), GMSA);
}

#[test]
fn the_key_distribution_service_hangs_on_2012_r2_domain_controllers_without_its_trigger() {
    for (build_of, trigger, hangs) in [
        (WindowsRelease::server_2012_r2(), false, true),
        (WindowsRelease::server_2012_r2(), true, false),
        (WindowsRelease::server_2019(), false, false),
    ] {
        let world = World::on(build_of);
        world.host.edit(|state| {
            state.domain_controller = true;
            let mut kds = LabService::new(
                name("kdssvc"),
                "Microsoft Key Distribution Service",
                r"C:\Windows\System32\svchost.exe -k",
                system(),
            );
            kds.start = agent_protocol::StartType::Manual;
            kds.starts_with_network = trigger;
            kds.save(&mut state.registry);
            state.services.insert(kds);
        });
        world.convert();
        world.host.restart();
        let expected = if hangs {
            ServiceState::StartPending
        } else {
            ServiceState::Running
        };
        assert_eq!(world.state_of("App"), expected);
        world.host.restart();
        assert_eq!(
            world.host.is_up(),
            !hangs,
            "it cannot shut down while a service hangs"
        );
        world.host.reset();
        assert!(world.host.is_up());
        world
            .ask(Request::StartService {
                name: name("kdssvc"),
                timeout_ms: 1_000,
            })
            .unwrap();
        assert_eq!(world.state_of("App"), ServiceState::Running);
    }
}

#[test]
fn what_a_host_takes_its_time_for_passes_by_the_clock() {
    let world = World::new();
    world.stop();
    let before = world.domain.now();
    world.host.edit(|state| {
        state.pace.stop = Interval::from_minutes(1);
        state.pace.start = Interval::from_minutes(2);
    });
    let patient = Request::StartService {
        name: name("App"),
        timeout_ms: 120_000,
    };
    world.ask(patient).unwrap();
    world.stop();
    let took = world.domain.now().saturating_since(before);
    assert_eq!(took, Interval::from_minutes(3));
    assert_eq!(world.host.time_down("App").down, took);
}
