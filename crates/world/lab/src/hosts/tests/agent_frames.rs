//! The agent's frames, through the client that gmsactl uses: in memory and over loopback TCP.

use std::sync::Arc;
use std::time::Duration;

use ::hosts::{AgentClient, AgentError, Outcome, Transport};
use agent_protocol::{
    AgentMessage, Decoder, FailureKind, HostPath, RegistryKey, RegistryValue, Reply, Request,
    Secret, SecretUse,
};
use async_trait::async_trait;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};

use super::world::{World, name};
use crate::hosts::domain::DomainView as _;
use crate::hosts::{Fault, HostServer, Mishap, connect, relay, serve};

const SOON: Duration = Duration::from_secs(20);

/// Any stream as the client's transport.
struct Stream<S>(S);

#[async_trait]
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Transport for Stream<S> {
    async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await
    }

    async fn receive(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut buffer = vec![0; 4096];
        let count = self.0.read(&mut buffer).await?;
        buffer.truncate(count);
        Ok((count > 0).then_some(buffer))
    }

    async fn last_words(&mut self) -> String {
        String::new()
    }

    async fn close(&mut self) {}
}

/// A connection to the host in memory.
fn in_memory(world: &World) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let host = Arc::clone(&world.host);
    tokio::spawn(async move { serve(&host, theirs).await });
    ours
}

async fn client(world: &World) -> AgentClient {
    AgentClient::greet(Box::new(Stream(in_memory(world))))
        .await
        .unwrap()
}

async fn ask(client: &mut AgentClient, request: Request) -> Result<Reply, AgentError> {
    client.request(request, Secret::none(), SOON).await
}

fn path(text: &str) -> HostPath {
    HostPath::parse(text).unwrap()
}

fn recipient() -> agent_protocol::Recipient {
    "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk"
        .parse()
        .unwrap()
}

/// One request of each sort, in an order in which all of them can be done.
fn every_request() -> Vec<Request> {
    let key = || RegistryKey::parse(r"HKLM\SOFTWARE\Contoso").unwrap();
    let (name_of, value) = (|| "v".to_owned(), RegistryValue::Dword(1));
    vec![
        Request::Facts,
        Request::Services,
        Request::Service { name: name("App") },
        Request::StopService {
            name: name("App"),
            with_dependants: true,
            timeout_ms: 5,
        },
        Request::SetLogonAccount {
            service: name("App"),
            account: agent_protocol::AccountName::parse(super::world::GMSA).unwrap(),
            password: SecretUse::Absent,
        },
        Request::SetManagedAccount {
            service: name("App"),
            managed: true,
        },
        Request::StartService {
            name: name("App"),
            timeout_ms: 5,
        },
        Request::WriteValue {
            key: key(),
            name: name_of(),
            value,
            create_key: true,
        },
        Request::ReadValue {
            key: key(),
            name: name_of(),
        },
        Request::ReadKey { key: key() },
        Request::DeleteValue {
            key: key(),
            name: name_of(),
        },
        Request::Run {
            program: path(r"C:\Windows\System32\wevtutil.exe"),
            arguments: ["qe", "System", "/c:1", "/rd:true", "/f:text"]
                .map(str::to_owned)
                .to_vec(),
            stdin: SecretUse::Absent,
            timeout_ms: 5,
        },
        Request::CreateDirectory {
            path: path(r"C:\Copies"),
        },
        Request::CopyFile {
            from: path(r"C:\App\app.exe"),
            to: path(r"C:\Copies\app.exe"),
            overwrite: false,
        },
        Request::SealFile {
            from: path(r"C:\Copies\app.exe"),
            to: path(r"C:\Copies\app.exe.age"),
            recipients: vec![recipient()],
        },
        Request::FetchSealed {
            path: path(r"C:\Copies\app.exe.age"),
        },
        Request::HashFile {
            path: path(r"C:\Copies\app.exe"),
        },
        Request::Metadata {
            path: path(r"C:\Copies"),
        },
        Request::DeleteFile {
            path: path(r"C:\Copies\app.exe"),
        },
        Request::DeleteFile {
            path: path(r"C:\Copies\app.exe.age"),
        },
        Request::DeleteEmptyDirectory {
            path: path(r"C:\Copies"),
        },
        Request::Products,
        Request::QueryServiceAccount {
            account: agent_protocol::AccountName::parse("AppGMSA").unwrap(),
        },
    ]
}

#[tokio::test]
async fn every_request_is_answered_in_memory_and_over_tcp() {
    let world = World::new();
    let server = HostServer::listen([Arc::clone(&world.host)], 0)
        .await
        .unwrap();
    let stream = connect(server.address(), world.host.name()).await.unwrap();
    let over_tcp = AgentClient::greet(Box::new(Stream(stream))).await.unwrap();
    for mut client in [client(&world).await, over_tcp] {
        assert_eq!(client.agent().os, "windows");
        for request in every_request() {
            let answer = ask(&mut client, request.clone()).await;
            assert!(answer.is_ok(), "{request}: {answer:?}");
        }
    }
    let Ok(Reply::Facts(facts)) = ask(&mut client(&world).await, Request::Facts).await else {
        panic!("no facts");
    };
    assert_eq!(facts.computer_name, "APP01");
    assert_eq!(facts.joined_domain.as_deref(), Some("CONTOSO"));
    assert_eq!(facts.os_build, "17763.6532");
}

#[tokio::test]
async fn a_command_can_carry_the_frames_as_an_agent_process_does() {
    let world = World::new();
    let server = HostServer::listen([Arc::clone(&world.host)], 0)
        .await
        .unwrap();
    let (ours, theirs) = tokio::io::duplex(4096);
    let (input, output) = tokio::io::split(theirs);
    let (address, host) = (server.address(), world.host.name().clone());
    tokio::spawn(async move { relay(address, &host, input, output).await });
    let mut client = AgentClient::greet(Box::new(Stream(ours))).await.unwrap();
    assert!(ask(&mut client, Request::Services).await.is_ok());
    world.host.inject(Fault {
        on: String::new(),
        after: 0,
        takes_effect: false,
        what: Mishap::Cut,
    });
    let error = ask(&mut client, Request::Services).await.unwrap_err();
    assert!(matches!(error, AgentError::Closed { .. }), "{error}");
}

#[tokio::test]
async fn unknown_hosts_and_hosts_that_are_off_close_the_connection() {
    let world = World::new();
    let server = HostServer::listen([Arc::clone(&world.host)], 0)
        .await
        .unwrap();
    let refused = async |host: &str| {
        let mut stream = connect(server.address(), &host.parse().unwrap())
            .await
            .unwrap();
        stream.read(&mut [0; 8]).await.is_ok_and(|count| count == 0)
    };
    assert!(refused("NOBODY01").await);
    world
        .host
        .edit(|state| state.restart_takes = security::Interval::from_minutes(3));
    let mut client = client(&world).await;
    let restart = Request::Run {
        program: path(r"C:\Windows\System32\shutdown.exe"),
        arguments: ["/r", "/t", "0"].map(str::to_owned).to_vec(),
        stdin: SecretUse::Absent,
        timeout_ms: 5,
    };
    let error = ask(&mut client, restart).await.unwrap_err();
    assert!(
        matches!(
            error,
            AgentError::Closed {
                outcome: Outcome::Unknown,
                ..
            }
        ),
        "{error}"
    );
    assert!(refused("APP01").await);
    world.domain.pass(security::Interval::from_minutes(3));
    assert!(
        !world
            .host
            .state()
            .services
            .iter()
            .any(|service| service.pending_until.is_some())
    );
    let stream = connect(server.address(), world.host.name()).await.unwrap();
    assert!(AgentClient::greet(Box::new(Stream(stream))).await.is_ok());
}

#[tokio::test]
async fn each_fault_is_seen_as_what_it_is_with_and_without_effect() {
    let stop = || Request::StopService {
        name: name("App"),
        with_dependants: true,
        timeout_ms: 5,
    };
    let mishaps = [
        Mishap::Fails(agent_protocol::win32::Win32Code(1055)),
        Mishap::Hangs,
        Mishap::Cut,
        Mishap::Restart,
    ];
    for what in mishaps {
        for takes_effect in [false, true] {
            let world = World::new();
            let fault = Fault {
                on: "stop service App".into(),
                after: 0,
                takes_effect,
                what,
            };
            world.host.inject(fault);
            let mut client = client(&world).await;
            assert!(ask(&mut client, Request::Facts).await.is_ok());
            let error = client
                .request(stop(), Secret::none(), Duration::from_millis(200))
                .await
                .unwrap_err();
            match what {
                Mishap::Fails(_) => assert!(
                    matches!(&error, AgentError::Failed(failure) if failure.kind == FailureKind::Busy)
                ),
                Mishap::Hangs => assert!(matches!(
                    error,
                    AgentError::TimedOut {
                        outcome: Outcome::Unknown,
                        ..
                    }
                )),
                _ => assert!(matches!(
                    error,
                    AgentError::Closed {
                        outcome: Outcome::Unknown,
                        ..
                    }
                )),
            }
            let stopped = world.host.state().services.get("App").unwrap().state
                == agent_protocol::ServiceState::Stopped;
            // A restart brings the service back, whatever became of the request.
            assert_eq!(
                stopped,
                takes_effect && what != Mishap::Restart,
                "{what:?} {takes_effect}"
            );
        }
    }
    let world = World::new();
    let what = Mishap::Late(Duration::from_millis(50));
    world.host.inject(Fault {
        on: String::new(),
        after: 0,
        takes_effect: true,
        what,
    });
    assert!(ask(&mut client(&world).await, stop()).await.is_ok());
}

#[tokio::test]
async fn what_is_no_frame_is_refused_and_the_host_goes_on() {
    let world = World::new();
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        &[0, 0, 0, 2, 0, 0, 0, 0, b'{', b'}'],
        &[0xff; 64],
    ] {
        let mut stream = in_memory(&world);
        stream.write_all(garbage).await.unwrap();
        let mut said = Vec::new();
        tokio::time::timeout(SOON, stream.read_to_end(&mut said))
            .await
            .unwrap()
            .unwrap();
        let frames = Decoder::default().push(&said).unwrap();
        let message: AgentMessage = frames.first().unwrap().message().unwrap();
        assert_eq!(message.id, 0, "{message:?}");
    }
    assert!(ask(&mut client(&world).await, Request::Facts).await.is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn hostile_texts_end_in_an_answer(texts in prop::collection::vec(".{0,40}|[A-Za-z]:[\\\\/].{0,40}", 4), code in any::<u32>()) {
        let world = World::new();
        let [a, b, c, d] = texts.as_slice() else { unreachable!() };
        let mut requests = Vec::new();
        if let (Ok(from), Ok(to)) = (HostPath::parse(a.as_str()), HostPath::parse(b.as_str())) {
            requests.push(Request::CopyFile { from: from.clone(), to: to.clone(), overwrite: code % 2 == 0 });
            requests.push(Request::SealFile { from: from.clone(), to: to.clone(), recipients: vec![recipient()] });
            requests.push(Request::CreateDirectory { path: from.clone() });
            requests.push(Request::FetchSealed { path: from.clone() });
            requests.push(Request::HashFile { path: from.clone() });
            requests.push(Request::DeleteFile { path: to.clone() });
            requests.push(Request::DeleteEmptyDirectory { path: from });
        }
        if let Ok(account) = agent_protocol::AccountName::parse(c.as_str()) {
            requests.push(Request::QueryServiceAccount { account: account.clone() });
            requests.push(Request::SetLogonAccount { service: name("App"), account, password: SecretUse::InFrame });
            requests.push(Request::StartService { name: name("App"), timeout_ms: u64::from(code) });
        }
        if let Ok(key) = RegistryKey::parse(format!(r"HKLM\SOFTWARE\{d}")) {
            requests.push(Request::WriteValue { key: key.clone(), name: c.clone(), value: RegistryValue::Dword(code), create_key: true });
            requests.push(Request::ReadKey { key });
        }
        for program in ["sc", "klist", "wevtutil", "shutdown", "gpupdate", "msiexec", r"inetsrv\appcmd"] {
            let program = path(&format!(r"C:\Windows\System32\{program}.exe"));
            requests.push(Request::Run { program, arguments: texts.clone(), stdin: SecretUse::Absent, timeout_ms: 1 });
        }
        for request in requests {
            let _ = world.host.handle(request, &Secret::copy_of(c.as_bytes()));
        }
        prop_assert!(world.host.handle(Request::Facts, &Secret::none()).is_ok());
    }
}
