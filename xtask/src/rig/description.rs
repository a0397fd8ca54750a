//! The files that tell tests and gmsactl how to reach the rig: `env`; `estate.toml` and `conversion.toml` for the first
//! host alone, whom most tests convert; `reference-estate.toml` with every host.

use std::path::PathBuf;

use super::estate::{self, ServiceAccount, WindowsHost};
use super::layout::Layout;
use crate::system::files;

/// The subsystem of every host's sshd that starts the agent.
pub const SUBSYSTEM: &str = "gmsactl-agent";

/// The estate with every host.
const REFERENCE: &str = "reference-estate.toml";

/// Writes the files.
pub fn write(layout: &Layout) -> anyhow::Result<()> {
    files::write(&layout.path("env"), &variables(layout))?;
    let first = estate::HOSTS.get(..1).unwrap_or_default();
    files::write(&layout.path("estate.toml"), &estate_toml(first))?;
    files::write(&layout.path(REFERENCE), &estate_toml(estate::HOSTS))?;
    files::write(&layout.path("conversion.toml"), &conversion_toml())
}

/// Shell variables, one `KEY=value` a line.
fn variables(layout: &Layout) -> String {
    let text = [
        ("RIG_DC", estate::DC),
        ("RIG_DC_IP", estate::DC_ADDRESS),
        ("RIG_DOMAIN", estate::DOMAIN),
        ("RIG_REALM", estate::REALM),
        ("RIG_NETBIOS", estate::NETBIOS),
        ("RIG_ADMIN", estate::ADMINISTRATOR),
        ("RIG_SYNC_ACCOUNT", estate::SYNC_ACCOUNT),
    ];
    let mut paths = vec![
        ("RIG_PASSWORD_FILE", layout.password(estate::ADMINISTRATOR)),
        (
            "RIG_SYNC_PASSWORD_FILE",
            layout.password(estate::SYNC_ACCOUNT),
        ),
        ("RIG_CA_FILE", layout.path("ca.pem")),
        ("RIG_KRB5_CONFIG", layout.krb5_config()),
        ("RIG_ESTATE", layout.path("estate.toml")),
        ("RIG_REFERENCE_ESTATE", layout.path(REFERENCE)),
        ("RIG_WINE_PREFIXES", layout.path("wine")),
        ("RIG_INTENT", layout.path("conversion.toml")),
        ("RIG_PACKAGE", layout.sync_package()),
        ("RIG_SERVICE_PACKAGE", layout.service_package()),
        ("RIG_PYTHON", layout.path("python/bin/python")),
    ];
    if let Some(host) = estate::HOSTS.first() {
        paths.push(("RIG_MACHINE_KEYTAB", layout.path(keytab(host))));
        paths.push(("RIG_WINE_PREFIX", prefix(layout, host)));
    }
    let text = text.map(|(key, value)| format!("{key}={value}\n"));
    let paths = paths
        .into_iter()
        .map(|(key, path)| format!("{key}={}\n", quoted(&path.display().to_string())));
    text.into_iter().chain(paths).collect()
}

/// The value as the shell reads it: most need no quotes.
fn quoted(value: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "'\\''"))
    }
}

/// With these hosts, and the passwords of all accounts that services on them run as.
fn estate_toml(hosts: &[WindowsHost]) -> String {
    let (domain, dc, address) = (estate::DOMAIN, estate::DC, estate::DC_ADDRESS);
    let (netbios, administrator) = (estate::NETBIOS, estate::ADMINISTRATOR);
    let addresses: String = hosts
        .iter()
        .map(|host| format!("\"{}\" = \"127.0.0.1\"\n", host.dns_name))
        .collect();
    let known = |account: &&ServiceAccount| hosts.len() > 1 || account.name == estate::SYNC_ACCOUNT;
    let accounts = estate::SERVICE_ACCOUNTS.iter().filter(known);
    let credentials: String = accounts
        .map(|ServiceAccount { name, .. }| {
            format!(
                "\n[[credential]]\naccount = '{netbios}\\{name}'\npassword = {{ file = \"{name}.password\" }}\n"
            )
        })
        .collect();
    let hosts: String = hosts.iter().map(host_toml).collect();
    format!(
        r#"format = 1
name = "rig"

[domain]
name = "{domain}"
server = "{dc}"
auth = "kerberos"
transport = "sealed"
user = "{administrator}"
password = {{ file = "{administrator}.password" }}
ca-file = "ca.pem"

[addresses]
"{dc}" = "{address}"
{addresses}{hosts}{credentials}"#
    )
}

fn host_toml(host: &WindowsHost) -> String {
    let WindowsHost {
        name,
        dns_name,
        port,
        role: _,
    } = host;
    let keytab = keytab(host);
    format!(
        r#"
[[host]]
name = "{name}"
dns-name = "{dns_name}"
transport = "ssh"
port = {port}
user = "root"
identity-file = "ssh/id_ed25519"
known-hosts = "ssh/known_hosts"
subsystem = "{SUBSYSTEM}"
machine-keytab = "{keytab}"
"#
    )
}

fn conversion_toml() -> String {
    let active = estate::HOSTS
        .first()
        .map(|host| host.name)
        .unwrap_or_default();
    format!(
        r#"format = 1

[[conversion]]
component = "sync"
hosts = ["{active}"]
gmsa = "MIMSyncGMSAsvc"
retrieval-group = "MIMSync_Servers"
strategy = "direct"
key-set = 'C:\MIMBackup\miiskeys-1.bin'
"#
    )
}

/// The host's machine keytab, in the rig's folder.
pub fn keytab(host: &WindowsHost) -> String {
    format!("{}.keytab", host.file_name())
}

/// The host's Wine prefix.
pub fn prefix(layout: &Layout, host: &WindowsHost) -> PathBuf {
    layout.path("wine").join(host.file_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_the_shell_would_split() {
        assert_eq!(quoted("/a/b-c.d"), "/a/b-c.d");
        assert_eq!(quoted("/it's here"), r"'/it'\''s here'");
    }

    #[test]
    fn both_toml_files_are_toml() {
        let all: toml::Table = toml::from_str(&estate_toml(estate::HOSTS)).unwrap();
        assert_eq!(all["host"].as_array().unwrap().len(), 5);
        assert_eq!(all["credential"].as_array().unwrap().len(), 8);
        let estate: toml::Table = toml::from_str(&estate_toml(&estate::HOSTS[..1])).unwrap();
        assert_eq!(estate["credential"].as_array().unwrap().len(), 1);
        assert_eq!(estate["host"][0]["port"].as_integer(), Some(2201));
        assert_eq!(
            estate["credential"][0]["account"].as_str(),
            Some(r"CONTOSO\svc-mimsync")
        );
        let conversion: toml::Table = toml::from_str(&conversion_toml()).unwrap();
        assert_eq!(
            conversion["conversion"][0]["hosts"][0].as_str(),
            Some("MIMSYNC01")
        );
    }
}
