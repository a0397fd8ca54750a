//! Account names as services and their tools write them.

use std::fmt;

/// `DOMAIN\name`; a group managed service account ends in `$`. Compared without regard to case.
#[derive(Debug, Clone)]
pub struct Account(String);

impl Account {
    /// Reads `DOMAIN\name`; anything else is not an account.
    pub fn parse(text: &str) -> Option<Self> {
        let (domain, name) = text.split_once('\\')?;
        let sound = !domain.is_empty() && !name.is_empty() && !name.contains('\\') && name != "$";
        sound.then(|| Self(text.to_owned()))
    }

    /// Its name in the domain.
    pub fn name(&self) -> &str {
        self.0.split_once('\\').map_or("", |(_, name)| name)
    }

    /// Whether this names a group managed service account.
    pub fn is_managed(&self) -> bool {
        self.0.ends_with('$')
    }

    /// The managed account whose name was written without its `$`.
    pub fn with_dollar(&self) -> Self {
        Self(format!("{}$", self.0))
    }

    /// The account as tools name it that take a managed account without its `$`.
    pub fn without_dollar(&self) -> Self {
        Self(self.0.trim_end_matches('$').to_owned())
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}

impl Eq for Account {}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_domain_and_name() {
        for wrong in [
            "",
            "svc",
            r"\svc",
            r"CONTOSO\",
            r"A\b\c",
            r"CONTOSO\$",
            "svc@contoso.com",
        ] {
            assert_eq!(Account::parse(wrong), None, "{wrong}");
        }
        let account = Account::parse(r"CONTOSO\svc-mimsync").unwrap();
        assert_eq!(
            Some(&account),
            Account::parse(r"contoso\SVC-MIMSYNC").as_ref()
        );
        assert!(!account.is_managed());
        assert_eq!(account.name(), "svc-mimsync");
        assert!(account.with_dollar().is_managed());
        assert_eq!(account.with_dollar().without_dollar(), account);
    }
}
