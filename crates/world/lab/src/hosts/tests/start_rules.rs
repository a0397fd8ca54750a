//! Every rule of a service's start, as a table: what is wrong with the world, and what Windows says.

use agent_protocol::{Reply, ServiceState};

use super::world::{GMSA, USER, World};
use crate::hosts::NamedFault;
use crate::hosts::event_log::{
    CONNECT_TIMEOUT, FAILED_TO_START, RIGHT_NOT_GRANTED, TERMINATED, UNABLE_TO_LOG_ON,
};
use crate::hosts::files::Content;
use crate::hosts::memory_domain::RC4;
use crate::hosts::rights::Right;

/// What is wrong, how, the Windows code, and the event that says so; code 0 is a service that runs.
struct Row(&'static str, fn(&World), u32, u32);

#[test]
fn a_service_under_a_gmsa_starts_only_when_everything_is_right() {
    let rows: &[Row] = &[
        Row("nothing", |_| {}, 0, 0),
        Row(
            "right not granted",
            |w| {
                w.host
                    .edit(|s| s.rights.revoke(Right::LogOnAsService, &w.gmsa))
            },
            1069,
            RIGHT_NOT_GRANTED,
        ),
        Row(
            "right denied",
            |w| {
                w.host
                    .edit(|s| s.rights.grant(Right::DenyLogOnAsService, w.gmsa))
            },
            1069,
            RIGHT_NOT_GRANTED,
        ),
        Row(
            "right denied to everyone",
            |w| {
                w.host.edit(|s| {
                    s.rights
                        .grant(Right::DenyLogOnAsService, "S-1-1-0".parse().unwrap())
                })
            },
            1069,
            RIGHT_NOT_GRANTED,
        ),
        Row(
            "right taken by policy",
            |w| w.host.suffer(NamedFault::RightTakenByPolicy),
            1069,
            RIGHT_NOT_GRANTED,
        ),
        Row(
            "token stale",
            |w| w.host.suffer(NamedFault::TokenStale),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "root key not effective",
            |w| w.domain.set_root_key(false),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "no domain controller",
            |w| w.domain.set_reachable(false),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "clock off",
            |w| w.host.suffer(NamedFault::ClockOff),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "clock 5 minutes off",
            |w| w.host.edit(|s| s.clock_offset_seconds = -300),
            0,
            0,
        ),
        Row(
            "encryption types apart",
            |w| w.domain.edit("AppGMSA$", |a| a.encryption_types = RC4),
            0,
            0,
        ),
        Row(
            "encryption types apart, host without RC4",
            |w| {
                w.domain.edit("AppGMSA$", |a| a.encryption_types = RC4);
                w.host.edit(|s| s.encryption_types = 0x18);
            },
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "gMSA disabled",
            |w| w.domain.edit("AppGMSA$", |a| a.disabled = true),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "gMSA deleted",
            |w| w.domain.remove("AppGMSA$"),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "computer disabled",
            |w| w.domain.edit("APP01$", |a| a.disabled = true),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "password rolled over",
            |w| w.domain.roll_over("AppGMSA$"),
            0,
            0,
        ),
        Row(
            "flag missing",
            |w| w.edit_service(|s| s.managed = false),
            0,
            0,
        ),
        Row(
            "flag missing, password rolled over",
            |w| {
                w.edit_service(|s| s.managed = false);
                w.domain.roll_over("AppGMSA$");
            },
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "service disabled",
            |w| w.edit_service(|s| s.start = agent_protocol::StartType::Disabled),
            1058,
            0,
        ),
        Row(
            "never connects",
            |w| w.edit_service(|s| s.behaviour.never_connects = true),
            1053,
            CONNECT_TIMEOUT,
        ),
        Row(
            "ends at once",
            |w| w.edit_service(|s| s.behaviour.fails_with = Some(1067)),
            1067,
            TERMINATED,
        ),
        Row(
            "needs what is not there",
            |w| w.edit_service(|s| s.depends_on = vec!["Nothing".into()]),
            1075,
            0,
        ),
        Row(
            "needs itself",
            |w| w.edit_service(|s| s.depends_on = vec!["app".into()]),
            1059,
            0,
        ),
        Row(
            "program gone",
            |w| w.edit_service(|s| s.image_path = r"C:\App\gone.exe".into()),
            2,
            FAILED_TO_START,
        ),
        Row(
            "program is no program",
            |w| {
                w.host
                    .edit(|s| s.files.put(r"C:\App\app.exe", Content::Bytes(vec![0])));
            },
            193,
            FAILED_TO_START,
        ),
    ];
    for Row(what, spoil, code, event) in rows {
        let world = World::new();
        world.convert();
        world.host.edit(|state| state.events = Default::default());
        spoil(&world);
        check_start(&world, what, *code, *event);
    }
}

#[test]
fn a_service_under_a_user_account_needs_password_and_right() {
    let rows: &[Row] = &[
        Row("nothing", |_| {}, 0, 0),
        Row(
            "wrong password",
            |w| drop(w.set_account(USER, Some("wrong"))),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "NULL password keeps the stored one",
            |w| drop(w.set_account(USER, None)),
            0,
            0,
        ),
        Row(
            "password changed since",
            |w| w.domain.edit("svc-app", |a| a.password.0 += 1),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "stored password lost",
            |w| w.host.suffer(NamedFault::StoredPasswordsWrong),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "account disabled",
            |w| w.domain.edit("svc-app", |a| a.disabled = true),
            1069,
            UNABLE_TO_LOG_ON,
        ),
        Row(
            "right not granted",
            |w| {
                w.host
                    .edit(|s| s.rights.revoke(Right::LogOnAsService, &w.user))
            },
            1069,
            RIGHT_NOT_GRANTED,
        ),
        Row(
            "denied by a group",
            |w| {
                w.domain.join("svc-app", w.group);
                w.host
                    .edit(|s| s.rights.grant(Right::DenyLogOnAsService, w.group));
            },
            1069,
            RIGHT_NOT_GRANTED,
        ),
        Row(
            "the gMSA's password is none of a user's",
            |w| {
                drop(w.set_account(GMSA, None));
                drop(w.set_account(USER, None));
            },
            1069,
            UNABLE_TO_LOG_ON,
        ),
    ];
    for Row(what, spoil, code, event) in rows {
        let world = World::new();
        world.stop();
        world.set_account(USER, Some("right")).unwrap();
        spoil(&world);
        check_start(&world, what, *code, *event);
    }
}

fn check_start(world: &World, what: &str, code: u32, event: u32) {
    let started = world.start();
    if code == 0 {
        assert_eq!(started, Ok(Reply::Done), "{what}");
        assert_eq!(world.state_of("App"), ServiceState::Running, "{what}");
        return;
    }
    let failure = started.unwrap_err();
    assert_eq!(
        failure.code.map(|code| code.0),
        Some(code),
        "{what}: {failure}"
    );
    assert_eq!(world.state_of("App"), ServiceState::Stopped, "{what}");
    assert!(
        event == 0 || world.host.state().events.has(event),
        "{what}: no event {event}"
    );
}
