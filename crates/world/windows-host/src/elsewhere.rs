//! Systems that are not Windows: facts, and nothing else of their own.

use std::fs;
use std::time::SystemTime;

use agent_protocol::{Failure, FailureKind, HostFacts, Reply, Request, Secret, UnixMillis};

use crate::files::unix_millis;

/// Refuses what only Windows has.
pub fn handle(_request: Request, _secret: &Secret) -> Result<Reply, Failure> {
    Err(Failure::new(
        FailureKind::NotSupported,
        "this host is not a Windows host",
    ))
}

/// Facts as Linux keeps them below /etc and /proc.
pub fn facts() -> Result<HostFacts, Failure> {
    let release = read("/proc/sys/kernel/osrelease");
    Ok(HostFacts {
        os_name: field(&read("/etc/os-release"), "PRETTY_NAME=")
            .unwrap_or_else(|| std::env::consts::OS.into()),
        os_version: release.splitn(3, '.').take(2).collect::<Vec<_>>().join("."),
        os_build: release,
        computer_name: read("/proc/sys/kernel/hostname"),
        dns_domain: None,
        joined_domain: None,
        booted_at: field(&read("/proc/stat"), "btime ")
            .and_then(|seconds| seconds.parse::<i64>().ok()?.checked_mul(1000))
            .map(UnixMillis),
        now: unix_millis(SystemTime::now()).unwrap_or(UnixMillis(0)),
        elevated: field(&read("/proc/self/status"), "Uid:")
            .is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0")),
    })
}

/// Text of a small system file; empty where there is none.
fn read(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Rest of the line that starts with `name`, without quotes.
fn field(text: &str, name: &str) -> Option<String> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(rest.trim().trim_matches('"').to_owned())
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_plausible() {
        let facts = facts().unwrap();
        assert!(!facts.computer_name.is_empty());
        assert!(facts.booted_at.unwrap() < facts.now);
    }

    #[test]
    fn services_are_not_supported() {
        let failure = handle(Request::Services, &Secret::none()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotSupported);
    }
}
