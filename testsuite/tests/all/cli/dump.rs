//! The rig as it is, read past gmsactl: every object of the domain, and what a conversion could touch on its hosts.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use ldap::{Client, ConnectOptions, Control, Entry, Filter, Mechanism, Scope, SdFlags, Search};

use super::wine::Wine;
use crate::rig::Rig;

/// Attributes that a domain controller writes by itself, and why they say nothing about what a run changed.
const IGNORED: &[(&str, &str)] = &[
    (
        "uSNChanged",
        "counts writes, also those that were taken back",
    ),
    (
        "whenChanged",
        "time of the last write, also of one that was taken back",
    ),
    ("logonCount", "every log-on counts, the operator's own too"),
    ("lastLogon", "time of the last log-on"),
    ("lastLogonTimestamp", "the same, replicated"),
    ("badPwdCount", "tests log on with wrong passwords"),
    ("badPasswordTime", "tests log on with wrong passwords"),
    ("rIDNextRID", "a deleted account's SID is never given again"),
    (
        "rIDPreviousAllocationPool",
        "moves on when a pool is used up",
    ),
    ("rIDUsedPool", "counts pools that are used up"),
    ("rIDAvailablePool", "shrinks when a pool is used up"),
    ("rIDAllocationPool", "moves on when a pool is used up"),
];

/// Organizational units of other tests, as a domain controller spells their names.
const SCRATCH: &[&str] = &["OU=\\# ", "OU=\\23 "];

/// Registry keys that a conversion could touch on any host.
const SERVICES: &str = r"HKLM\System\CurrentControlSet\Services";
const PRODUCTS: &str = r"HKLM\Software\Microsoft";

/// A host: what more of its registry and drive C counts, and its services.
struct DumpedHost {
    name: Wine,
    registry: &'static str,
    folder: &'static str,
    services: &'static [&'static str],
}

const SYNC_01: DumpedHost = DumpedHost {
    name: Wine("mimsync01"),
    registry: r"HKLM\Software\Stand-in Synchronization Service",
    folder: "MIMBackup",
    services: &["FIMSynchronizationService"],
};
const SYNC_02: DumpedHost = DumpedHost {
    name: Wine("mimsync02"),
    ..SYNC_01
};
const SERVICE_01: DumpedHost = DumpedHost {
    name: Wine("mimsvc01"),
    registry: r"HKLM\Software\Stand-in IIS",
    folder: "windows/system32/inetsrv",
    services: &["FIMService"],
};
const SERVICE_02: DumpedHost = DumpedHost {
    name: Wine("mimsvc02"),
    ..SERVICE_01
};
const PAM_01: DumpedHost = DumpedHost {
    name: Wine("mimpam01"),
    services: &[
        "PamMonitoringService",
        "PrivilegeManagementComponentService",
    ],
    ..SERVICE_01
};

const EVERY_HOST: &[DumpedHost] = &[SYNC_01, SYNC_02, SERVICE_01, SERVICE_02, PAM_01];

/// Keys that Wine writes anew for every process that asks for network cards.
const VOLATILE: &str = r"\CurrentVersion\NetworkCards";

/// The folder on drive C that a conversion could touch on any host.
const FOLDER: &str = "Program Files/Microsoft Forefront Identity Manager";

/// Long enough for another test to remove what it made outside of its corner.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

/// Lines, in order.
pub struct Dump {
    lines: BTreeSet<String>,
    hosts: &'static [DumpedHost],
}

impl Dump {
    /// Reads the domain and MIMSYNC01.
    pub fn take() -> Self {
        Self::of(&[SYNC_01])
    }

    /// Reads the domain and all hosts.
    pub fn take_every_host() -> Self {
        Self::of(EVERY_HOST)
    }

    /// Reads whom and what runs on all hosts, and nothing else.
    pub fn take_what_runs() -> Self {
        let mut lines = BTreeSet::new();
        for host in EVERY_HOST {
            lines.extend(host.named(&host.what_runs()));
        }
        Self {
            lines,
            hosts: EVERY_HOST,
        }
    }

    fn of(hosts: &'static [DumpedHost]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut lines: BTreeSet<_> = runtime
            .block_on(directory())
            .iter()
            .flat_map(object)
            .collect();
        lines.retain(|line| !SCRATCH.iter().any(|name| line.contains(name)));
        for host in hosts {
            let own = host.whole();
            lines.extend(if hosts.len() > 1 {
                host.named(&own)
            } else {
                own
            });
        }
        Self { lines, hosts }
    }

    /// Nothing differs from this dump any more.
    #[track_caller]
    pub fn assert_unchanged(&self) {
        let since = Instant::now();
        let mut now = Self::of(self.hosts).lines;
        while now != self.lines && since.elapsed() < SETTLED_WITHIN {
            now = Self::of(self.hosts).lines;
        }
        let gone: Vec<_> = self
            .lines
            .difference(&now)
            .map(|line| format!("- {line}"))
            .collect();
        let new: Vec<_> = now
            .difference(&self.lines)
            .map(|line| format!("+ {line}"))
            .collect();
        assert!(
            gone.is_empty() && new.is_empty(),
            "{}\n{}",
            gone.join("\n"),
            new.join("\n")
        );
    }

    /// Whether a line says this.
    pub fn says(&self, line: &str) -> bool {
        self.lines.contains(line)
    }

    /// The lines that hold this text.
    pub fn about(&self, text: &str) -> Vec<&str> {
        self.lines
            .iter()
            .filter(|line| line.contains(text))
            .map(String::as_str)
            .collect()
    }
}

/// A connection as the rig's administrator, without gmsactl's directory port.
pub async fn connect() -> Client {
    let rig = Rig::get();
    let address: IpAddr = rig.value("RIG_DC_IP").parse().unwrap();
    let auth = ldap::Auth::Kerberos {
        mechanism: Mechanism::Gssapi,
        user: format!("{}@{}", rig.value("RIG_ADMIN"), rig.value("RIG_REALM")),
        secret: ldap::LogonSecret::Password(ldap::Password::new(rig.password("RIG_PASSWORD_FILE"))),
    };
    let address = SocketAddr::new(address, 389);
    let options = ConnectOptions::new(rig.value("RIG_DC"), address, ldap::Transport::Sealed, auth);
    Client::connect(&options).await.unwrap()
}

async fn directory() -> Vec<Entry> {
    let everything = Search::new(
        "DC=contoso,DC=com",
        Scope::Subtree,
        Filter::present("objectClass"),
    )
    .attributes(["*", "nTSecurityDescriptor"])
    .control(Control::sd_flags(SdFlags::OWNER_GROUP_DACL));
    connect()
        .await
        .search_paged(&everything, 500)
        .await
        .unwrap()
        .entries
}

fn object(entry: &Entry) -> Vec<String> {
    let counts = |name: &&str| {
        IGNORED
            .iter()
            .any(|(ignored, _)| name.eq_ignore_ascii_case(ignored))
    };
    let mut lines = vec![format!("{}", entry.dn.as_str())];
    for attribute in entry
        .attributes
        .iter()
        .filter(|attribute| !counts(&attribute.name()))
    {
        for value in attribute.values() {
            let text =
                std::str::from_utf8(value).map_or_else(|_| hex::encode(value), str::to_owned);
            lines.push(format!(
                "{} {}: {text}",
                entry.dn.as_str(),
                attribute.name()
            ));
        }
    }
    lines
}

impl DumpedHost {
    fn whole(&self) -> Vec<String> {
        let mut lines = self.what_runs();
        lines.extend(self.exported(PRODUCTS));
        files(&self.name.prefix().join("drive_c").join(FOLDER), &mut lines);
        lines
    }

    fn what_runs(&self) -> Vec<String> {
        let mut lines = self.exported(SERVICES);
        lines.extend(self.exported(self.registry));
        lines.extend(self.services.iter().map(|service| self.service(service)));
        files(
            &self.name.prefix().join("drive_c").join(self.folder),
            &mut lines,
        );
        lines
    }

    /// Lines of one host among several begin with its name.
    fn named(&self, lines: &[String]) -> Vec<String> {
        let named = lines.iter().map(|line| format!("{} {line}", self.name.0));
        named.collect()
    }

    fn exported(&self, key: &str) -> Vec<String> {
        let exported = tempfile::NamedTempFile::new().unwrap();
        let windows_path = format!(
            "Z:{}",
            exported.path().display().to_string().replace('/', r"\")
        );
        self.name.says(&["reg", "export", key, &windows_path, "/y"]);
        let units: Vec<u16> = fs::read(exported.path())
            .unwrap()
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        let text = String::from_utf16(&units).unwrap().replace("\\\r\n", "");
        assert!(text.lines().count() > 5, "{key} is empty: {text}");
        let mut section = "";
        let mut lines = Vec::new();
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            if !section.contains(VOLATILE) {
                lines.push(format!("{section} {line}"));
            }
        }
        lines
    }

    /// Whether a service runs.
    fn service(&self, name: &str) -> String {
        let said = self.name.says(&["sc", "query", name]);
        let state = said.lines().find(|line| line.contains("STATE")).unwrap();
        format!("service {name} {}", state.trim())
    }
}

/// Names and content, without logs: they only ever grow.
fn files(folder: &Path, lines: &mut Vec<String>) {
    lines.push(format!("folder {}", folder.display()));
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, lines);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "config")
        {
            let content = fs::read_to_string(&path).unwrap();
            let shown = content
                .lines()
                .map(|line| format!("file {} {}", path.display(), masked(line)));
            lines.extend(shown);
        } else if path.extension().is_none_or(|extension| extension != "log") {
            let mut hash = DefaultHasher::new();
            fs::read(&path).unwrap().hash(&mut hash);
            lines.push(format!("file {} {:016x}", path.display(), hash.finish()));
        }
    }
}

/// Without a password's encrypted text, which differs each time. That the right one is in it shows when its pool starts.
fn masked(line: &str) -> String {
    match (line.find("[enc:"), line.find(":enc]")) {
        (Some(from), Some(to)) => format!("{}…{}", &line[..from], &line[to..]),
        _ => line.to_owned(),
    }
}
