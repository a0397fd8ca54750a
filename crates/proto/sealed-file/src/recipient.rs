//! The public half of a key pair.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whom a file is sealed to: an X25519 public key in age's own text form, `age1…`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Recipient(age::x25519::Recipient);

/// Why a text is no recipient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecipient {
    /// The secret half was given; it is not repeated here.
    #[error(
        "this is an identity, the secret half of a pair, and it has been seen now: make a new pair with age-keygen, and \
         name its recipient, age1…"
    )]
    Identity,
    /// Another sort of key.
    #[error(
        "{0:?} is a key of another sort: name a recipient such as age-keygen prints, age1… with 62 characters"
    )]
    OtherSort(String),
    /// Misspelt or cut off.
    #[error(
        "{0:?} is no recipient: copy it whole as age-keygen prints it, age1… with 62 characters; a letter of it is wrong \
         or missing"
    )]
    Misspelt(String),
}

impl Recipient {
    pub(crate) fn as_age(&self) -> &dyn age::Recipient {
        &self.0
    }
}

impl FromStr for Recipient {
    type Err = InvalidRecipient;

    fn from_str(text: &str) -> Result<Self, InvalidRecipient> {
        let lower = text.to_ascii_lowercase();
        if lower.contains("age-secret-key-") {
            return Err(InvalidRecipient::Identity);
        }
        // age1pq1… and age1tag1… are of other sorts, too: in age's own, no 1 follows the first one.
        let own = lower
            .strip_prefix("age1")
            .is_some_and(|rest| !rest.contains('1'));
        if !own {
            return Err(InvalidRecipient::OtherSort(text.to_owned()));
        }
        match text.parse() {
            Ok(recipient) => Ok(Self(recipient)),
            Err(_) => Err(InvalidRecipient::Misspelt(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Recipient {
    type Error = InvalidRecipient;

    fn try_from(text: String) -> Result<Self, InvalidRecipient> {
        text.parse()
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.to_string()
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk";

    #[test]
    fn a_recipient_keeps_its_text() {
        let recipient: Recipient = TEXT.parse().unwrap();
        assert_eq!(recipient.to_string(), TEXT);
        assert_eq!(TEXT.to_uppercase().parse(), Ok(recipient));
    }

    #[test]
    fn what_is_none_is_told_apart() {
        let secret = "AGE-SECRET-KEY-1QQQQ";
        let error = secret.parse::<Recipient>().unwrap_err();
        assert_eq!(error, InvalidRecipient::Identity);
        assert!(!error.to_string().contains("QQQQ"), "{error}");
        for other in ["", "ssh-ed25519 AAAA", "age1pq1qqqq", "age1yubikey1qqqq"] {
            let error = other.parse::<Recipient>().unwrap_err();
            assert!(matches!(error, InvalidRecipient::OtherSort(_)), "{error}");
        }
        for misspelt in [
            TEXT.replace('z', "y"),
            TEXT[..TEXT.len() - 1].to_owned(),
            format!("{TEXT}q"),
        ] {
            let error = misspelt.parse::<Recipient>().unwrap_err();
            assert!(matches!(error, InvalidRecipient::Misspelt(_)), "{error}");
        }
    }
}
