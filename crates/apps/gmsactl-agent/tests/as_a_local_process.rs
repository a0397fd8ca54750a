//! The agent itself, started as a process and driven through the `Host` port.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are not in test functions"
)]

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use agent_protocol::{HostPath, Reply, Request, Secret};
use hosts::{AgentError, AgentHost};
use model::estate::Estate;
use model::ports::{ErrorKind, Host, ProgramRun};
use model::secret::Password;

const AGENT: &str = env!("CARGO_BIN_EXE_gmsactl-agent");

fn host() -> AgentHost {
    let text = format!(
        "format = 1\n[domain]\nname = \"contoso.com\"\n[[host]]\nname = \"HERE\"\n\
         dns-name = \"here.contoso.com\"\ntransport = \"local\"\ncommand = [\"{AGENT}\"]\n"
    );
    let estate = Estate::parse(&text, std::path::Path::new("/")).unwrap();
    AgentHost::new(
        estate.hosts.into_iter().next().unwrap(),
        estate.addresses,
        None,
    )
}

fn shell<'a>(args: &'a [String], stdin: Option<&'a Password>) -> ProgramRun<'a> {
    ProgramRun {
        program: "/bin/sh",
        args,
        stdin,
        timeout: Duration::from_secs(20),
    }
}

#[tokio::test]
async fn facts_files_and_programs_work_on_any_host() {
    let host = host();
    let facts = host.facts().await.unwrap();
    assert!(facts.clock_skew_seconds.abs() <= 1, "{facts:?}");
    assert_eq!(facts.agent_version, env!("CARGO_PKG_VERSION"));

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert!(!host.folder_exists(&path("a/b")).await.unwrap());
    host.create_folder(&path("a/b")).await.unwrap();
    assert!(host.folder_exists(&path("a/b")).await.unwrap());
    assert_eq!(host.file(&path("a/b/keys")).await.unwrap(), None);
    std::fs::write(path("a/b/keys"), "abc").unwrap();
    assert_eq!(host.file(&path("a/b/keys")).await.unwrap().unwrap().size, 3);
    host.delete_empty_folder(&path("a/b")).await.unwrap();
    assert!(
        host.folder_exists(&path("a/b")).await.unwrap(),
        "it was not empty"
    );
    host.delete_file(&path("a/b/keys")).await.unwrap();
    host.delete_empty_folder(&path("a/b")).await.unwrap();
    assert!(!host.folder_exists(&path("a/b")).await.unwrap());

    let password = Password::new(b"Pa55word".to_vec());
    let script = [
        "-c".to_owned(),
        "read line; echo \"got $line\"; exit 4".to_owned(),
    ];
    let output = host.run(shell(&script, Some(&password))).await.unwrap();
    assert_eq!(
        (output.exit_code, output.stdout.as_str()),
        (4, "got Pa55word\n")
    );
    host.close().await;
}

#[tokio::test]
async fn what_only_windows_has_is_not_supported() {
    let host = host();
    let error = host.services().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSupported);
    let error = host
        .retrieval_state(&"MIMSyncGMSAsvc$".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSupported);
    assert!(!error.ambiguous);
}

#[tokio::test]
async fn an_agent_that_is_killed_during_a_run_leaves_the_outcome_unknown_and_comes_back() {
    let host = host();
    let kill = ["-c".to_owned(), "kill -9 $PPID".to_owned()];
    let error = host.run(shell(&kill, None)).await.unwrap_err();
    assert!(error.ambiguous, "{error}");
    assert!(host.facts().await.is_ok(), "a new agent is started");
}

#[tokio::test]
async fn a_program_over_its_time_is_a_time_out_of_the_program_not_of_the_agent() {
    let host = host();
    let program = HostPath::parse("/bin/sleep").unwrap();
    let request = |timeout_ms| Request::Run {
        program: program.clone(),
        arguments: vec!["600".into()],
        stdin: agent_protocol::SecretUse::Absent,
        timeout_ms,
    };
    let limit = Duration::from_secs(20);
    let error = host
        .ask(request(100), Secret::none(), limit)
        .await
        .unwrap_err();
    assert!(matches!(&error, AgentError::Failed(_)), "{error}");
    assert!(error.to_string().contains("killed after 100 ms"), "{error}");

    let error = host
        .ask(request(60_000), Secret::none(), Duration::from_millis(300))
        .await
        .unwrap_err();
    assert!(matches!(&error, AgentError::TimedOut { .. }), "{error}");
    let directory = HostPath::parse("/").unwrap();
    let reply = host
        .ask(Request::Metadata { path: directory }, Secret::none(), limit)
        .await
        .unwrap();
    assert!(matches!(reply, Reply::Metadata(Some(_))));
}

#[test]
fn garbage_is_refused_with_a_reply_and_an_exit_code() {
    let mut agent = Command::new(AGENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    agent
        .stdin
        .take()
        .unwrap()
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    agent
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut answer)
        .unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("frame header of"), "{answer:?}");
    assert_eq!(agent.wait().unwrap().code(), Some(1));
}

#[test]
fn the_command_line_is_small() {
    let version = Command::new(AGENT).arg("--version").output().unwrap();
    assert_eq!(
        version.stdout,
        format!("gmsactl-agent {}\n", env!("CARGO_PKG_VERSION")).into_bytes()
    );
    let usage = Command::new(AGENT).arg("--listen").output().unwrap();
    assert_eq!((usage.status.code(), usage.stdout.len()), (Some(64), 0));
}
