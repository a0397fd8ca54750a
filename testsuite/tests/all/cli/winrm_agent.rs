//! An agent behind WinRM: the whole host port, the whole job, and an agent that is brought there.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use hosts::EstateHosts;
use model::estate::Estate;
use model::ports::{ErrorKind, Host, Hosts, ProgramRun};
use model::secret::Password;

use super::answer::{DONE, REFUSED};
use super::deployment::{Folder, agent_file, facts, on_host};
use super::dump::Dump;
use super::scene::Scene;
use super::winrm::{Server, reached, scene};
use crate::rig::Rig;

/// The host of the scene's estate, as the engine has it.
async fn host(scene: &Scene, server: &Server) -> Arc<dyn Host> {
    let text = fs::read_to_string(scene.path("estate.toml")).unwrap();
    let estate = Estate::parse(&text, &scene.path("")).unwrap();
    let name = estate.hosts[0].name.clone();
    let passwords = BTreeMap::from([(name.clone(), server.password())]);
    let hosts = EstateHosts::new(&estate, passwords, None);
    hosts.host(&name).await.unwrap()
}

fn cmd<'a>(args: &'a [String], stdin: Option<&'a Password>) -> ProgramRun<'a> {
    ProgramRun {
        program: r"C:\windows\system32\cmd.exe",
        args,
        stdin,
        timeout: Duration::from_secs(30),
    }
}

#[tokio::test]
async fn the_host_port_works_over_winrm() {
    let server = Server::start(false);
    let scene = scene(&server, &server.logon());
    let host = host(&scene, &server).await;
    let facts = host.facts().await.unwrap();
    assert!(facts.clock_skew_seconds.abs() <= 2, "{facts:?}");
    let service = "FIMSynchronizationService".parse().unwrap();
    let alone = host.service(&service).await.unwrap().unwrap();
    let all = host.services().await.unwrap();
    assert!(
        all.iter()
            .any(|one| one.logon_account == alone.logon_account)
    );
    assert!(
        host.service(&"NoSuchService".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );

    let drive = Rig::get().path("RIG_WINE_PREFIX").join("drive_c");
    let path = |name: &str| format!(r"C:\winrm-test\{name}");
    host.create_folder(&path("a")).await.unwrap();
    assert!(host.folder_exists(&path("a")).await.unwrap());
    fs::write(drive.join("winrm-test/a/keys"), vec![7; 300_000]).unwrap();
    assert_eq!(
        host.file(&path(r"a\keys")).await.unwrap().unwrap().size,
        300_000
    );
    host.delete_file(&path(r"a\keys")).await.unwrap();
    assert_eq!(host.file(&path(r"a\keys")).await.unwrap(), None);
    host.delete_empty_folder(&path("a")).await.unwrap();
    host.delete_empty_folder(r"C:\winrm-test").await.unwrap();
    assert!(!drive.join("winrm-test").exists());

    let windows = r"HKLM\Software\Microsoft\Windows NT\CurrentVersion";
    assert!(
        host.registry_text(windows, "CurrentVersion")
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        host.registry_text(windows, "NoSuchValue").await.unwrap(),
        None
    );

    let words = ["/c", "set /p word= && call echo got %^word% && exit 4"].map(str::to_owned);
    let secret = Password::new(b"Pa55word".to_vec());
    let ran = host.run(cmd(&words, Some(&secret))).await.unwrap();
    assert_eq!((ran.exit_code, ran.stdout.trim()), (4, "got Pa55word"));
    // What was asked when the host went away may have been done; what only reads is nothing to worry about.
    drop(server);
    let lost = host.create_folder(&path("b")).await.unwrap_err();
    assert!(lost.ambiguous, "{lost}");
    let lost = host.facts().await.unwrap_err();
    assert!(
        !lost.ambiguous && lost.kind == ErrorKind::Unreachable,
        "{lost}"
    );
}

/// Everything that a conversion asks of a host, secrets for its tools among it.
#[test]
fn a_conversion_goes_through_winrm() {
    let server = Server::start(false);
    let scene = scene(&server, &server.logon());
    let before = Dump::take();
    scene.plan();
    let run = scene.apply();
    let verified = scene.json(&["verify", &run]).ended(DONE);
    assert_eq!(verified.json()["holds"], true, "{verified}");
    scene.roll_back(&run);
    before.assert_unchanged();
}

#[test]
fn an_agent_is_brought_by_winrm() {
    let server = Server::start(false);
    let by_tickets = "user = \"Administrator\"\npassword = { file = \"Administrator.password\" }";
    for logon in [server.logon(), by_tickets.to_owned()] {
        let scene = reached(&server, &format!("agent = \"deploy\"\n{logon}"));
        let folder = Folder::new();
        let sent = on_host(&scene, &["deploy"], DONE);
        assert_eq!(
            (&sent["state"], &sent["hello"]["os"]),
            (&"sent".into(), &"windows".into()),
            "{sent}"
        );
        let agent = folder.agent();
        assert!(fs::read(&agent).unwrap() == fs::read(agent_file()).unwrap());
        assert_eq!(on_host(&scene, &["deploy"], DONE)["state"], "ready");
        facts(&scene, DONE);

        // What an upload that was cut off has left.
        let part = agent.with_extension("exe.part");
        fs::remove_file(&agent).unwrap();
        fs::write(&part, b"MZ").unwrap();
        facts(&scene, DONE);
        assert_eq!(folder.agent(), agent);

        fs::write(&agent, b"MZ").unwrap();
        assert_eq!(facts(&scene, REFUSED)["error"]["kind"], "untrusted");
        assert_eq!(on_host(&scene, &["remove"], DONE)["state"], "removed");
        assert!(!folder.0.exists());
    }
    let scene = reached(&server, &format!("agent = \"session\"\n{}", server.logon()));
    let folder = Folder::new();
    facts(&scene, DONE);
    assert!(folder.names().is_empty() && !folder.0.exists());
}
