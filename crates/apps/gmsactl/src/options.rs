//! Options that every verb takes.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::{Args, ValueEnum};
use hosts::EstateHosts;
use model::names::DnsName;

/// Options that every verb takes.
#[derive(Debug, Args)]
pub struct Global {
    /// Print one JSON document on standard output and nothing else.
    #[arg(long, global = true)]
    pub json: bool,
    /// Never ask anything: what would be asked for must come from options or files.
    #[arg(long, global = true)]
    pub non_interactive: bool,
    /// How to reach things: domain, hosts, where passwords come from.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub estate: Option<PathBuf>,
    /// The journal of all runs [default: gmsactl/journal.sqlite in the platform's data directory].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub state: Option<PathBuf>,
    /// DNS name of the domain.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Estate")]
    pub domain: Option<DnsName>,
    /// DNS name of a domain controller [default: the nearest writable one that DNS knows].
    #[arg(long, global = true, value_name = "NAME", help_heading = "Estate")]
    pub server: Option<DnsName>,
    /// The domain's DNS server, where this machine's own does not know the domain controllers.
    #[arg(long, global = true, value_name = "IP:PORT", help_heading = "Estate")]
    pub dns: Option<SocketAddr>,
    /// How to log on to the directory.
    #[arg(long, global = true, value_name = "HOW", help_heading = "Estate")]
    pub auth: Option<AuthChoice>,
    /// Who logs on to the directory.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Estate")]
    pub user: Option<String>,
    /// A keytab with that user's keys.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub keytab: Option<PathBuf>,
    /// A file whose first line is that user's password; asked for where nothing names it.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub password_file: Option<PathBuf>,
    /// Certificate authorities (PEM) for LDAPS and StartTLS.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub ca_file: Option<PathBuf>,
    /// The Windows agent for hosts that gmsactl brings it to [default: the one in gmsactl, else gmsactl-agent.exe beside
    /// it].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub agent_file: Option<PathBuf>,
    /// Log to standard error.
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn")]
    pub log: LogLevel,
    /// The hosts that the command works with.
    #[arg(skip)]
    pub visited: Visited,
}

/// Hosts whose agents end with the command, whatever becomes of it.
#[derive(Default)]
pub struct Visited(Mutex<Vec<Arc<EstateHosts>>>);

impl Visited {
    /// Remembers them.
    pub fn visit(&self, hosts: &Arc<EstateHosts>) {
        if let Ok(mut visited) = self.0.lock() {
            visited.push(Arc::clone(hosts));
        }
    }

    /// Ends the agents, and takes away those that were brought for this command only.
    pub async fn leave(&self) {
        let visited = self
            .0
            .lock()
            .map(|mut visited| std::mem::take(&mut *visited));
        for hosts in visited.unwrap_or_default() {
            hosts.close().await;
        }
    }
}

impl fmt::Debug for Visited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visited(..)")
    }
}

/// How to log on to the directory.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum AuthChoice {
    /// Kerberos: who is logged on to Windows, else tickets where there are some, else the keytab, else name and password.
    Default,
    /// Kerberos as whoever is logged on to Windows.
    LoggedOn,
    /// Kerberos with name and password.
    Kerberos,
    /// Kerberos with the tickets that kinit got (KRB5CCNAME).
    TicketCache,
    /// Kerberos with the keys in a file.
    Keytab,
    /// NTLM, signed and sealed.
    Ntlm,
    /// Name and password over TLS.
    Simple,
}

/// What goes to the log.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What may matter.
    Warn,
    /// What an operator would tell a colleague.
    Info,
    /// Every request, without its secrets.
    Debug,
    /// As debug, for builds that have more.
    Trace,
}
