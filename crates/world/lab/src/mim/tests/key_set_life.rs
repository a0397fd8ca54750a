//! The Synchronization Service's life: export, change of account, restore, standby.

use agent_protocol::{HostPath, ServiceState};

use crate::hosts::NamedFault;
use crate::hosts::domain::AUTHENTICATED_USERS;
use crate::hosts::files::Content;
use crate::mim::Installations;
use crate::mim::installation::{SYNC_DATABASE, SYNC_SERVICE};
use crate::mim::sync_service::{KEYS_NOT_ACCESSIBLE, LOGIN_FAILED};
use crate::mim::{KeySetId, Role};

use super::world::{FILE, GMSA, USER, World, export, set_account, start, state, stop, tool, world};

#[test]
fn a_missing_database_login_keeps_a_new_account_from_starting() {
    let world = world();
    let host = &world.active;
    let all = AUTHENTICATED_USERS.parse().unwrap();
    world.sql.grant(SYNC_DATABASE, all, Role::Owner);
    stop(host);
    set_account(host, GMSA, None);
    let own_code = || start(host, SYNC_SERVICE).unwrap_err().service_specific_code;
    assert_eq!(own_code(), Some(KEYS_NOT_ACCESSIBLE));
    host.suffer(NamedFault::SqlRightMissing);
    assert_eq!(own_code(), Some(LOGIN_FAILED));
    assert!(host.state().events.has(LOGIN_FAILED));
    set_account(host, USER, Some("Pa55word!"));
    start(host, SYNC_SERVICE).unwrap();
}

#[test]
fn a_conversion_and_its_way_back() {
    let World { active: host, .. } = &*convert_and_check();
    stop(host);
    set_account(host, USER, Some("Pa55word!"));
    assert!(start(host, SYNC_SERVICE).is_err());
    let back = tool(
        host,
        "miisactivate.exe",
        &[FILE, USER, "*", "/q"],
        Some("Pa55word!\r\n"),
    );
    assert_eq!(back.exit_code, Some(0), "{back:?}");
    start(host, SYNC_SERVICE).unwrap();
}

/// Exports, stops, sets the gMSA, restores, starts; checks every step, and what fails before its time.
pub fn convert_and_check() -> Box<World> {
    let world = world();
    let host = &world.active;
    assert_eq!(state(host), ServiceState::Running);
    assert_eq!(export(host, USER, Some("Pa55word!\n")).exit_code, Some(0));
    stop(host);
    set_account(host, GMSA, None);

    let failure = start(host, SYNC_SERVICE).unwrap_err();
    assert_eq!(
        failure.service_specific_code,
        Some(LOGIN_FAILED),
        "{failure}"
    );
    world.let_gmsa_into_sql();
    let failure = start(host, SYNC_SERVICE).unwrap_err();
    assert_eq!(
        (failure.code.unwrap().0, failure.service_specific_code),
        (1066, Some(KEYS_NOT_ACCESSIBLE))
    );
    assert!(host.state().events.has(KEYS_NOT_ACCESSIBLE));

    let restored = tool(
        host,
        "miisactivate.exe",
        &[FILE, r"contoso\mimsyncgmsa", "/q"],
        None,
    );
    assert_eq!(restored.exit_code, Some(0), "{restored:?}");
    start(host, SYNC_SERVICE).unwrap();
    Box::new(world)
}

#[test]
fn exports_need_the_account_and_its_password() {
    let world = world();
    for (user, password, why) in [
        (USER, Some("wrong\n"), "logon failure"),
        (USER, None, "logon failure"),
        (r"CONTOSO\nobody", Some("Pa55word!\n"), "not the account"),
        (GMSA, None, "not the account"),
    ] {
        let outcome = export(&world.active, user, password);
        assert_eq!(outcome.exit_code, Some(1), "{user}");
        assert!(outcome.stderr.text.contains(why), "{}", outcome.stderr.text);
    }
    world.active.suffer(NamedFault::KeySetPasswordWrong);
    assert!(
        export(&world.active, USER, Some("Pa55word!\n"))
            .stderr
            .text
            .contains("logon failure")
    );
    world
        .active
        .edit(|state| Installations::change(state, |it| it.refuses_passwords = false))
        .unwrap();
    world.active.suffer(NamedFault::DiskFull);
    let outcome = export(&world.active, USER, Some("Pa55word!\n"));
    assert!(outcome.stderr.text.contains("DISK_FULL"), "{outcome:?}");
}

#[test]
fn tools_take_only_what_is_documented() {
    let world = world();
    let user = format!("/u:{USER}");
    let lines: [(&str, &[&str]); 12] = [
        ("miiskmu.exe", &[]),
        ("miiskmu.exe", &["/?"]),
        ("miiskmu.exe", &["/e"]),
        ("miiskmu.exe", &["/e", "/q"]),
        ("miiskmu.exe", &["/e", FILE, "/u:svc", "pw"]),
        ("miiskmu.exe", &["/e", FILE, &user, "pw", "more"]),
        (
            "miiskmu.exe",
            &["/c", "0E19E162-827E-4077-82D4-E6ABD531636E"],
        ),
        ("miiskmu.exe", &["/a", "now"]),
        ("miisactivate.exe", &["k"]),
        ("miisactivate.exe", &["k", "b", "pw"]),
        ("miisactivate.exe", &["k", USER, "pw", "more"]),
        ("miisactivate.exe", &["/a", USER]),
    ];
    for (program, line) in lines {
        let outcome = tool(&world.active, program, line, None);
        assert_eq!(
            outcome.exit_code,
            Some(2),
            "{program} {line:?}: {outcome:?}"
        );
    }
}

#[test]
fn activation_refuses_whatever_does_not_fit() {
    let world = world();
    let host = &world.active;
    assert_eq!(export(host, USER, Some("Pa55word!\n")).exit_code, Some(0));
    let refused = |file: &str, account: &str, argument: &[&str], why: &str| {
        let outcome = tool(
            host,
            "miisactivate.exe",
            &[&[file, account], argument].concat(),
            Some("Pa55word!\n"),
        );
        assert_eq!(outcome.exit_code, Some(1), "{why}: {outcome:?}");
        assert!(
            outcome.stderr.text.contains(why),
            "{why}: {}",
            outcome.stderr.text
        );
    };
    refused(FILE, USER, &["*"], "running");
    stop(host);
    refused(FILE, GMSA, &[], "without its $");
    refused(FILE, r"CONTOSO\MIMSyncGMSA", &[], "does not log on as");
    refused(FILE, USER, &["wrong"], "logon failure");
    refused(FILE, USER, &[], "is needed");
    refused(r"C:\none.bin", USER, &["*"], "cannot read");
    host.edit(|state| {
        state.files.put(
            r"C:\other.bin",
            Content::Bytes(KeySetId::of_seed("other").to_file()),
        )
    });
    refused(r"C:\other.bin", USER, &["*"], "another key set");
    host.edit(|state| state.files.put(r"C:\bad.bin", Content::Bytes(vec![1; 88])));
    refused(r"C:\bad.bin", USER, &["*"], "not a key set file");
    set_account(host, GMSA, None);
    refused(
        FILE,
        r"CONTOSO\MIMSyncGMSA",
        &["pw"],
        "no password can be given",
    );
}

#[test]
fn a_standby_starts_only_once_it_is_activated() {
    let world = convert_and_check();
    let standby = &world.standby;
    assert_eq!(state(standby), ServiceState::Stopped);
    assert!(start(standby, SYNC_SERVICE).is_err());
    let Some(Content::Bytes(keys)) = world
        .active
        .state()
        .files
        .get(&HostPath::parse(FILE).unwrap())
        .cloned()
    else {
        panic!("no export");
    };
    standby.edit(|state| state.files.put(FILE, Content::Bytes(keys)));
    set_account(standby, GMSA, None);
    let activated = tool(
        standby,
        "miisactivate.exe",
        &[FILE, r"CONTOSO\MIMSyncGMSA", "/q"],
        None,
    );
    assert_eq!(activated.exit_code, Some(0), "{activated:?}");
    start(standby, SYNC_SERVICE).unwrap();
    stop(&world.active);
    assert!(
        start(&world.active, SYNC_SERVICE).is_err(),
        "another server is the active one"
    );
}

#[test]
fn an_abandoned_key_set_runs_on_but_old_exports_are_worthless() {
    let world = world();
    let host = &world.active;
    assert_eq!(export(host, USER, Some("Pa55word!\n")).exit_code, Some(0));
    assert_eq!(
        tool(host, "miiskmu.exe", &["/a", "/q"], None).exit_code,
        Some(0)
    );
    stop(host);
    let outcome = tool(host, "miisactivate.exe", &[FILE, USER, "Pa55word!"], None);
    assert!(
        outcome.stderr.text.contains("another key set"),
        "{outcome:?}"
    );
    assert!(world.sql.sync(SYNC_DATABASE).unwrap().abandoned);
}
