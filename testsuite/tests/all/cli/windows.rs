//! gmsactl as a Windows program, which Wine runs.

use super::answer::DONE;
use super::tickets::{directory_check_of, kinit, scene};
use crate::rig::Rig;

#[test]
fn the_windows_program_does_the_same() {
    let scene = scene();
    kinit(&scene, Rig::get().value("RIG_ADMIN"), &[]);
    let (holds, detail, advice) = directory_check_of(&scene, scene.gmsactl_on_windows(), &[]);
    assert!(
        holds && detail.contains("with the tickets in"),
        "{detail} {advice}"
    );
    for command in [
        &["kds", "list", "--json"][..],
        &["spn", "check", "--json"],
        &["discover", "--json"],
    ] {
        let here = scene.answer(scene.gmsactl().args(command)).ended(DONE);
        let there = scene
            .answer(scene.gmsactl_on_windows().args(command))
            .ended(DONE);
        let (there, here) = (steady_lines(&there.stdout), steady_lines(&here.stdout));
        let other = there.iter().zip(&here).find(|(there, here)| there != here);
        assert_eq!((other, there.len()), (None, here.len()), "{command:?}");
    }
}

/// The lines of a document but for those that no two runs share: this run's time, and what is counted back from it; and
/// for the two systems' own words for an error.
fn steady_lines(document: &str) -> Vec<&str> {
    let passing = |line: &&str| {
        ["taken_at", "clock_skew_seconds", "booted", "(os error"]
            .iter()
            .any(|field| line.contains(field))
    };
    document.lines().filter(|line| !passing(line)).collect()
}

/// Wine's Kerberos package logs on with the tickets that the system below has, as Windows' own does with its session.
/// It cannot seal: it asks for less room than a sealed message needs. So far, and no further, does this go.
#[test]
fn the_session_of_windows_logs_on() {
    let scene = scene();
    let logged_on =
        || directory_check_of(&scene, scene.gmsactl_on_windows(), &["--auth", "logged-on"]);
    let (holds, detail, _) = logged_on();
    assert!(
        !holds && detail.contains("cannot log on") && detail.contains("Windows"),
        "{detail}"
    );
    kinit(&scene, Rig::get().value("RIG_ADMIN"), &[]);
    let (holds, detail, _) = logged_on();
    assert!(
        !holds && detail.contains("EncryptMessage failed with error 0x80090321"),
        "{detail}"
    );
}

#[test]
fn elsewhere_there_is_no_such_session() {
    let scene = scene();
    let (holds, detail, advice) =
        directory_check_of(&scene, scene.gmsactl(), &["--auth", "logged-on"]);
    assert!(
        !holds && detail.contains("nobody is logged on to Windows here"),
        "{detail}"
    );
    assert!(advice.contains("--auth ticket-cache"), "{advice}");
}
