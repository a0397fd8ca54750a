//! Which host keys are trusted: a known_hosts file as OpenSSH writes it.
//!
//! Plain and hashed host names are understood; wildcards and certificate authorities are not, so a
//! host that only these would admit is an unknown one.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use russh::Preferred;
use russh::client::Handler;
use russh::keys::known_hosts::known_host_keys_path;
use russh::keys::{HashAlg, PublicKey, PublicKeyOrCertificate};

use crate::AgentError;

/// The keys that a file has for one host.
pub struct KnownHost {
    host: String,
    file: PathBuf,
    /// Line number and key.
    keys: Vec<(usize, PublicKey)>,
}

impl KnownHost {
    /// Reads the lines for `host` at `port`: `host` for port 22, `[host]:port` for any other.
    ///
    /// # Errors
    /// When the file cannot be read, or one of the host's lines has no key that can be read.
    pub fn read(host: &str, port: u16, file: &Path) -> Result<Self, AgentError> {
        let failed = |source| AgentError::KnownHosts {
            path: file.to_owned(),
            source,
        };
        // russh takes a missing file for an empty one; for us it is a setting to mend.
        std::fs::metadata(file).map_err(|error| failed(error.into()))?;
        let keys = known_host_keys_path(host, port, file).map_err(failed)?;
        let host = if port == 22 {
            host.to_owned()
        } else {
            format!("[{host}]:{port}")
        };
        Ok(Self {
            host,
            file: file.to_owned(),
            keys,
        })
    }

    /// The algorithms to ask the host for: those of its known keys, so that a host with several keys
    /// shows the one that we can check.
    pub fn preferred(&self) -> Preferred {
        let mut preferred = Preferred::default();
        let known = |algorithm: &russh::keys::Algorithm| {
            self.keys
                .iter()
                .any(|(_, key)| key.algorithm() == *algorithm)
        };
        let (first, rest): (Vec<_>, Vec<_>) = preferred.key.iter().cloned().partition(known);
        preferred.key = Cow::Owned(first.into_iter().chain(rest).collect());
        preferred
    }

    /// Whether this is the host that we know.
    pub fn check(&self, shown: &PublicKey) -> Result<(), AgentError> {
        if self
            .keys
            .iter()
            .any(|(_, known)| known.key_data() == shown.key_data())
        {
            return Ok(());
        }
        let (host, known_hosts) = (self.host.clone(), self.file.clone());
        let fingerprint = shown.fingerprint(HashAlg::Sha256).to_string();
        Err(match self.keys.first() {
            Some((line, _)) => AgentError::ChangedHostKey {
                host,
                fingerprint,
                known_hosts,
                line: *line,
            },
            None => AgentError::UnknownHostKey {
                host,
                fingerprint,
                known_hosts,
            },
        })
    }
}

impl Handler for KnownHost {
    type Error = AgentError;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, AgentError> {
        match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.check(key).map(|()| true),
            // None was asked for, so none should come.
            PublicKeyOrCertificate::Certificate(_) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use russh::keys::Algorithm;

    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";

    fn key(text: &str) -> PublicKey {
        PublicKey::from_openssh(text).unwrap()
    }

    fn known(lines: &str, host: &str, port: u16) -> KnownHost {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        KnownHost::read(host, port, file.path()).unwrap()
    }

    #[test]
    fn a_known_key_is_accepted_at_its_name_and_port_only() {
        let lines = format!("# keys\n[h.test]:2201 {ED25519}\n");
        assert!(known(&lines, "h.test", 2201).check(&key(ED25519)).is_ok());
        let error = known(&lines, "h.test", 22)
            .check(&key(ED25519))
            .unwrap_err();
        assert!(
            matches!(&error, AgentError::UnknownHostKey { host, .. } if host == "h.test"),
            "{error}"
        );
        assert!(error.to_string().contains("SHA256:"), "{error}");
    }

    #[test]
    fn another_key_is_a_changed_one_and_the_line_is_named() {
        let known = known(&format!("\nh.test {ED25519}\n"), "h.test", 22);
        let error = known.check(&key(OTHER)).unwrap_err();
        assert!(
            matches!(error, AgentError::ChangedHostKey { line: 2, .. }),
            "{error}"
        );
    }

    #[test]
    fn the_algorithm_of_the_known_key_is_asked_for_first() {
        let p256 = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHwf2HMM5TRXvo2SQJjsNkiDD5KqiiNjrGVv3UUh+mMT5RHxiRtOnlqvjhQtBq0VpmpCV/PwUdhOig4vkbqAcEc=";
        let preferred = known(&format!("h.test {p256}\n"), "h.test", 22).preferred();
        assert!(matches!(
            preferred.key.first(),
            Some(Algorithm::Ecdsa { .. })
        ));
        assert_eq!(preferred.key.len(), Preferred::default().key.len());
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let read = KnownHost::read("h.test", 22, Path::new("/nowhere/known_hosts"));
        assert!(matches!(read, Err(AgentError::KnownHosts { .. })));
    }
}
