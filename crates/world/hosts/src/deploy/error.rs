//! Why an agent was not put on a host, or not started there.

use model::ports::ErrorKind;

/// What is wrong with the agent's place on a host, or the way there.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// There is nothing to bring along.
    #[error("this gmsactl carries no agent")]
    NoAgent,
    /// Something else has the folder's name.
    #[error("{path} is a file or leads elsewhere")]
    NoFolder {
        /// The folder.
        path: String,
    },
    /// A program there could be exchanged by somebody.
    #[error("{who} may write to {path}: nothing is started there")]
    Exposed {
        /// The folder or the file.
        path: String,
        /// Whom the host would let.
        who: String,
    },
    /// The file is another than its name says.
    #[error("{path} was changed: its SHA-256 is {sha256} now")]
    Tampered {
        /// The file.
        path: String,
        /// What it has.
        sha256: String,
    },
    /// What arrived is not what was sent.
    #[error("the agent did not arrive whole at {path}, and was deleted")]
    Damaged {
        /// The file.
        path: String,
    },
    /// The host says no.
    #[error("cannot {doing}: {said}")]
    Host {
        /// As in "make the agent's folder".
        doing: &'static str,
        /// In the host's words.
        said: String,
    },
    /// It is no PowerShell that answers.
    #[error("cannot {doing}: powershell.exe did not answer as expected{said}")]
    NoAnswer {
        /// As in "look for the agent".
        doing: &'static str,
        /// What came, and how the program ended; empty or after a semicolon.
        said: String,
    },
    /// The file does not get there.
    #[error("cannot send the agent by SFTP to {path}")]
    Sftp {
        /// The file, as SFTP names it.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It took too long.
    #[error("cannot {doing}: no end within {seconds} s")]
    Late {
        /// As in "look for the agent".
        doing: &'static str,
        /// The limit.
        seconds: u64,
    },
}

impl DeployError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::NoAgent => ErrorKind::NotConfigured,
            Self::NoFolder { .. } => ErrorKind::Conflict,
            Self::Exposed { .. } | Self::Tampered { .. } => ErrorKind::Untrusted,
            Self::Damaged { .. } | Self::NoAnswer { .. } => ErrorKind::Protocol,
            Self::Host { .. } | Self::Sftp { .. } => ErrorKind::Failed,
            Self::Late { .. } => ErrorKind::Timeout,
        }
    }

    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::NoAgent => {
                "--agent-file FILE names gmsactl-agent.exe, or put it beside gmsactl; or build gmsactl with \
                 GMSACTL_AGENT_EXE, or install the agent by hand and name it by subsystem or command in estate.toml"
            }
            Self::NoFolder { .. } => "look what it is, or name another agent-folder in estate.toml",
            Self::Exposed { .. } => {
                "look who made it (icacls on the host); a folder that gmsactl agent deploy makes itself is safe: \
                 remove this one, or name another agent-folder in estate.toml"
            }
            Self::Tampered { .. } => {
                "find out who changed it before anything else; then gmsactl agent remove, and gmsactl agent deploy"
            }
            Self::Damaged { .. } => {
                "repeat the command; if it happens again, look for a full disk or a virus scanner on the host"
            }
            Self::Host { .. } => {
                "the user must be an administrator of the host, with an elevated token; the rest is for the host's administrator"
            }
            Self::NoAnswer { .. } => {
                "Windows PowerShell must be there, and nothing may print before it; without it install the agent by hand"
            }
            Self::Sftp { .. } => {
                "check that sshd_config has Subsystem sftp; where its folders are not /C:/…, name sftp-folder in estate.toml"
            }
            Self::Late { .. } => "look what keeps the host busy, then repeat the command",
        }
    }
}
