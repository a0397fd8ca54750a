//! Where a product has its database: what its host's registry says, as anybody in the network would name it.

use serde::{Deserialize, Serialize};

use crate::names::DnsName;

/// What a product calls a server that is the host itself, beside an empty name.
const ITSELF: [&str; 5] = [".", "(local)", "localhost", "127.0.0.1", "::1"];

/// A database on a server, as anybody in the network names both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DatabasePlace {
    /// `SERVER`, `SERVER\\INSTANCE` or `SERVER,PORT`.
    pub server: String,
    /// The database's name.
    pub database: String,
}

impl std::fmt::Display for DatabasePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.database, self.server)
    }
}

/// Registry values of a host that name a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseLocation {
    /// The key of all.
    pub key: String,
    /// Name of the value with the server; the host itself where it is empty.
    pub server_value: String,
    /// Name of the value with the instance, for a product that has it apart.
    pub instance_value: Option<String>,
    /// Name of the value with the database.
    pub name_value: String,
}

impl DatabaseLocation {
    /// The names of its values.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let names = [&self.server_value, &self.name_value];
        let names = names.into_iter().chain(&self.instance_value);
        names.map(String::as_str)
    }

    /// What a host's registry says, `read` a value of the key at a time: the product speaks from that host, so a server
    /// that is the host itself gets its name. `None` where no database is named.
    pub fn of<'a>(
        &self,
        host: &DnsName,
        read: impl Fn(&str) -> Option<&'a str>,
    ) -> Option<DatabasePlace> {
        let database = read(&self.name_value).filter(|name| !name.is_empty())?;
        let instance = self.instance_value.as_deref().and_then(&read);
        Some(DatabasePlace {
            server: server(
                host,
                read(&self.server_value).unwrap_or_default(),
                instance.unwrap_or_default(),
            ),
            database: database.to_owned(),
        })
    }
}

fn server(host: &DnsName, text: &str, instance: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("tcp:").unwrap_or(text);
    let (name, rest) = text.split_at(text.find(['\\', ',']).unwrap_or(text.len()));
    let name = match name.trim() {
        name if name.is_empty() || ITSELF.iter().any(|it| it.eq_ignore_ascii_case(name)) => {
            host.as_str()
        }
        name => name,
    };
    match instance.trim() {
        instance if rest.is_empty() && !instance.is_empty() => format!("{name}\\{instance}"),
        _ => format!("{name}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(server: Option<&str>, instance: Option<&str>, name: Option<&str>) -> Option<String> {
        let location = DatabaseLocation {
            key: r"HKLM\SOFTWARE\Product".to_owned(),
            server_value: "Server".to_owned(),
            instance_value: Some("SQLInstance".to_owned()),
            name_value: "DBName".to_owned(),
        };
        let host = "mim01.contoso.com".parse().unwrap();
        let place = location.of(&host, |value| match value {
            "Server" => server,
            "SQLInstance" => instance,
            _ => name,
        });
        Some(place?.to_string())
    }

    #[test]
    fn the_host_itself_has_a_name_for_others() {
        for (server, instance, seen) in [
            (None, None, "mim01.contoso.com"),
            (Some(""), Some(""), "mim01.contoso.com"),
            (Some("."), None, "mim01.contoso.com"),
            (Some("(local)"), Some("MIM"), r"mim01.contoso.com\MIM"),
            (
                Some(r"LocalHost\MIM"),
                Some("OTHER"),
                r"mim01.contoso.com\MIM",
            ),
            (
                Some("localhost,1500"),
                Some("MIM"),
                "mim01.contoso.com,1500",
            ),
            (Some(r"tcp:.\MIM,1500"), None, r"mim01.contoso.com\MIM,1500"),
            (Some("SQL01"), Some("MIM"), r"SQL01\MIM"),
            (Some("SQL01"), None, "SQL01"),
            (Some("LOCAL"), None, "LOCAL"),
            (Some("localhost.contoso.com"), None, "localhost.contoso.com"),
        ] {
            let expected = format!("Sync on {seen}");
            assert_eq!(place(server, instance, Some("Sync")), Some(expected));
        }
        assert_eq!(place(Some("SQL01"), None, None), None);
        assert_eq!(place(Some("SQL01"), None, Some("")), None);
    }
}
