//! The ssh transport against an ssh server in this process, whose subsystem is an agent.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use agent_protocol::{Decoder, Reply, Session};
use model::estate::Estate;
use model::ports::{ErrorKind, Host, WorldError};
use model::secret::Password;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::server::{self, Auth, ChannelOpenHandle, Handler, Msg, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::AgentHost;

const PASSWORD: &[u8] = b"Pa55word";

/// One connection: lets in the user with the right key or password, and starts an agent.
struct Server {
    user_key: PrivateKey,
    agent: Session,
    decoder: Decoder,
}

impl Handler for Server {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let known =
            user == "admin" && key.public_key.key_data() == self.user_key.public_key().key_data();
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        let known = user == "admin" && password.as_bytes() == PASSWORD;
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        if name == "gmsactl-agent" {
            session.channel_success(channel)
        } else {
            session.channel_failure(channel)
        }
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        for frame in self.decoder.push(data).unwrap() {
            let mut dies = false;
            let answer = self.agent.answer(frame, |request, _| {
                dies = !request.only_reads();
                Ok(Reply::Products(vec![]))
            });
            if dies {
                session.extended_data(channel, 1, b"out of memory\n".to_vec())?;
                session.exit_status_request(channel, 9)?;
                session.eof(channel)?;
                return session.close(channel);
            }
            session.data(channel, answer.frame.to_bytes().to_vec())?;
        }
        Ok(())
    }
}

/// A server that listens on loopback, and the files that lead to it.
struct Rig {
    folder: TempDir,
    address: SocketAddr,
}

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

impl Rig {
    async fn start() -> Self {
        let rig = Self {
            folder: tempfile::tempdir().unwrap(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        rig.write("user_key", &key(1).to_openssh(LineEnding::LF).unwrap());
        rig.write("wrong_key", &key(3).to_openssh(LineEnding::LF).unwrap());
        let listener = TcpListener::bind(rig.address).await.unwrap();
        let rig = Self {
            address: listener.local_addr().unwrap(),
            ..rig
        };
        rig.write("known_hosts", &rig.line(2));
        rig.write("changed_hosts", &rig.line(4));
        rig.write("empty_hosts", "");
        tokio::spawn(async move {
            let config = server::Config {
                keys: vec![key(2)],
                auth_rejection_time: std::time::Duration::ZERO,
                ..server::Config::default()
            };
            let config = Arc::new(config);
            while let Ok((stream, _)) = listener.accept().await {
                let handler = Server {
                    user_key: key(1),
                    agent: Session::new("0.1.0", "windows"),
                    decoder: Decoder::default(),
                };
                tokio::spawn(server::run_stream(Arc::clone(&config), stream, handler));
            }
        });
        rig
    }

    fn line(&self, seed: u8) -> String {
        let public = key(seed).public_key().to_openssh().unwrap();
        format!("[mimsync01.contoso.com]:{} {public}\n", self.address.port())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn host(&self, settings: &str, password: Option<&[u8]>) -> AgentHost {
        let text = format!(
            "format = 1\n[domain]\nname = \"contoso.com\"\n\
             [addresses]\n\"mimsync01.contoso.com\" = \"{}\"\n\
             [[host]]\nname = \"MIMSYNC01\"\ndns-name = \"mimsync01.contoso.com\"\n\
             transport = \"ssh\"\nuser = \"admin\"\n{settings}\n",
            self.address
        );
        let estate = Estate::parse(&text, self.folder.path()).unwrap();
        let password = password.map(|bytes| Password::new(bytes.to_vec()));
        AgentHost::new(estate.hosts[0].clone(), estate.addresses, password)
    }

    async fn refusal(&self, settings: &str, password: Option<&[u8]>) -> WorldError {
        self.host(settings, password).products().await.unwrap_err()
    }
}

const AGENT: &str = "subsystem = \"gmsactl-agent\"";
const KNOWN: &str = "known-hosts = \"known_hosts\"";
const KEY: &str = "identity-file = \"user_key\"";

#[tokio::test]
async fn a_key_or_a_password_leads_to_the_agent() {
    let rig = Rig::start().await;
    let by_key = rig.host(&format!("{AGENT}\n{KNOWN}\n{KEY}"), None);
    assert!(by_key.products().await.unwrap().is_empty());
    by_key.close().await;

    let by_password = rig.host(
        &format!("{AGENT}\n{KNOWN}\nidentity-file = \"wrong_key\""),
        Some(PASSWORD),
    );
    assert!(by_password.products().await.unwrap().is_empty());
}

#[tokio::test]
async fn unknown_and_changed_host_keys_are_refused() {
    let rig = Rig::start().await;
    let error = rig
        .refusal(
            &format!("{AGENT}\n{KEY}\nknown-hosts = \"empty_hosts\""),
            None,
        )
        .await;
    assert_eq!(error.kind, ErrorKind::Untrusted);
    assert!(
        error.to_string().contains("is not known: SHA256:"),
        "{error}"
    );

    let error = rig
        .refusal(
            &format!("{AGENT}\n{KEY}\nknown-hosts = \"changed_hosts\""),
            None,
        )
        .await;
    assert_eq!(error.kind, ErrorKind::Untrusted);
    assert!(error.to_string().contains("has changed"), "{error}");
    assert!(error.to_string().contains("line 1 of"), "{error}");

    let error = rig
        .refusal(&format!("{AGENT}\n{KEY}\nknown-hosts = \"nowhere\""), None)
        .await;
    assert_eq!(error.kind, ErrorKind::NotConfigured);
}

#[tokio::test]
async fn what_was_tried_to_log_on_is_named() {
    let rig = Rig::start().await;
    let settings = format!("{AGENT}\n{KNOWN}\nidentity-file = \"wrong_key\"");
    let error = rig.refusal(&settings, Some(b"wrong")).await;
    assert_eq!(error.kind, ErrorKind::Credential);
    assert!(
        error.to_string().contains("wrong_key and a password"),
        "{error}"
    );
    assert!(!error.to_string().contains("Pa55word"), "{error}");

    let error = rig.refusal(&format!("{AGENT}\n{KNOWN}"), None).await;
    assert_eq!(error.kind, ErrorKind::NotConfigured);
    let error = rig
        .refusal(
            &format!("{AGENT}\n{KNOWN}\nidentity-file = \"nowhere\""),
            None,
        )
        .await;
    assert!(
        error.to_string().contains("cannot read the private key"),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_subsystem_is_named() {
    let rig = Rig::start().await;
    let error = rig
        .refusal(&format!("{KNOWN}\n{KEY}\nsubsystem = \"other\""), None)
        .await;
    assert!(
        error
            .to_string()
            .contains("refused to start subsystem \"other\""),
        "{error}"
    );
}

#[tokio::test]
async fn an_agent_that_dies_during_a_change_is_quoted_and_the_next_call_connects_again() {
    let rig = Rig::start().await;
    let host = rig.host(&format!("{AGENT}\n{KNOWN}\n{KEY}"), None);
    let error = host
        .set_managed_account(&"S".parse().unwrap(), true)
        .await
        .unwrap_err();
    assert!(error.ambiguous, "{error}");
    assert!(
        error
            .to_string()
            .ends_with("it ended with exit code 9 and said: out of memory"),
        "{error}"
    );
    assert!(host.products().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_host_that_does_not_listen_is_unreachable() {
    let rig = Rig::start().await;
    let unused = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    rig.write("known_hosts", "");
    let error = rig
        .refusal(&format!("{AGENT}\n{KNOWN}\n{KEY}\nport = {unused}"), None)
        .await;
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert_eq!(
        error.to_string(),
        format!("MIMSYNC01: cannot reach mimsync01.contoso.com (127.0.0.1) port {unused}")
    );
}
