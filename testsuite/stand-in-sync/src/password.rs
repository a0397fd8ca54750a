//! Passwords, and the salted hash that proves one without keeping it.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::account::Account;

/// A password; wiped on drop.
#[derive(PartialEq, Eq)]
pub struct Password(Zeroizing<Box<str>>);

impl Password {
    /// Takes the password over.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// SHA-256 over salt, account and password, in hex. The same input gives the same proof, so that a
    /// host taken back to an earlier state is equal to it, byte for byte.
    pub fn proof(&self, salt: &[u8], account: &Account) -> String {
        let account = account.to_string().to_lowercase();
        let parts = [salt, account.as_bytes(), b"\0", self.0.as_bytes()];
        hex::encode(
            parts
                .into_iter()
                .fold(Sha256::new(), |hash, part| hash.chain_update(part))
                .finalize(),
        )
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The password argument of a key tool.
#[derive(Debug, PartialEq, Eq)]
pub enum PasswordArgument {
    /// Not given.
    Absent,
    /// `*`: asked for, one line on stdin.
    Asked,
    /// In clear text.
    Given(Password),
}

impl PasswordArgument {
    /// Reads the argument behind an account, if there is one.
    pub fn parse(argument: Option<&str>) -> Self {
        match argument {
            None => Self::Absent,
            Some("*") => Self::Asked,
            Some(text) => Self::Given(Password::new(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_depends_on_salt_account_and_password() {
        let account = |name| Account::parse(name).unwrap();
        let proof = Password::new("one").proof(b"salt", &account(r"A\b"));
        assert_eq!(proof, Password::new("one").proof(b"salt", &account(r"a\B")));
        assert_ne!(proof, Password::new("two").proof(b"salt", &account(r"A\b")));
        assert_ne!(proof, Password::new("one").proof(b"salt", &account(r"A\c")));
        assert_ne!(
            proof,
            Password::new("one").proof(b"other", &account(r"A\b"))
        );
        assert_eq!(format!("{:?}", Password::new("one")), "Password(..)");
    }
}
