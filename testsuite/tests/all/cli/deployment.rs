//! The agent that gmsactl brings along: over a real sshd's SFTP into the host's own folder, and back.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::answer::{DONE, REFUSED};
use super::binaries;
use super::dump::Dump;
use super::scene::Scene;
use crate::rig::Rig;

/// What starts the agent in the rig's estate.
const INSTALLED: &str = "subsystem = \"gmsactl-agent\"\n";

/// The folder `C:\ProgramData\gmsactl` of the rig's host, as this machine sees it; gone before and after.
/// Only who has a scene may make one.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let drive = Rig::get().path("RIG_WINE_PREFIX").join("drive_c");
        let folder = Self(drive.join("ProgramData/gmsactl"));
        folder.clear();
        folder
    }

    fn clear(&self) {
        drop(fs::remove_dir_all(&self.0));
    }

    /// Names of the files in it.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// The only file in it.
    pub fn agent(&self) -> PathBuf {
        let names = self.names();
        assert_eq!(names.len(), 1, "{names:?}");
        self.0.join(&names[0])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The agent that the rig has built.
pub fn agent_file() -> PathBuf {
    let drive = Rig::get().path("RIG_WINE_PREFIX").join("drive_c");
    drive.join("gmsactl-agent.exe")
}

/// A scene whose host gets its agent so. The folder comes after the scene: its host is nobody else's then.
fn scene(agent: &str) -> (Scene, Folder) {
    let (scene, folder) = (Scene::new(), Folder::new());
    let sftp = folder.0.display();
    let entry = format!("agent = \"{agent}\"\nsftp-folder = '{sftp}'\n");
    scene.edit("estate.toml", INSTALLED, &entry);
    (scene, folder)
}

/// What a verb of `agent` says about the host; it ends with this code.
pub fn on_host(scene: &Scene, words: &[&str], code: i32) -> Value {
    let mut gmsactl = scene.gmsactl();
    gmsactl.args(["--json", "--agent-file"]).arg(agent_file());
    let answer = scene.answer(
        gmsactl
            .arg("agent")
            .args(words)
            .args(["--host", "MIMSYNC01"]),
    );
    answer.ended(code).json()["hosts"][0].clone()
}

/// Any command that needs the host's agent.
pub fn facts(scene: &Scene, code: i32) -> Value {
    let mut gmsactl = scene.gmsactl();
    gmsactl.args(["--json", "--agent-file"]).arg(agent_file());
    let answer = scene.answer(gmsactl.args(["host", "facts", "MIMSYNC01"]));
    answer.ended(code).json()
}

#[test]
fn it_is_put_there_once_used_and_removed() {
    let (scene, folder) = scene("deploy");
    assert_eq!(on_host(&scene, &["status"], DONE)["state"], "absent");
    let planned = on_host(&scene, &["deploy", "--dry-run"], DONE);
    assert_eq!(planned["state"], "would-be-sent");
    assert!(!folder.0.exists());

    let sent = on_host(&scene, &["deploy"], DONE);
    assert_eq!(sent["state"], "sent", "{sent}");
    assert_eq!(sent["hello"]["os"], "windows", "{sent}");
    let content = fs::read(agent_file()).unwrap();
    let sha256 = hex::encode(Sha256::digest(&content));
    let agent = folder.agent();
    assert_eq!(
        agent.file_name().unwrap().to_str().unwrap(),
        format!("gmsactl-agent-{sha256}.exe")
    );
    assert!(fs::read(&agent).unwrap() == content);
    assert_eq!(
        fs::metadata(&folder.0).unwrap().mode() & 0o027,
        0,
        "others may write or look"
    );
    assert_eq!(fetched(&scene, &agent), content);

    let inode = fs::metadata(&agent).unwrap().ino();
    let again = on_host(&scene, &["deploy"], DONE);
    assert_eq!(
        (&again["state"], &again["files"][0]["current"]),
        (&"ready".into(), &true.into())
    );
    assert_eq!(
        facts(&scene, DONE)["agent_version"],
        sent["hello"]["version"]
    );
    assert_eq!(fs::metadata(&agent).unwrap().ino(), inode, "sent again");

    let doomed = on_host(&scene, &["remove", "--dry-run"], DONE);
    assert_eq!(doomed["state"], "would-be-removed");
    assert!(agent.exists());
    assert_eq!(on_host(&scene, &["remove"], DONE)["state"], "removed");
    assert!(!folder.0.exists());
    assert_eq!(on_host(&scene, &["remove"], DONE)["state"], "absent");
}

/// The file as OpenSSH's own client gets it.
fn fetched(scene: &Scene, file: &Path) -> Vec<u8> {
    let option = |name: &str, value: PathBuf| format!("-o{name}={}", value.display());
    let mut sftp = Command::new("sftp");
    sftp.arg("-q")
        .arg(option("IdentityFile", scene.path("ssh/id_ed25519")))
        .arg(option("UserKnownHostsFile", scene.path("ssh/known_hosts")))
        .args(["-oBatchMode=yes", "-oPort=2201"])
        .arg(format!(
            "root@127.0.0.1:{}",
            file.display().to_string().replace(' ', "\\ ")
        ))
        .arg(scene.path("fetched"));
    let output = sftp.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::read(scene.path("fetched")).unwrap()
}

/// The whole job through agents that come and go with each command.
#[test]
fn a_conversion_with_an_agent_for_the_session_leaves_none() {
    let (scene, folder) = scene("session");
    let carrying = binaries::gmsactl_with_agent(&agent_file());
    let with_agent = |words: &[&str]| {
        let mut gmsactl = scene.gmsactl_at(&carrying);
        let answer = scene.answer(gmsactl.arg("--json").args(words));
        assert!(!folder.0.exists(), "{words:?} left {:?}", folder.names());
        answer
    };
    let before = Dump::take();
    let status = with_agent(&["agent", "status", "--all"]).ended(DONE).json();
    let sha256 = hex::encode(Sha256::digest(fs::read(agent_file()).unwrap()));
    assert_eq!(
        (&status["agent"]["path"], &status["agent"]["sha256"]),
        (&Value::Null, &sha256.into())
    );
    with_agent(&["plan", "--out", "plan.json"]).ended(super::answer::CHANGES);
    let run = with_agent(&["apply", "plan.json"]).ended(DONE).text("/run");
    assert_eq!(
        with_agent(&["verify", &run]).ended(DONE).json()["holds"],
        true
    );
    with_agent(&["rollback", &run]).ended(DONE);
    before.assert_unchanged();
    with_agent(&["host", "services", "MIMSYNC01", "NoSuchService"]).ended(REFUSED);
}

#[test]
fn what_an_interrupted_upload_left_is_replaced() {
    let (scene, folder) = scene("deploy");
    on_host(&scene, &["deploy"], DONE);
    let agent = folder.agent();
    let part = agent.with_extension("exe.part");
    fs::rename(&agent, &part).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(&part)
        .unwrap()
        .set_len(100_000)
        .unwrap();
    let status = on_host(&scene, &["status"], DONE);
    assert_eq!(
        (&status["state"], &status["files"][0]["size"]),
        (&"absent".into(), &100_000.into())
    );
    facts(&scene, DONE);
    assert_eq!(folder.agent(), agent);
    assert!(fs::read(agent).unwrap() == fs::read(agent_file()).unwrap());
}

#[test]
fn a_changed_agent_is_neither_started_nor_replaced() {
    let (scene, folder) = scene("deploy");
    on_host(&scene, &["deploy"], DONE);
    let agent = folder.agent();
    let mut changed = fs::read(&agent).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&agent, &changed).unwrap();

    let refused = facts(&scene, REFUSED);
    assert_eq!(refused["error"]["kind"], "untrusted", "{refused}");
    for words in [&["status"][..], &["deploy"]] {
        let row = on_host(&scene, words, REFUSED);
        assert_eq!(row["state"], "failed");
        assert!(
            row["error"]
                .as_str()
                .unwrap()
                .contains("was changed: its SHA-256 is "),
            "{row}"
        );
        assert!(
            row["advice"].as_str().unwrap().contains("find out who"),
            "{row}"
        );
    }
    assert!(fs::read(&agent).unwrap() == changed);
    assert_eq!(on_host(&scene, &["remove"], DONE)["state"], "removed");
    assert_eq!(on_host(&scene, &["deploy"], DONE)["state"], "sent");
}

/// Wine shows the rights of others as those of Everyone.
#[test]
fn where_others_may_write_nothing_is_put_or_started() {
    let (scene, folder) = scene("deploy");
    let open =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let says_who = |words: &[&str], where_to: &str| {
        let row = on_host(&scene, words, REFUSED);
        let error = row["error"].as_str().unwrap();
        let expected = format!(
            "MIMSYNC01: Everyone (S-1-1-0) may write to C:\\ProgramData\\gmsactl{where_to}"
        );
        assert!(error.starts_with(&expected), "{row}");
        assert!(row["advice"].as_str().unwrap().contains("icacls"), "{row}");
    };
    fs::create_dir(&folder.0).unwrap();
    open(&folder.0, 0o777);
    says_who(&["deploy"], ":");
    assert!(folder.names().is_empty());

    open(&folder.0, 0o755);
    on_host(&scene, &["deploy"], DONE);
    open(&folder.0, 0o777);
    says_who(&["status"], ":");
    assert_eq!(facts(&scene, REFUSED)["error"]["kind"], "untrusted");
    open(&folder.0, 0o755);
    open(&folder.agent(), 0o666);
    says_who(&["status"], "\\gmsactl-agent-");
    assert_eq!(facts(&scene, REFUSED)["error"]["kind"], "untrusted");
}

#[test]
fn what_is_missing_or_wrong_here_or_there_is_named() {
    let (scene, _folder) = scene("deploy");
    let none = scene
        .json(&["host", "facts", "MIMSYNC01"])
        .ended(REFUSED)
        .json();
    assert_eq!(
        none["error"]["message"],
        "MIMSYNC01: this gmsactl carries no agent"
    );
    assert!(
        none["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("--agent-file FILE"),
        "{none}"
    );
    let wrong = ["--agent-file", "estate.toml", "agent", "status", "--all"];
    let wrong = scene.json(&wrong).ended(REFUSED).json();
    assert_eq!(wrong["error"]["kind"], "agent-file");
    assert!(
        wrong["error"]["message"]
            .as_str()
            .unwrap()
            .contains("no Windows program"),
        "{wrong}"
    );

    scene.edit("estate.toml", "drive_c/ProgramData", "drive_c/NoSuchFolder");
    let elsewhere = on_host(&scene, &["deploy"], REFUSED);
    assert!(
        elsewhere["error"]
            .as_str()
            .unwrap()
            .contains("cannot send the agent by SFTP to "),
        "{elsewhere}"
    );
    assert!(
        elsewhere["advice"]
            .as_str()
            .unwrap()
            .contains("sftp-folder"),
        "{elsewhere}"
    );

    scene.write("estate.toml", Rig::get().bytes("RIG_ESTATE"));
    let status = scene.json(&["agent", "status", "--all"]).ended(DONE).json();
    assert_eq!(status["hosts"][0]["state"], "installed", "{status}");
    for (words, says) in [
        (
            ["agent", "remove", "--host", "MIMSYNC01"].as_slice(),
            "it is not ours to change",
        ),
        (&["agent", "deploy", "--all"], "to no host of the estate"),
    ] {
        let refused = scene.json(words).ended(REFUSED);
        assert!(refused.text("/error/message").contains(says), "{refused}");
    }
}
