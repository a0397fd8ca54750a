//! The command line of setup in change mode: what its package's custom action gives to `stand-in-setup.exe`.

use crate::Usage;
use crate::account::Account;
use crate::installation::Refusal;
use crate::password::Password;

/// The first argument of what only looks at what was told.
pub const CHECK: &str = "check";
/// The first argument of what does it.
pub const CHANGE: &str = "change";
/// How it is called.
pub const USAGE: &str =
    r"usage: stand-in-setup check|change DOMAIN\name FILE [PASSWORD]; FILE may be empty";

/// What setup in change mode is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Whom the service is to run as.
    pub account: Account,
    /// The key set file that the question at the end is answered with; none is given in a silent run of the product.
    pub key_set: Option<String>,
    /// The password of an account that is not managed.
    pub password: Option<Password>,
}

impl Change {
    /// Reads the arguments behind the verb.
    ///
    /// # Errors
    /// A line that is none.
    pub fn parse(arguments: &[String]) -> Result<Self, Usage> {
        let (account, file, password) = match arguments {
            [account, file] => (account, file, None),
            [account, file, password] => (account, file, Some(Password::new(password))),
            _ => return Err(Usage(USAGE)),
        };
        Ok(Self {
            account: Account::parse(account).ok_or(Usage(USAGE))?,
            key_set: Some(file.clone()).filter(|file| !file.is_empty()),
            password,
        })
    }

    /// What setup checks before it changes anything.
    ///
    /// # Errors
    /// A managed account with a password, or another one without.
    pub fn check(&self) -> Result<(), Refusal> {
        let account = || self.account.clone();
        match (self.account.is_managed(), &self.password) {
            (true, Some(_)) => Err(Refusal::PasswordNotWanted(account())),
            (false, None) => Err(Refusal::PasswordNeeded(account())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GMSA: &str = r"CONTOSO\MIMSyncGMSAsvc$";
    const USER: &str = r"CONTOSO\svc-mimsync";

    fn parsed(line: &[&str]) -> Result<Change, Usage> {
        let line: Vec<_> = line.iter().map(ToString::to_string).collect();
        Change::parse(&line)
    }

    #[test]
    fn a_key_set_is_given_or_not() {
        let silent = parsed(&[GMSA, ""]).unwrap();
        assert_eq!((&silent.key_set, silent.check()), (&None, Ok(())));
        let asked = parsed(&[GMSA, r"C:\k.bin"]).unwrap();
        assert_eq!(asked.key_set.as_deref(), Some(r"C:\k.bin"));
    }

    #[test]
    fn an_account_comes_with_its_password_unless_it_is_managed() {
        assert_eq!(parsed(&[USER, "", "right"]).unwrap().check(), Ok(()));
        for line in [&[GMSA, "", "right"][..], &[USER, ""]] {
            assert!(parsed(line).unwrap().check().is_err(), "{line:?}");
        }
        for line in [&[][..], &[GMSA], &[r"\", ""], &[GMSA, "", "a", "b"]] {
            assert_eq!(parsed(line), Err(Usage(USAGE)), "{line:?}");
        }
    }
}
