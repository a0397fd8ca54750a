//! Agents behind Windows Remote Management, played by a server that other people's clients accept as one.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use logon::Password;
use rcgen::{CertificateParams, KeyPair};
use winrm::{Auth, Endpoint, Error, Process};

use super::scene::Scene;
use super::tickets::kinit;
use crate::rig::Rig;

const HOST: &str = "mimsync01.contoso.com";
const USER: &str = r"CONTOSO\tester";
const PASSWORD: &str = "Pa55-word";
/// How the rig's estate reaches the host.
const BY_SSH: &str = "transport = \"ssh\"\nport = 2201\nuser = \"root\"\nidentity-file = \"ssh/id_ed25519\"\n\
                      known-hosts = \"ssh/known_hosts\"\nsubsystem = \"gmsactl-agent\"\n";

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("winrm")
        .join(name)
}

/// A running server; it ends with this.
pub struct Server {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts one, over HTTPS or HTTP.
    pub fn start(tls: bool) -> Self {
        let rig = Rig::get();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("users"), format!("CONTOSO:tester:{PASSWORD}\n")).unwrap();
        std::fs::write(path("password"), PASSWORD).unwrap();
        let mut command = Command::new(rig.path("RIG_PYTHON"));
        command
            .arg(script("server.py"))
            .arg(HOST)
            .env("NTLM_USER_FILE", path("users"))
            .env("KRB5_KTNAME", rig.path("RIG_MACHINE_KEYTAB"))
            .env("KRB5_CONFIG", rig.path("RIG_KRB5_CONFIG"))
            .env("PATH", commands())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if tls {
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::new(vec![HOST.to_owned()])
                .unwrap()
                .self_signed(&key)
                .unwrap();
            std::fs::write(path("ca.pem"), certificate.pem()).unwrap();
            std::fs::write(path("server.pem"), certificate.pem() + &key.serialize_pem()).unwrap();
            command.arg("--certificate").arg(path("server.pem"));
        }
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("{command:?} says {line:?}"));
        Self {
            process,
            port,
            folder,
        }
    }

    /// The password of that user.
    pub fn password(&self) -> model::secret::Password {
        model::secret::Password::new(PASSWORD.into())
    }

    /// Lines of a host's entry: the user whom it lets in by NTLM.
    pub fn logon(&self) -> String {
        let password = self.path("password");
        format!("auth = \"ntlm\"\nuser = '{USER}'\npassword = {{ file = '{password}' }}")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn endpoint(&self, password: &str) -> Endpoint {
        Endpoint {
            server: HOST.to_owned(),
            address: ([127, 0, 0, 1], self.port).into(),
            tls: None,
            auth: Auth::Ntlm {
                user: USER.to_owned(),
                password: Password::new(password.into()),
            },
            kdc: ([127, 0, 0, 1], 88).into(),
        }
    }
}

/// This process's PATH, with the commands of the rig's host before it.
fn commands() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap();
    let host = Rig::get()
        .path("RIG_ESTATE")
        .with_file_name("hosts/mimsync01/commands");
    std::env::join_paths(std::iter::once(host).chain(std::env::split_paths(&path))).unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

#[test]
fn other_peoples_clients_accept_the_server() {
    let (rig, server) = (Rig::get(), Server::start(false));
    let admin = format!("{}@{}", rig.value("RIG_ADMIN"), rig.value("RIG_REALM"));
    let admin_password = rig.path("RIG_PASSWORD_FILE");
    for (user, password, auth) in [
        (USER, server.path("password"), "ntlm"),
        (
            &admin,
            admin_password.to_str().unwrap().to_owned(),
            "kerberos",
        ),
    ] {
        let mut clients = Command::new(rig.path("RIG_PYTHON"));
        clients.arg(script("clients.py")).args([
            HOST,
            &server.port.to_string(),
            user,
            &password,
            auth,
        ]);
        let output = clients
            .env("KRB5_CONFIG", rig.path("RIG_KRB5_CONFIG"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[tokio::test]
async fn streams_arrive_whole_and_ends_are_known() {
    let server = Server::start(false);
    let endpoint = server.endpoint(PASSWORD);
    let mut echo = Process::start(&endpoint, "/bin/cat", &[]).await.unwrap();
    let sent: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
    echo.send(&sent).await.unwrap();
    let mut received = Vec::new();
    while received.len() < sent.len() {
        let output = echo.receive().await.unwrap();
        assert!(!output.ended);
        received.extend(output.stdout);
    }
    assert!(received == sent, "{} bytes", received.len());
    echo.end().await;

    // More than the server allows at once: each end closes its shell.
    for code in 0..7 {
        let words = ["-c".to_owned(), format!("echo warned >&2; exit {code}")];
        let mut process = Process::start(&endpoint, "/bin/sh", &words).await.unwrap();
        let (mut stderr, mut exit_code) = (Vec::new(), None);
        while exit_code.is_none() {
            let output = process.receive().await.unwrap();
            stderr.extend(output.stderr);
            exit_code = output.exit_code;
        }
        assert_eq!((&stderr[..], exit_code), (&b"warned\n"[..], Some(code)));
        process.end().await;
    }
}

#[tokio::test]
async fn the_hosts_refusals_are_named() {
    let server = Server::start(false);
    let endpoint = server.endpoint(PASSWORD);
    let wrong = Process::start(&server.endpoint("wrong"), "/bin/cat", &[]).await;
    assert!(matches!(wrong, Err(Error::Refused { .. })));
    let Err(Error::Fault { fault, .. }) = Process::start(&endpoint, "/nowhere/agent", &[]).await
    else {
        panic!("it started")
    };
    assert!(
        fault.advice().unwrap().contains("path of the agent"),
        "{fault}"
    );

    let mut open = Vec::new();
    let quota = loop {
        assert!(open.len() < 20, "no quota");
        match Process::start(&endpoint, "/bin/cat", &[]).await {
            Ok(process) => open.push(process),
            Err(Error::Fault { fault, .. }) => break fault,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(
        quota.advice().unwrap().contains("too many shells"),
        "{quota}"
    );

    let mut cut = open.pop().unwrap();
    drop(server);
    let error = cut.receive().await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error}");
}

/// What `doctor` says about the host.
fn host_check(scene: &Scene) -> (bool, String) {
    let answer = scene
        .answer(scene.gmsactl().args(["doctor", "--json"]))
        .json();
    let checks = answer["checks"].as_array().unwrap().iter();
    let host = checks.clone().find(|check| check["id"] == "host").unwrap();
    (
        host["holds"].as_bool().unwrap(),
        format!("{} {}", host["detail"], host["advice"]),
    )
}

/// The rig's host behind this server, with an agent that is there and these lines more in its entry.
pub fn scene(server: &Server, lines: &str) -> Scene {
    let agent = Rig::get()
        .path("RIG_ESTATE")
        .with_file_name("hosts/mimsync01/agent");
    reached(
        server,
        &format!("command = ['{}']\n{lines}", agent.display()),
    )
}

/// The rig's host behind this server, with these lines in its entry.
pub fn reached(server: &Server, lines: &str) -> Scene {
    let scene = Scene::new();
    let port = server.port;
    let entry = format!("transport = \"winrm\"\nport = {port}\n{lines}\n");
    scene.edit("estate.toml", BY_SSH, &entry);
    scene
}

#[test]
fn an_agent_answers_behind_every_log_on() {
    let (plain, tls) = (Server::start(false), Server::start(true));
    let admin = "user = \"Administrator\"\npassword = { file = \"Administrator.password\" }";
    let over_tls = format!(
        "tls = true\nca-file = '{}'\n{}",
        tls.path("ca.pem"),
        tls.logon()
    );
    for (server, lines) in [
        (&plain, plain.logon()),
        (&plain, admin.to_owned()),
        (&tls, over_tls),
    ] {
        let (holds, said) = host_check(&scene(server, &lines));
        assert!(
            holds && said.contains("services can be read"),
            "{lines}: {said}"
        );
    }
    let scene = scene(&plain, "auth = \"ticket-cache\"");
    scene.set_environment("KRB5CCNAME", scene.path("tickets").to_str().unwrap());
    let (holds, said) = host_check(&scene);
    assert!(
        !holds && said.contains("there is no ticket cache"),
        "{said}"
    );
    kinit(&scene, Rig::get().value("RIG_ADMIN"), &[]);
    let (holds, said) = host_check(&scene);
    assert!(holds && said.contains("services can be read"), "{said}");
}

#[test]
fn what_keeps_an_agent_away_is_named() {
    let tls = Server::start(true);
    let by_password = tls.logon();
    let other_authority = scene(
        &tls,
        &format!("tls = true\nca-file = \"ca.pem\"\n{by_password}"),
    );
    let (holds, said) = host_check(&other_authority);
    assert!(
        !holds && said.contains("unknown authority") && said.contains("ca-file"),
        "{said}"
    );
    drop(other_authority);
    // Against the server's will nothing goes out unsealed, and no answer is taken.
    let (holds, said) = host_check(&scene(&tls, &by_password));
    assert!(
        !holds && said.contains("the connection failed while it was to log on"),
        "{said}"
    );
}
