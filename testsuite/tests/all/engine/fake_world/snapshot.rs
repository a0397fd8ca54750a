//! Everything that a conversion may touch, as lines of text that can be compared.

use super::state::State;

/// The directory and the hosts at one moment.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot(Vec<String>);

impl Snapshot {
    pub fn of(state: &State) -> Self {
        let mut lines = Vec::new();
        for found in state.accounts.values() {
            let (account, principals) = (&found.account, &found.retrieval_principals);
            let delegation = &found.delegation;
            lines.push(format!(
                "account {account:?}, retrieved by {principals:?}, {delegation:?}"
            ));
        }
        lines.extend(
            state
                .groups
                .values()
                .map(|group| format!("group {group:?}")),
        );
        let lists = state.access_lists.iter();
        lines.extend(lists.map(|(object, list)| format!("{object}: {}", list.to_sddl())));
        for (place, accounts) in &state.databases {
            let there = accounts.values();
            let there = there.filter(|it| !it.logins.is_empty() || !it.users.is_empty());
            lines.extend(there.map(|access| format!("database {place} {access:?}")));
        }
        for (name, host) in &state.hosts {
            for found in host.services.values() {
                let password = found.password.as_deref();
                let proves = state.is_password(&found.service.logon_account, password);
                lines.push(format!(
                    "{name} {:?}, password right: {proves}",
                    found.service
                ));
            }
            lines.extend(
                host.files
                    .iter()
                    .map(|file| format!("{name} file {file:?}")),
            );
            lines.extend(
                host.folders
                    .iter()
                    .map(|folder| format!("{name} folder {folder}")),
            );
            lines.extend(
                host.registry
                    .iter()
                    .map(|value| format!("{name} registry {value:?}")),
            );
            lines.extend(host.settings.lines(name));
            let keys = host.key_set.iter();
            lines.extend(
                keys.map(|keys| format!("{name} key set {} for {}", keys.id, keys.bound_to)),
            );
        }
        lines.sort();
        Self(lines)
    }

    /// Fails with the lines that differ, unless there are none.
    pub fn assert_is(&self, expected: &Self, context: &str) {
        let missing = expected.0.iter().filter(|line| !self.0.contains(line));
        let strange = self.0.iter().filter(|line| !expected.0.contains(line));
        let missing = missing.map(|line| format!("- {line}"));
        let differences: Vec<_> = missing
            .chain(strange.map(|line| format!("+ {line}")))
            .collect();
        assert!(
            differences.is_empty(),
            "{context}:\n{}",
            differences.join("\n")
        );
    }
}
