//! How people name a server: `SERVER`, `SERVER\INSTANCE`, `SERVER,PORT`.

use std::fmt;
use std::str::FromStr;

/// The port of a default instance.
const DEFAULT_PORT: u16 = 1433;

/// A server as an operator names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// Name of the computer or listener.
    pub host: String,
    /// A named instance whose port is to be found out.
    pub instance: Option<String>,
    /// The port, where it was given.
    pub port: Option<u16>,
}

/// Why a text names no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no server: say SERVER, SERVER\\INSTANCE or SERVER,PORT")]
pub struct InvalidServerAddress(String);

impl ServerAddress {
    /// The port to connect to, where nobody has to be asked for it.
    pub fn known_port(&self) -> Option<u16> {
        match (&self.instance, self.port) {
            (_, Some(port)) => Some(port),
            (None, None) => Some(DEFAULT_PORT),
            (Some(_), None) => None,
        }
    }
}

impl FromStr for ServerAddress {
    type Err = InvalidServerAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidServerAddress(text.to_owned());
        let bare = text.strip_prefix("tcp:").unwrap_or(text);
        let (bare, port) = match bare.rsplit_once(',') {
            Some((bare, port)) => {
                let port = port.trim().parse().ok().filter(|port| *port != 0);
                (bare, Some(port.ok_or_else(invalid)?))
            }
            None => (bare, None),
        };
        let (host, instance) = match bare.split_once('\\') {
            Some((host, instance)) => (host, Some(instance)),
            None => (bare, None),
        };
        let plain = |name: &&str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "-_.$#".contains(c))
        };
        // MSSQLSERVER is what the default instance is called.
        let instance = instance.filter(|name| !name.eq_ignore_ascii_case("MSSQLSERVER"));
        if !plain(&host) || !instance.iter().all(plain) {
            return Err(invalid());
        }
        Ok(Self {
            host: host.to_owned(),
            instance: instance.map(str::to_owned),
            port,
        })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(instance) = &self.instance {
            write!(f, "\\{instance}")?;
        }
        self.port.map_or(Ok(()), |port| write!(f, ",{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_to_name_a_server() {
        for (text, host, instance, port) in [
            ("SQL01", "SQL01", None, Some(1433)),
            ("SQL01.contoso.com", "SQL01.contoso.com", None, Some(1433)),
            ("SQL01\\MIM", "SQL01", Some("MIM"), None),
            ("SQL01\\MSSQLSERVER", "SQL01", None, Some(1433)),
            ("SQL01,14330", "SQL01", None, Some(14330)),
            ("tcp:SQL01\\MIM, 1500", "SQL01", Some("MIM"), Some(1500)),
        ] {
            let address: ServerAddress = text.parse().unwrap();
            assert_eq!(address.host, host, "{text}");
            assert_eq!(address.instance.as_deref(), instance, "{text}");
            assert_eq!(address.known_port(), port, "{text}");
        }
        for text in [
            "", ",1433", "SQL01,", "SQL01,0", "SQL01,x", "\\MIM", "a b", "x;y", "a\\b\\c",
        ] {
            text.parse::<ServerAddress>().unwrap_err();
        }
    }
}
