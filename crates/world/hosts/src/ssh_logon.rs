//! Logging on over ssh: a private key, the keys of an ssh-agent, a password; in this order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::secret::Password;
use russh::client::Handle;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::{self, HashAlg, PrivateKeyWithHashAlg};

use crate::AgentError;
use crate::known_hosts::KnownHost;

/// Who logs on, and the proofs at hand.
pub struct Logon<'a> {
    /// The user.
    pub user: &'a str,
    /// A private key without a passphrase.
    pub identity_file: Option<&'a Path>,
    /// Whether the keys of a running ssh-agent may be used.
    pub ssh_agent: bool,
    /// The user's password.
    pub password: Option<&'a Password>,
}

impl Logon<'_> {
    /// Tries every proof at hand until the host accepts one.
    pub async fn prove(
        &self,
        host: &str,
        session: &mut Handle<KnownHost>,
    ) -> Result<(), AgentError> {
        let mut tried = Vec::new();
        if let Some(path) = self.identity_file {
            if self.by_key(path, session).await? {
                return Ok(());
            }
            tried.push(format!("key {}", path.display()));
        }
        if self.ssh_agent {
            let (accepted, count) = self.by_agent(session).await?;
            if accepted {
                return Ok(());
            }
            tried.push(format!("{count} keys of the ssh-agent"));
        }
        if let Some(password) = self.password {
            if self.by_password(password, session).await? {
                return Ok(());
            }
            tried.push("a password".to_owned());
        }
        if tried.is_empty() {
            return Err(AgentError::NotConfigured(
                "ssh needs identity-file, ssh-agent = true or password to log on with",
            ));
        }
        let (host, user, tried) = (host.to_owned(), self.user.to_owned(), tried.join(" and "));
        Err(AgentError::LogonRefused { host, user, tried })
    }

    async fn by_key(
        &self,
        path: &Path,
        session: &mut Handle<KnownHost>,
    ) -> Result<bool, AgentError> {
        let failed = |source| AgentError::IdentityFile {
            path: PathBuf::from(path),
            source,
        };
        let key = keys::load_secret_key(path, None).map_err(failed)?;
        let hash = rsa_hash(session).await?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        Ok(session
            .authenticate_publickey(self.user, key)
            .await?
            .success())
    }

    /// Whether a key was accepted, and how many there are.
    async fn by_agent(&self, session: &mut Handle<KnownHost>) -> Result<(bool, usize), AgentError> {
        let mut agent = ssh_agent().await.map_err(AgentError::SshAgent)?;
        let identities = agent
            .request_identities()
            .await
            .map_err(AgentError::SshAgent)?;
        let hash = rsa_hash(session).await?;
        for identity in &identities {
            let AgentIdentity::PublicKey { key, .. } = identity else {
                continue;
            };
            let proof = session
                .authenticate_publickey_with(self.user, key.clone(), hash, &mut agent)
                .await;
            if proof.is_ok_and(|result| result.success()) {
                return Ok((true, identities.len()));
            }
        }
        Ok((false, identities.len()))
    }

    async fn by_password(
        &self,
        password: &Password,
        session: &mut Handle<KnownHost>,
    ) -> Result<bool, AgentError> {
        let text = std::str::from_utf8(password.expose_bytes())
            .map_err(|_| AgentError::NotConfigured("the ssh password is not UTF-8"))?;
        // russh keeps a copy of its own until it is sent.
        Ok(session
            .authenticate_password(self.user, text)
            .await?
            .success())
    }
}

/// Which hash the host wants with RSA keys; without meaning for others.
async fn rsa_hash(session: &Handle<KnownHost>) -> Result<Option<HashAlg>, AgentError> {
    Ok(session.best_supported_rsa_hash().await?.flatten())
}

#[cfg(unix)]
async fn ssh_agent() -> Result<AgentClient<Box<dyn AgentStream + Send + Unpin>>, keys::Error> {
    AgentClient::connect_env().await.map(AgentClient::dynamic)
}

#[cfg(windows)]
async fn ssh_agent() -> Result<AgentClient<Box<dyn AgentStream + Send + Unpin>>, keys::Error> {
    AgentClient::connect_named_pipe(r"\\.\pipe\openssh-ssh-agent")
        .await
        .map(AgentClient::dynamic)
}
