//! The agent's way onto a host in memory that plays the scripts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use security::SecurityDescriptor;
use sha2::{Digest as _, Sha256};

use super::shell::Printed;
use super::*;

const SAFE: &str = "O:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)";
const FOR_USERS: &str = "O:BAD:(A;OICI;FA;;;BA)(A;CI;0x2;;;BU)";

/// What is on the host, and what goes wrong there.
#[derive(Default)]
struct Host {
    folder: Option<(String, BTreeMap<String, Vec<u8>>)>,
    sent: usize,
    started: Vec<String>,
    /// The connection breaks in the middle of the next upload.
    cut: bool,
    /// What arrives is another content.
    garble: bool,
    /// Somebody makes the folder, for everybody, when we are about to.
    faster: bool,
    /// The agent's file is in use.
    busy: bool,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Host>>);

impl Shared {
    fn host(&self) -> MutexGuard<'_, Host> {
        self.0.lock().unwrap()
    }

    fn with_folder(sddl: &str, files: &[(&str, &[u8])]) -> Self {
        let shared = Self::default();
        let file = |(name, bytes): &(&str, &[u8])| (name.to_string(), bytes.to_vec());
        shared.host().folder = Some((sddl.to_owned(), files.iter().map(file).collect()));
        shared
    }

    fn deployment(&self, stays: bool) -> Arc<Deployment> {
        let agent = Arc::new(AgentFile::for_tests(b"agent"));
        let way = Box::new(self.clone());
        Arc::new(Deployment::new(
            way,
            HostFolder::default(),
            Some(agent),
            stays,
        ))
    }

    fn assert_untouched(&self) {
        let host = self.host();
        assert!(host.started.is_empty() && host.sent == 0);
    }

    fn files(&self) -> Vec<String> {
        let host = self.host();
        let files = host.folder.as_ref().map(|(_, files)| files.keys().cloned());
        files.into_iter().flatten().collect()
    }
}

#[async_trait]
impl OpenShell for Shared {
    async fn open(&self) -> Result<Box<dyn Shell>, AgentError> {
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl Shell for Shared {
    async fn run(&mut self, script: Script<'_>, _: &HostFolder) -> Result<Printed, AgentError> {
        let stdout = self.host().run(script).into_bytes();
        let end = String::new();
        Ok(Printed { stdout, end })
    }

    async fn send(&mut self, agent: &AgentFile, _: &HostFolder) -> Result<(), AgentError> {
        let mut host = self.host();
        host.sent += 1;
        let (cut, garble) = (std::mem::take(&mut host.cut), host.garble);
        let bytes = if cut || garble {
            &b"age"[..]
        } else {
            agent.bytes()
        };
        let (_, files) = host.folder.as_mut().unwrap();
        files.insert(agent.part_name(), bytes.to_vec());
        match cut {
            true => Err(AgentError::Unreachable {
                address: "h".into(),
                source: io::ErrorKind::ConnectionReset.into(),
            }),
            false => Ok(()),
        }
    }

    async fn start(self: Box<Self>, program: &str) -> Result<Box<dyn Transport>, AgentError> {
        self.host().started.push(program.to_owned());
        let (ours, _) = tokio::io::duplex(64);
        Ok(Box::new(crate::ByteStream::new(ours)))
    }

    async fn close(self: Box<Self>) {}
}

impl Host {
    fn run(&mut self, script: Script<'_>) -> String {
        let mut said = String::new();
        match script {
            Script::Look | Script::Receive(_) => {}
            Script::Create => {
                let sddl = if self.faster { FOR_USERS } else { SAFE };
                self.folder
                    .get_or_insert((sddl.to_owned(), BTreeMap::new()));
            }
            Script::Settle(agent) => {
                let (_, files) = self.folder.as_mut().unwrap();
                let part = files.remove(&agent.part_name()).unwrap();
                if hex::encode(Sha256::digest(&part)) == agent.sha256() {
                    files.insert(agent.name(), part);
                }
            }
            Script::Remove(which) => said = self.remove(which),
        }
        said + &self.look()
    }

    fn remove(&mut self, which: Option<&AgentFile>) -> String {
        let Some((_, files)) = &mut self.folder else {
            return String::new();
        };
        let ours = |name: &str| {
            name.starts_with("gmsactl-agent-") && which.is_none_or(|a| name.starts_with(&a.name()))
        };
        let doomed: Vec<String> = files.keys().filter(|name| ours(name)).cloned().collect();
        let mut said = String::new();
        for name in doomed {
            if self.busy {
                said += &format!("kept {name}\n");
            } else {
                files.remove(&name);
                said += &format!("removed {name}\n");
            }
        }
        if files.is_empty() {
            self.folder = None;
        }
        said
    }

    fn look(&self) -> String {
        let mut said = "user S-1-5-21-1-2-3-500\r\n".to_owned();
        if let Some((sddl, files)) = &self.folder {
            let access = STANDARD.encode(SecurityDescriptor::from_sddl(sddl).unwrap().to_bytes());
            said += &format!("folder 16 {access}\r\n");
            for (name, bytes) in files {
                let sha256 = hex::encode_upper(Sha256::digest(bytes));
                said += &match name.starts_with("gmsactl-agent-") {
                    true => format!("file {name} {} {sha256} {access}\r\n", bytes.len()),
                    false => "other\r\n".to_owned(),
                };
            }
        }
        said + "end\r\n"
    }
}

fn name() -> String {
    AgentFile::for_tests(b"agent").name()
}

fn deploy_error(error: AgentError) -> DeployError {
    match error {
        AgentError::Deploy(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn it_is_sent_once_and_started_there() {
    let shared = Shared::default();
    let place = shared.deployment(true);
    assert!(!place.look().await.unwrap().has_folder());
    assert!(place.deploy().await.unwrap());
    assert!(!place.deploy().await.unwrap());
    Deployed(Arc::clone(&place))
        .connect()
        .await
        .unwrap()
        .close()
        .await;
    let started = format!(r"C:\ProgramData\gmsactl\{}", name());
    assert_eq!(shared.host().started, [started]);
    assert_eq!(shared.host().sent, 1);
    assert_eq!(shared.files(), [name()]);
    assert_eq!(place.remove().await.unwrap().removed(), [name()]);
    assert!(shared.host().folder.is_none());
    assert!(place.remove().await.unwrap().removed().is_empty());
}

#[tokio::test]
async fn a_visit_leaves_nothing_of_its_own() {
    let other = "gmsactl-agent-00.exe";
    let shared = Shared::with_folder(SAFE, &[(other, b"older"), ("notes.txt", b"")]);
    let place = shared.deployment(false);
    let mut agent = Deployed(Arc::clone(&place)).connect().await.unwrap();
    assert_eq!(
        shared.files(),
        [other.to_owned(), name(), "notes.txt".to_owned()]
    );
    agent.close().await;
    assert_eq!(shared.files(), [other, "notes.txt"]);

    shared.host().busy = true;
    let kept = place.remove().await.unwrap();
    assert_eq!((kept.kept(), kept.others()), (&[other.to_owned()][..], 1));
}

#[tokio::test]
async fn what_was_sent_in_part_is_replaced() {
    let shared = Shared::default();
    let place = shared.deployment(true);
    shared.host().cut = true;
    let error = place.deploy().await.unwrap_err();
    assert!(matches!(error, AgentError::Unreachable { .. }), "{error:?}");
    assert_eq!(shared.files(), [format!("{}.part", name())]);
    assert!(place.deploy().await.unwrap());
    assert_eq!(shared.files(), [name()]);
}

#[tokio::test]
async fn another_content_is_neither_started_nor_replaced() {
    let shared = Shared::with_folder(SAFE, &[(&name(), b"something else")]);
    let place = shared.deployment(true);
    for error in [
        place.deploy().await.unwrap_err(),
        Deployed(Arc::clone(&place)).connect().await.err().unwrap(),
    ] {
        let error = deploy_error(error);
        assert!(matches!(error, DeployError::Tampered { .. }), "{error:?}");
    }
    shared.assert_untouched();
    // Once somebody has looked, it can be taken away.
    place.remove().await.unwrap();
    assert!(place.deploy().await.unwrap());
}

#[tokio::test]
async fn what_arrives_otherwise_is_deleted() {
    let shared = Shared::default();
    shared.host().garble = true;
    let error = deploy_error(shared.deployment(true).deploy().await.unwrap_err());
    assert!(matches!(error, DeployError::Damaged { .. }), "{error:?}");
    assert!(shared.files().is_empty());
}

#[tokio::test]
async fn a_folder_that_others_write_to_is_refused() {
    let there = Shared::with_folder(FOR_USERS, &[(&name(), b"agent")]);
    let raced = Shared::default();
    raced.host().faster = true;
    for shared in [there, raced] {
        let place = shared.deployment(true);
        let error = deploy_error(Deployed(place).connect().await.err().unwrap());
        assert_eq!(
            error.to_string(),
            r"Users (S-1-5-32-545) may write to C:\ProgramData\gmsactl: nothing is started there"
        );
        shared.assert_untouched();
    }
}

#[tokio::test]
async fn without_an_agent_it_can_still_look_and_remove() {
    let shared = Shared::with_folder(SAFE, &[(&name(), b"agent")]);
    let way = Box::new(shared.clone());
    let place = Deployment::new(way, HostFolder::default(), None, true);
    let error = deploy_error(place.deploy().await.unwrap_err());
    assert!(matches!(error, DeployError::NoAgent), "{error:?}");
    assert_eq!(place.look().await.unwrap().files().len(), 1);
    assert_eq!(place.remove().await.unwrap().removed().len(), 1);
}
