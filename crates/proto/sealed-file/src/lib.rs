//! Files that only the holder of a key can read: the age format, version 1 (age-encryption.org/v1), X25519 keys.
//!
//! | item | what |
//! |---|---|
//! | [`Recipient`] | the public half, `age1…`: may stand in an intent, a plan, a journal |
//! | [`Identities`] | the secret half, out of an identity file: never leaves the machine that it was read on |
//! | [`seal`], [`open`] | a content to recipients, and back with an identity of one of them |
//! | [`is_sealed`] | whether a content is such a file, by its beginning |
//!
//! Left to others: files and where they lie. Left out: passphrases, SSH keys, plugins and the text form of a sealed file.
//!
//! Each sealed file has a key of its own, from the operating system's generator: the same content sealed twice is two
//! different files. This is the one thing on this floor that is no function of its input.

mod identity;
mod recipient;

use std::io::{Read, Write};

use age::DecryptError;
use zeroize::Zeroizing;

pub use identity::{Identities, InvalidIdentities};
pub use recipient::{InvalidRecipient, Recipient};

/// Why a content could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nobody could read it.
    #[error("there is no recipient")]
    NoRecipient,
    /// The format's own failure.
    #[error("the content cannot be encrypted: {0}")]
    Failed(String),
}

/// Why a sealed file could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is no file of this format.
    #[error("it is no file that age encrypted")]
    NotSealed,
    /// It is for others.
    #[error("it was not encrypted to any of these identities")]
    NotForUs,
    /// It begins well, and is cut off or changed.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// Encrypts a content to everybody named.
///
/// # Errors
/// Without a recipient, and where the operating system gives no random numbers.
pub fn seal(plain: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, SealError> {
    let failed = |error: &dyn std::fmt::Display| SealError::Failed(error.to_string());
    let named = recipients.iter().map(Recipient::as_age);
    let encryptor = age::Encryptor::with_recipients(named).map_err(|_| SealError::NoRecipient)?;
    let mut sealed = Vec::new();
    let mut writer = encryptor
        .wrap_output(&mut sealed)
        .map_err(|error| failed(&error))?;
    let written = writer.write_all(plain).and_then(|()| writer.finish());
    written.map_err(|error| failed(&error))?;
    Ok(sealed)
}

/// Whether it begins as every sealed file does.
pub fn is_sealed(content: &[u8]) -> bool {
    content.starts_with(b"age-encryption.org/")
}

/// Decrypts what was sealed to one of the identities; the content is wiped when it is dropped.
///
/// # Errors
/// [`OpenError`]; nothing of a damaged content is given out.
pub fn open(sealed: &[u8], identities: &Identities) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let decryptor = age::Decryptor::new(sealed).map_err(told)?;
    let mut reader = decryptor.decrypt(identities.as_age()).map_err(told)?;
    // The content is shorter than what it is sealed in: the buffer does not grow, and leaves no copy behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader
        .read_to_end(&mut plain)
        .map_err(|error| OpenError::Damaged(error.to_string()))?;
    Ok(plain)
}

fn told(error: DecryptError) -> OpenError {
    match error {
        DecryptError::InvalidHeader | DecryptError::UnknownFormat => OpenError::NotSealed,
        DecryptError::NoMatchingKeys => OpenError::NotForUs,
        DecryptError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            OpenError::NotSealed
        }
        other => OpenError::Damaged(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Two pairs as age-keygen writes them, made for these tests and used nowhere else.
    const ONE: (&str, &str) = (
        "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk",
        "AGE-SECRET-KEY-13XNA04C0S6PWLPY0Y84MGS6TRQ0E3Y5J3Q4ZYFAWJZJA5CEHFCTQKT64NP",
    );
    const OTHER: (&str, &str) = (
        "age1pc5mahl54x8wk7p7trh6r2hqaf2ajddzt6ugstxzz82qzscdn5fs64tsf2",
        "AGE-SECRET-KEY-15ZC43JU9VNSXN9UELEUUZW6SG2U7RF65Y580VUKP7Y74669CSLTQUMSJ5K",
    );

    fn recipient(pair: (&str, &str)) -> Recipient {
        pair.0.parse().unwrap()
    }

    fn identities(pair: (&str, &str)) -> Identities {
        Identities::parse(pair.1).unwrap()
    }

    #[test]
    fn each_recipient_opens_it_and_nobody_else() {
        let both = seal(b"keys", &[recipient(ONE), recipient(OTHER)]).unwrap();
        for pair in [ONE, OTHER] {
            assert_eq!(**open(&both, &identities(pair)).unwrap(), *b"keys");
        }
        let one = seal(b"keys", &[recipient(ONE)]).unwrap();
        assert_eq!(open(&one, &identities(OTHER)), Err(OpenError::NotForUs));
        assert!(!one.windows(4).any(|part| part == b"keys"));
        assert_ne!(one, seal(b"keys", &[recipient(ONE)]).unwrap());
        assert!(matches!(seal(b"keys", &[]), Err(SealError::NoRecipient)));
    }

    #[test]
    fn damage_anywhere_is_noticed() {
        let sealed = seal(b"keys", &[recipient(ONE)]).unwrap();
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(open(&damaged, &identities(ONE)).is_err(), "byte {at}");
            assert!(
                open(&sealed[..at], &identities(ONE)).is_err(),
                "cut at {at}"
            );
        }
        for other in [&b""[..], b"MIISKEYS", &[0; 300]] {
            assert_eq!(open(other, &identities(ONE)), Err(OpenError::NotSealed));
        }
    }
}
