//! The rig as it is, read past gmsactl: every object of the domain, and what a conversion could touch on MIMSYNC01.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ldap::{Client, ConnectOptions, Control, Entry, Filter, Mechanism, Scope, SdFlags, Search};

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

/// Registry keys that a conversion could touch.
const REGISTRY: &[&str] = &[
    r"HKLM\System\CurrentControlSet\Services",
    r"HKLM\Software\Microsoft",
    r"HKLM\Software\Stand-in Synchronization Service",
];

/// Keys that Wine writes anew for every process that asks for network cards.
const VOLATILE: &str = r"\CurrentVersion\NetworkCards";

/// Folders on drive C that a conversion could touch.
const FOLDERS: &[&str] = &[
    "MIMBackup",
    "Program Files/Microsoft Forefront Identity Manager",
];

/// Long enough for another test to remove what it made outside of its corner.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

/// Lines, in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Dump(BTreeSet<String>);

impl Dump {
    /// Reads everything.
    pub fn take() -> Self {
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
        lines.extend(REGISTRY.iter().flat_map(|key| registry(key)));
        lines.extend(service());
        let drive = Rig::get().path("RIG_WINE_PREFIX").join("drive_c");
        for folder in FOLDERS {
            files(&drive.join(folder), &mut lines);
        }
        Self(lines)
    }

    /// Nothing differs from this dump any more.
    #[track_caller]
    pub fn assert_unchanged(&self) {
        let since = Instant::now();
        let mut now = Self::take();
        while now != *self && since.elapsed() < SETTLED_WITHIN {
            now = Self::take();
        }
        let gone: Vec<_> = self
            .0
            .difference(&now.0)
            .map(|line| format!("- {line}"))
            .collect();
        let new: Vec<_> = now
            .0
            .difference(&self.0)
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
        self.0.contains(line)
    }

    /// The lines that hold this text.
    pub fn about(&self, text: &str) -> Vec<&str> {
        self.0
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

fn registry(key: &str) -> Vec<String> {
    let exported = tempfile::NamedTempFile::new().unwrap();
    let windows_path = format!(
        "Z:{}",
        exported.path().display().to_string().replace('/', r"\")
    );
    wine(&["reg", "export", key, &windows_path, "/y"]);
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

/// Whether the service runs.
fn service() -> Vec<String> {
    let said = wine(&["sc", "query", "FIMSynchronizationService"]);
    let state = said.lines().find(|line| line.contains("STATE")).unwrap();
    vec![format!("service {}", state.trim())]
}

fn wine(arguments: &[&str]) -> String {
    let output = Command::new("wine")
        .args(arguments)
        .env("WINEPREFIX", Rig::get().value("RIG_WINE_PREFIX"))
        .env("WINEDEBUG", "-all")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Names and content, without logs: they only ever grow.
fn files(folder: &Path, lines: &mut BTreeSet<String>) {
    lines.insert(format!("folder {}", folder.display()));
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, lines);
        } else if path.extension().is_none_or(|extension| extension != "log") {
            let mut hash = DefaultHasher::new();
            fs::read(&path).unwrap().hash(&mut hash);
            lines.insert(format!("file {} {:016x}", path.display(), hash.finish()));
        }
    }
}
