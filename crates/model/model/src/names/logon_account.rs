//! Whom a service runs as.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::SamAccountName;

/// `DOMAIN\name`: a logon account as the service control manager stores it.
///
/// Local and built-in accounts (`LocalSystem`, `NT AUTHORITY\…`, `.\name`) are [`LogonAccount::Other`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum LogonAccount {
    /// An account of a domain, by its NetBIOS name.
    Domain {
        /// NetBIOS name of the domain, in capitals.
        domain: String,
        /// `sAMAccountName`, with the `$` where there is one.
        name: SamAccountName,
    },
    /// Anything else, as it stands in the service's configuration.
    Other(String),
}

impl LogonAccount {
    /// The account `name` of the domain whose NetBIOS name is `domain`.
    pub fn domain(domain: &str, name: SamAccountName) -> Self {
        Self::Domain {
            domain: domain.to_uppercase(),
            name,
        }
    }

    /// Whether both name the same account: Windows compares these names without regard to case.
    pub fn same_as(&self, other: &LogonAccount) -> bool {
        self.to_string().eq_ignore_ascii_case(&other.to_string())
    }

    /// The account's `sAMAccountName` if it belongs to the domain with that NetBIOS or DNS name.
    pub fn in_domain(&self, netbios: &str) -> Option<&SamAccountName> {
        match self {
            Self::Domain { domain, name } if domain.eq_ignore_ascii_case(netbios) => Some(name),
            _ => None,
        }
    }

    /// The name without a trailing `$`: the form that `miisactivate` wants.
    pub fn without_dollar(&self) -> String {
        let text = self.to_string();
        text.strip_suffix('$').map(str::to_owned).unwrap_or(text)
    }
}

impl From<String> for LogonAccount {
    fn from(text: String) -> Self {
        if let Some((domain, name)) = text.split_once('\\')
            && !domain.eq_ignore_ascii_case("NT AUTHORITY")
            && !domain.eq_ignore_ascii_case("NT SERVICE")
            && domain != "."
            && !domain.is_empty()
            && let Ok(name) = name.parse()
        {
            return Self::domain(domain, name);
        }
        Self::Other(text)
    }
}

impl From<LogonAccount> for String {
    fn from(account: LogonAccount) -> String {
        account.to_string()
    }
}

impl fmt::Display for LogonAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain { domain, name } => write!(f, "{domain}\\{name}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for LogonAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logon_accounts_keep_built_ins_apart() {
        assert_eq!(
            LogonAccount::from(r"contoso\svc".to_owned()),
            LogonAccount::domain("CONTOSO", "svc".parse().unwrap())
        );
        for text in ["LocalSystem", r"NT AUTHORITY\NetworkService", r".\svc"] {
            assert_eq!(
                LogonAccount::from(text.to_owned()),
                LogonAccount::Other(text.to_owned())
            );
        }
        assert_eq!(
            LogonAccount::from(r"C\g$".to_owned()).without_dollar(),
            r"C\g"
        );
    }
}
