//! The secret half of a key pair.

use std::fmt;

/// The secret keys of an identity file, as `age-keygen` writes it; wiped when they are dropped.
pub struct Identities(Vec<age::x25519::Identity>);

/// Why a text is no identity file. What stands in it is never repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentities {
    /// It has to be decrypted itself first.
    #[error(
        "it is protected with a passphrase: decrypt it first with age --decrypt, into a file that only you can read"
    )]
    Protected,
    /// A line is neither an identity, nor a comment, nor empty.
    #[error("line {0} is no identity: AGE-SECRET-KEY-1 and what follows, as age-keygen writes it")]
    Line(usize),
    /// There are comments at most.
    #[error("there is no identity in it")]
    None,
}

impl Identities {
    /// Reads an identity file: one identity a line, comments after `#`.
    ///
    /// # Errors
    /// [`InvalidIdentities`], with the number of the line.
    pub fn parse(text: &str) -> Result<Self, InvalidIdentities> {
        if text.starts_with("age-encryption.org/") || text.starts_with("-----BEGIN AGE ENCRYPTED") {
            return Err(InvalidIdentities::Protected);
        }
        let mut identities = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let identity = line.parse().map_err(|_| InvalidIdentities::Line(number))?;
            identities.push(identity);
        }
        match identities.is_empty() {
            true => Err(InvalidIdentities::None),
            false => Ok(Self(identities)),
        }
    }

    pub(crate) fn as_age(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|identity| identity as &dyn age::Identity)
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identities(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "AGE-SECRET-KEY-13XNA04C0S6PWLPY0Y84MGS6TRQ0E3Y5J3Q4ZYFAWJZJA5CEHFCTQKT64NP";

    #[test]
    fn a_file_of_age_keygen_is_read() {
        let file =
            format!("# created: 2026-11-28T16:00:00Z\n# public key: age1…\n{TEXT}\r\n\n{TEXT}\n");
        let identities = Identities::parse(&file).unwrap();
        assert_eq!(identities.as_age().count(), 2);
        assert_eq!(format!("{identities:?}"), "Identities(..)");
    }

    #[test]
    fn what_is_none_is_named_by_its_line() {
        let misspelt = TEXT.replacen("PWLP", "PWLL", 1);
        for (text, error) in [
            (format!("# one\n{misspelt}\n"), InvalidIdentities::Line(2)),
            ("# nothing\n".to_owned(), InvalidIdentities::None),
            (
                "age-encryption.org/v1\n-> scrypt".to_owned(),
                InvalidIdentities::Protected,
            ),
        ] {
            assert_eq!(Identities::parse(&text).unwrap_err(), error, "{error}");
            assert!(!error.to_string().contains("SECRET-KEY-13"));
        }
    }
}
