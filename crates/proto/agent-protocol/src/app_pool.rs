//! Application pools of the web server (IIS), and what they serve.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountName, PoolName, SecretUse};

/// What is asked about application pools; not found where the host has no web server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AppPoolRequest {
    /// All of them → [`crate::Reply::AppPools`].
    List,
    /// Sets the identity and nothing else → [`crate::Reply::Done`].
    SetIdentity {
        /// Which pool.
        pool: PoolName,
        /// The new identity.
        identity: PoolIdentity,
        /// A user's password, otherwise absent: the stored one is cleared, as a gMSA needs it.
        password: SecretUse,
    },
    /// Starts, stops or recycles it and waits until it has → [`crate::Reply::AppPoolWas`].
    Control {
        /// Which pool.
        pool: PoolName,
        /// What to do; being so already is success.
        control: PoolControl,
        /// Longest wait, in milliseconds.
        timeout_ms: u64,
    },
}

impl AppPoolRequest {
    /// Whether the host is the same afterwards.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::List)
    }

    /// Whether it takes the frame's secret.
    pub fn takes_secret(&self) -> bool {
        matches!(
            self,
            Self::SetIdentity {
                password: SecretUse::InFrame,
                ..
            }
        )
    }
}

impl fmt::Display for AppPoolRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List => f.write_str("list the application pools"),
            Self::SetIdentity { pool, identity, .. } => {
                write!(
                    f,
                    "set the identity of application pool {pool} to {identity}"
                )
            }
            Self::Control { pool, control, .. } => {
                let verb = match control {
                    PoolControl::Start => "start",
                    PoolControl::Stop => "stop",
                    PoolControl::Recycle => "recycle",
                };
                write!(f, "{verb} application pool {pool}")
            }
        }
    }
}

/// What to do with a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolControl {
    /// Let it serve.
    Start,
    /// End its worker processes and let it serve no more.
    Stop,
    /// New worker processes: with the identity that is set now.
    Recycle,
}

/// `processModel` `identityType` with its user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolIdentity {
    /// Local system.
    LocalSystem,
    /// Local service.
    LocalService,
    /// Network service.
    NetworkService,
    /// The account that Windows makes of the pool's name.
    ApplicationPoolIdentity,
    /// An account of its own.
    SpecificUser(AccountName),
}

impl PoolIdentity {
    /// The word of the web server's configuration (IIS schema, `processModel`).
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LocalSystem => "LocalSystem",
            Self::LocalService => "LocalService",
            Self::NetworkService => "NetworkService",
            Self::ApplicationPoolIdentity => "ApplicationPoolIdentity",
            Self::SpecificUser(_) => "SpecificUser",
        }
    }

    /// From the configuration's word or number (the schema counts from LocalSystem, 0) and its user.
    pub fn from_configuration(kind: &str, user: &str) -> Option<Self> {
        Some(match kind {
            "LocalSystem" | "0" => Self::LocalSystem,
            "LocalService" | "1" => Self::LocalService,
            "NetworkService" | "2" => Self::NetworkService,
            "SpecificUser" | "3" => Self::SpecificUser(AccountName::parse(user).ok()?),
            "ApplicationPoolIdentity" | "4" => Self::ApplicationPoolIdentity,
            _ => return None,
        })
    }

    /// Its user, if it is an account of its own.
    pub fn user(&self) -> Option<&AccountName> {
        match self {
            Self::SpecificUser(user) => Some(user),
            _ => None,
        }
    }
}

impl fmt::Display for PoolIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.user() {
            Some(user) => user.fmt(f),
            None => f.write_str(self.kind()),
        }
    }
}

/// What a pool does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolState {
    /// On its way to started.
    Starting,
    /// It serves.
    Started,
    /// On its way to stopped.
    Stopping,
    /// It does not serve.
    Stopped,
    /// The web server does not tell: its services do not run.
    Unknown,
}

impl PoolState {
    /// From the configuration's word or number (rscaext.xml, `state` of an application pool).
    pub fn from_configuration(text: &str) -> Self {
        match text {
            "Starting" | "0" => Self::Starting,
            "Started" | "1" => Self::Started,
            "Stopping" | "2" => Self::Stopping,
            "Stopped" | "3" => Self::Stopped,
            _ => Self::Unknown,
        }
    }
}

/// An application pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPool {
    /// Its name.
    pub name: PoolName,
    /// Whom its worker processes run as.
    pub identity: PoolIdentity,
    /// What it does now.
    pub state: PoolState,
    /// Whether it starts with the web server.
    pub auto_start: bool,
    /// What it serves.
    pub applications: Vec<PoolApplication>,
}

/// An application that a pool serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolApplication {
    /// Name of the site.
    pub site: String,
    /// Its path in the site, `/` for the site's own.
    pub path: String,
    /// The folder of its root, as configured: variables are not expanded.
    pub physical_path: String,
    /// Where its site listens, in the order of the configuration.
    pub bindings: Vec<SiteBinding>,
}

/// Where a site listens (IIS schema, `binding`). Its text form: `http *:8088:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteBinding {
    /// Such as `http`.
    pub protocol: String,
    /// `bindingInformation`: of HTTP address, port and host name, with colons between.
    pub information: String,
}

impl SiteBinding {
    /// Whether it is one of HTTP: those have a port and perhaps a host name.
    pub fn is_http(&self) -> bool {
        ["http", "https"].contains(&self.protocol.to_ascii_lowercase().as_str())
    }

    /// The port, of HTTP.
    pub fn port(&self) -> Option<u16> {
        let (port, _) = self.port_and_host()?;
        port.parse().ok()
    }

    /// The host name, of HTTP; `None` where it answers to any.
    pub fn host(&self) -> Option<&str> {
        let (_, host) = self.port_and_host()?;
        (!host.is_empty()).then_some(host)
    }

    fn port_and_host(&self) -> Option<(&str, &str)> {
        let (address, host) = self.information.rsplit_once(':')?;
        let (_, port) = address.rsplit_once(':')?;
        self.is_http().then_some((port, host))
    }
}

impl fmt::Display for SiteBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.protocol, self.information)
    }
}

impl AppPool {
    /// Whether it serves that folder, however it is spelled.
    pub fn serves(&self, folder: &str) -> bool {
        let plain = |path: &str| path.trim_end_matches('\\').to_lowercase();
        let mut applications = self.applications.iter();
        applications.any(|application| plain(&application.physical_path) == plain(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_has_port_and_host_name() {
        for (protocol, information, port, host) in [
            ("http", "*:8088:", Some(8088), None),
            (
                "https",
                "[::1]:443:pamapi.contoso.com",
                Some(443),
                Some("pamapi.contoso.com"),
            ),
            ("HTTP", "10.0.0.1:80:mim", Some(80), Some("mim")),
            ("net.tcp", "808:*", None, None),
            ("http", "*:x:", None, None),
            ("http", "", None, None),
        ] {
            let binding = SiteBinding {
                protocol: protocol.to_owned(),
                information: information.to_owned(),
            };
            assert_eq!((binding.port(), binding.host()), (port, host), "{binding}");
        }
    }

    #[test]
    fn identities_read_as_words_and_numbers() {
        let user = PoolIdentity::from_configuration("3", r"CONTOSO\MIMPool$").unwrap();
        assert_eq!(
            Some(&user),
            PoolIdentity::from_configuration("SpecificUser", r"CONTOSO\MIMPool$").as_ref()
        );
        assert_eq!(user.to_string(), r"CONTOSO\MIMPool$");
        for number in ["0", "1", "2", "4"] {
            let identity = PoolIdentity::from_configuration(number, "").unwrap();
            assert_eq!(
                PoolIdentity::from_configuration(identity.kind(), "ignored"),
                Some(identity)
            );
        }
        assert_eq!(PoolIdentity::from_configuration("3", ""), None);
    }

    #[test]
    fn a_pool_is_found_by_the_folder_that_it_serves() {
        let pool = AppPool {
            name: PoolName::parse("MIM Portal").unwrap(),
            identity: PoolIdentity::NetworkService,
            state: PoolState::Started,
            auto_start: true,
            applications: vec![PoolApplication {
                site: "MIM".to_owned(),
                path: "/".to_owned(),
                physical_path: r"C:\inetpub\wwwroot\wss\VirtualDirectories\80".to_owned(),
                bindings: Vec::new(),
            }],
        };
        assert!(pool.serves(r"c:\inetpub\wwwroot\WSS\virtualdirectories\80\"));
        assert!(!pool.serves(r"C:\inetpub\wwwroot"));
    }
}
