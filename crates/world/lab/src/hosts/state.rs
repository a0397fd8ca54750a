//! What a host is: everything that a saved lab keeps of it.

use std::collections::BTreeSet;

use agent_protocol::UnixMillis;
use model::names::{HostName, SamAccountName};
use security::{FileTime, Interval};
use serde::{Deserialize, Serialize};

use super::access_lists::KeptLists;
use super::app_pool::AppPool;
use super::domain::Token;
use super::event_log::EventLog;
use super::files::Files;
use super::local_groups::LocalGroups;
use super::pace::Pace;
use super::products::Kept;
use super::registry::Registry;
use super::rights::Rights;
use super::scheduled_task::ScheduledTask;
use super::services::Services;

/// A Windows release as a host reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowsRelease {
    /// Product name, such as `Windows Server 2019 Datacenter`.
    pub name: String,
    /// `major.minor`.
    pub version: String,
    /// Build number.
    pub build: u32,
    /// Update revision.
    pub revision: u32,
}

impl WindowsRelease {
    /// Windows Server 2019.
    pub fn server_2019() -> Self {
        Self::new("Windows Server 2019 Datacenter", "10.0", 17763, 6532)
    }

    /// Windows Server 2012 R2: the release whose key distribution service may hang.
    pub fn server_2012_r2() -> Self {
        Self::new("Windows Server 2012 R2 Standard", "6.3", 9600, 22_221)
    }

    fn new(name: &str, version: &str, build: u32, revision: u32) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            build,
            revision,
        }
    }
}

/// Whether a host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Power {
    /// It runs.
    On,
    /// It restarts, and runs again from that moment on.
    Restarting(FileTime),
    /// It was to restart and waits for a service that never gets out of its starting state: only
    /// [`super::LabHost::reset`] helps.
    HangsShuttingDown,
}

/// Everything about one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostState {
    /// Its name.
    pub name: HostName,
    /// Its operating system.
    pub windows: WindowsRelease,
    /// Whether it is a domain controller: then it has the key distribution service `kdssvc`.
    pub domain_controller: bool,
    /// When it was booted, by the lab's time.
    pub booted: FileTime,
    /// How far its clock is ahead of the lab's, in seconds.
    pub clock_offset_seconds: i64,
    /// Whether it runs.
    pub power: Power,
    /// How long a restart takes.
    pub restart_takes: Interval,
    /// How long everything else takes.
    #[serde(default)]
    pub pace: Pace,
    /// Kerberos encryption types that its policy allows ([MS-KILE] 2.2.7 bits).
    pub encryption_types: u32,
    /// The computer account's token of its last boot or ticket purge.
    pub machine_token: Token,
    /// Standalone managed service accounts that were installed here.
    pub installed_accounts: BTreeSet<SamAccountName>,
    /// Its services.
    pub services: Services,
    /// Its registry.
    pub registry: Registry,
    /// Its files.
    pub files: Files,
    /// Its event log.
    pub events: EventLog,
    /// Its user rights.
    pub rights: Rights,
    /// Access lists of namespaces, reserved URLs, files and keys.
    #[serde(default = "KeptLists::fresh")]
    pub lists: KeptLists,
    /// Its local groups.
    #[serde(default)]
    pub local_groups: LocalGroups,
    /// When group policy was applied last, by the lab's time.
    pub policy_applied: FileTime,
    /// Application pools of its web server.
    pub app_pools: Vec<AppPool>,
    /// Its scheduled tasks.
    pub tasks: Vec<ScheduledTask>,
    /// What products keep on it.
    #[serde(rename = "mim", default)]
    pub kept: Kept,
}

impl HostState {
    /// A freshly installed member server.
    pub fn new(name: HostName, windows: WindowsRelease) -> Self {
        let mut state = Self {
            name,
            windows,
            domain_controller: false,
            booted: FileTime::ZERO,
            clock_offset_seconds: 0,
            power: Power::On,
            restart_takes: Interval::from_minutes(3),
            pace: Pace::AT_ONCE,
            encryption_types: 0x1c, // RC4, AES128, AES256
            machine_token: Token::default(),
            installed_accounts: BTreeSet::new(),
            services: Services::default(),
            registry: Registry::default(),
            files: Files::default(),
            events: EventLog::default(),
            rights: Rights::default(),
            lists: KeptLists::fresh(),
            local_groups: LocalGroups::default(),
            policy_applied: FileTime::ZERO,
            app_pools: Vec::new(),
            tasks: Vec::new(),
            kept: Kept::default(),
        };
        state.install_windows();
        state
    }

    fn install_windows(&mut self) {
        use super::files::Content;
        use super::programs::Program;
        for key in [
            r"HKLM\SOFTWARE",
            r"HKLM\SOFTWARE\Microsoft\Ole",
            r"HKLM\SYSTEM\CurrentControlSet\Services",
        ] {
            self.registry.set_text(key, "", "");
        }
        self.registry.set_text(
            r"HKLM\SOFTWARE\Classes\AppID\{69AD4AEE-51BE-439B-A92C-86AE490E8B30}",
            "",
            "Background Intelligent Transfer Service",
        );
        for (file, program) in Program::OF_WINDOWS {
            self.files.put(
                &format!(r"C:\Windows\System32\{file}"),
                Content::Program(program.clone()),
            );
        }
        self.files.put(r"C:\Program Files", Content::Directory);
    }

    /// The host's clock, when the lab's shows `now`.
    pub fn clock(&self, now: FileTime) -> FileTime {
        let ticks = i128::from(now.as_ticks()) + i128::from(self.clock_offset_seconds) * 10_000_000;
        FileTime::from_ticks(u64::try_from(ticks).unwrap_or_default())
    }
}

/// A time as the agent's protocol writes it.
pub fn unix_millis(time: FileTime) -> UnixMillis {
    UnixMillis(i64::try_from(time.to_unix_nanos() / 1_000_000).unwrap_or_default())
}
