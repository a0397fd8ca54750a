//! The recipients of an intent: one text, or a list of them.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, SeqAccess, Visitor};

use crate::host::{InvalidRecipient, Recipient};

/// Refuses a text with the secret half of a key pair in it, before a message about its syntax can quote the line.
pub(super) fn without_identity(text: &str) -> Result<(), InvalidRecipient> {
    match text.to_ascii_uppercase().contains("AGE-SECRET-KEY-") {
        true => Err(InvalidRecipient::Identity),
        false => Ok(()),
    }
}

/// One recipient, or a list of them.
pub(super) fn one_or_several<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Recipient>, D::Error> {
    deserializer.deserialize_any(OneOrSeveral)
}

struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Vec<Recipient>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a recipient, age1…, or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<Recipient>, E> {
        Ok(vec![text.parse().map_err(E::custom)?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Recipient>, A::Error> {
        let mut recipients = Vec::new();
        while let Some(recipient) = list.next_element()? {
            recipients.push(recipient);
        }
        match recipients.is_empty() {
            true => Err(A::Error::custom(
                "the list of recipients is empty: name one, or leave the key out",
            )),
            false => Ok(recipients),
        }
    }
}
