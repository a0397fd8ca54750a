//! What was found on a host.

use std::collections::BTreeMap;

use security::FileTime;
use serde::{Deserialize, Serialize};

use super::HostAccess;
use crate::database::{DatabaseLocation, DatabasePlace};
use crate::host::{AccessList, AccountRight, RightHolders, SiteBinding, TaskLogon, TaskPath};
use crate::names::{ComponentId, DnsName, HostName, LogonAccount, ServiceName};

/// One host as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostInventory {
    /// The name in `estate.toml`.
    pub name: HostName,
    /// DNS name from `estate.toml`.
    pub dns_name: DnsName,
    /// Operating system and clock.
    pub facts: HostFacts,
    /// Win32 services whose logon account is not a built-in one, and those of the catalogue.
    pub services: Vec<Service>,
    /// Application pools of the web server.
    #[serde(default)]
    pub app_pools: Vec<AppPool>,
    /// Scheduled tasks that run as an account of a domain.
    #[serde(default)]
    pub tasks: Vec<Task>,
    /// Who may log on how; empty where that could not be read.
    #[serde(default)]
    pub rights: Vec<RightHolders>,
    /// What single accounts of a domain may do by the access lists of the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<HostAccess>,
    /// Those of these lists that are there and could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread_access_lists: Vec<AccessList>,
    /// Whether the service that keeps managed passwords (`kdssvc`) starts with the network; `None` where it is not
    /// installed or could not be read.
    #[serde(default)]
    pub kdssvc_starts_with_network: Option<bool>,
    /// Installed products.
    pub products: Vec<Product>,
    /// Registry values that the catalogue asks for: `key!value` → text.
    pub registry: BTreeMap<String, String>,
    /// Files that the intent names and that are there: path → SHA-256.
    pub files: BTreeMap<String, String>,
    /// Components of the catalogue found here.
    pub components: Vec<ComponentId>,
}

/// What a host says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// The computer name that Windows has.
    pub computer_name: String,
    /// Operating system name.
    pub os_name: String,
    /// Version, such as `10.0.20348`.
    pub os_version: String,
    /// When it booted.
    pub booted: Option<FileTime>,
    /// Its clock minus ours, in seconds.
    pub clock_skew_seconds: i64,
    /// Version of the agent.
    pub agent_version: String,
}

/// A Windows service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Key name.
    pub name: ServiceName,
    /// Display name.
    pub display_name: String,
    /// The account that it runs as.
    pub logon_account: LogonAccount,
    /// The managed-account flag; `None` where the system does not tell.
    pub managed_account: Option<bool>,
    /// How it starts.
    pub start: ServiceStart,
    /// What it does now.
    pub state: ServiceState,
    /// The command line of its process.
    pub image_path: String,
    /// Key names of services that depend on it.
    pub dependants: Vec<ServiceName>,
}

impl Service {
    /// Its program, without quotes and arguments.
    pub fn program(&self) -> &str {
        program_of(&self.image_path)
    }
}

/// The program of a service's command line, without quotes and arguments.
pub fn program_of(command_line: &str) -> &str {
    if let Some(quoted) = command_line.strip_prefix('"') {
        return quoted.split('"').next().unwrap_or_default();
    }
    let end = command_line.to_ascii_lowercase().find(".exe");
    let end = end.map(|at| at + ".exe".len());
    end.and_then(|end| command_line.get(..end))
        .unwrap_or(command_line)
}

/// An application pool of the web server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPool {
    /// Its name.
    pub name: String,
    /// The account that it runs as; `ApplicationPoolIdentity` and the like for built-in ones.
    pub account: LogonAccount,
    /// Whether it is started.
    pub started: bool,
    /// Folders of the web applications that it serves.
    pub folders: Vec<String>,
    /// Where their sites listen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<SiteBinding>,
}

impl AppPool {
    /// Where clients find it: the first binding of plain HTTP, else the first of HTTPS.
    pub fn http_binding(&self) -> Option<&SiteBinding> {
        let is = |protocol: &'static str| {
            let mut bindings = self.bindings.iter();
            bindings.find(move |binding| binding.protocol.eq_ignore_ascii_case(protocol))
        };
        is("http").or_else(|| is("https"))
    }
}

/// A scheduled task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Folder and name.
    pub path: TaskPath,
    /// The account that it runs as, as its definition spells it: a name or a SID.
    pub account: LogonAccount,
    /// How that account logs on.
    pub logon: TaskLogon,
    /// Whether it runs by its triggers.
    pub enabled: bool,
}

/// When a service starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceStart {
    /// With the system, or as a driver.
    Boot,
    /// By itself after boot.
    Automatic,
    /// When asked for.
    Manual,
    /// Never.
    Disabled,
}

/// What a service does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// It does not run.
    Stopped,
    /// It runs.
    Running,
    /// It is paused.
    Paused,
    /// It is between two states.
    Changing,
}

/// An installed product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// `DisplayName`.
    pub name: String,
    /// `DisplayVersion`.
    pub version: String,
    /// `Publisher`.
    pub publisher: String,
    /// Name of its Uninstall key: the product code for MSI packages.
    pub code: String,
}

impl HostInventory {
    /// Who holds a right; `None` where that could not be read. Some account can always log on as a service on Windows:
    /// where nobody holds any right, the system does not tell.
    pub fn right(&self, right: AccountRight) -> Option<&RightHolders> {
        let told = self.rights.iter().any(|held| !held.holders.is_empty());
        let mut rights = self.rights.iter().filter(|_| told);
        rights.find(|held| held.right == right)
    }

    /// The service of that name, if it is installed.
    pub fn service(&self, name: &ServiceName) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| service.name.as_str().eq_ignore_ascii_case(name.as_str()))
    }

    /// Whether it is Windows Server 2012 R2, by its version number, 6.3.
    pub fn is_2012_r2(&self) -> bool {
        self.facts.os_version == "6.3" || self.facts.os_version.starts_with("6.3.")
    }

    /// A registry value that discovery read.
    pub fn registry_text(&self, key: &str, value: &str) -> Option<&str> {
        self.registry
            .get(&registry_path(key, value))
            .map(String::as_str)
    }

    /// The database that its registry names.
    pub fn database(&self, location: &DatabaseLocation) -> Option<DatabasePlace> {
        location.of(&self.dns_name, |value| {
            self.registry_text(&location.key, value)
        })
    }
}

/// How [`HostInventory::registry`] names a value.
pub fn registry_path(key: &str, value: &str) -> String {
    format!("{key}!{value}")
}
