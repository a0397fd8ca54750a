//! What an installation knows: its key set, the account it is bound to, and the rules around both.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::key_set::KeySet;
use crate::password::Password;

/// Why the stand-in refuses.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// The service's logon account changed, and the key set was not activated for it.
    #[error(
        "the server encryption keys could not be accessed: they are bound to {bound}, the service logs on as {logon}"
    )]
    KeysBoundElsewhere {
        /// Whom the key set is bound to.
        bound: Account,
        /// Whom the service logs on as.
        logon: Account,
    },
    /// The export names another account than the one the key set is bound to.
    #[error("{0} is not the account of the synchronization service")]
    NotTheServiceAccount(Account),
    /// A user account's password is needed.
    #[error("the password of {0} is needed")]
    PasswordNeeded(Account),
    /// A managed account has no password that could be given.
    #[error("{0} is a managed account: no password can be given")]
    PasswordNotWanted(Account),
    /// The password is wrong, or the account is not known.
    #[error("logon failure: unknown user name or bad password")]
    LogonFailure,
    /// Activation needs the service stopped.
    #[error("the synchronization service is running: stop it first")]
    ServiceRunning,
    /// Activation names another account than the service's logon account.
    #[error("the synchronization service does not log on as {0}")]
    NotTheLogonAccount(Account),
    /// Activation takes a managed account's name without `$`.
    #[error("name the managed account without its $")]
    DollarNotWanted,
    /// The file is no export, or damaged.
    #[error("the file is not a key set file, or it is damaged")]
    NotAKeySet,
    /// The file is an export of other keys.
    #[error("the file holds another key set than this installation's")]
    OtherKeySet,
}

/// One installation of the Synchronization Service.
pub struct Installation {
    /// Its keys.
    pub key_set: KeySet,
    /// The only account under which the service starts.
    pub bound_to: Account,
    /// The passwords that user accounts have proved at setup, by account in lower case.
    pub proofs: BTreeMap<String, String>,
}

/// The service as its control manager shows it.
pub struct Service {
    /// Whom it logs on as.
    pub logon_account: Account,
    /// Whether it is stopped.
    pub stopped: bool,
}

impl Installation {
    /// The installation that setup leaves: new keys, bound to the account given at setup.
    pub fn new(key_set: KeySet, account: Account, password: &Password) -> Self {
        let proof = password.proof(key_set.id(), &account);
        let proofs = BTreeMap::from([(account.to_string().to_lowercase(), proof)]);
        Self {
            key_set,
            bound_to: account,
            proofs,
        }
    }

    /// Whether the service may start under its present logon account.
    pub fn start(&self, logon_account: Account) -> Result<(), Refusal> {
        if logon_account == self.bound_to {
            return Ok(());
        }
        Err(Refusal::KeysBoundElsewhere {
            bound: self.bound_to.clone(),
            logon: logon_account,
        })
    }

    /// Whether `account` may export the key set. A managed account is named with or without its `$`: the
    /// documentation shows a placeholder only.
    pub fn may_export(
        &self,
        account: &Account,
        password: Option<&Password>,
    ) -> Result<(), Refusal> {
        let managed = self.bound_to.is_managed();
        if self.bound_to != *account && !(managed && self.bound_to == account.with_dollar()) {
            return Err(Refusal::NotTheServiceAccount(account.clone()));
        }
        match (managed, password) {
            (true, None) => Ok(()),
            (true, Some(_)) => Err(Refusal::PasswordNotWanted(account.clone())),
            (false, password) => self.log_on(account, password),
        }
    }

    /// Binds the key set to the service's present logon account.
    pub fn activate(
        &mut self,
        file: &[u8],
        service: &Service,
        account: &Account,
        password: Option<&Password>,
    ) -> Result<(), Refusal> {
        if !service.stopped {
            return Err(Refusal::ServiceRunning);
        }
        if account.is_managed() {
            return Err(Refusal::DollarNotWanted);
        }
        let logon = &service.logon_account;
        if logon.is_managed() {
            if *logon != account.with_dollar() {
                return Err(Refusal::NotTheLogonAccount(account.clone()));
            }
            if password.is_some() {
                return Err(Refusal::PasswordNotWanted(logon.clone()));
            }
        } else {
            if logon != account {
                return Err(Refusal::NotTheLogonAccount(account.clone()));
            }
            self.log_on(account, password)?;
        }
        match KeySet::from_file(file) {
            None => Err(Refusal::NotAKeySet),
            Some(keys) if keys != self.key_set => Err(Refusal::OtherKeySet),
            Some(_) => {
                self.bound_to = logon.clone();
                Ok(())
            }
        }
    }

    fn log_on(&self, account: &Account, password: Option<&Password>) -> Result<(), Refusal> {
        let password = password.ok_or_else(|| Refusal::PasswordNeeded(account.clone()))?;
        let known = self.proofs.get(&account.to_string().to_lowercase());
        match known {
            Some(proof) if *proof == password.proof(self.key_set.id(), account) => Ok(()),
            _ => Err(Refusal::LogonFailure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = r"CONTOSO\svc-mimsync";
    const GMSA: &str = r"CONTOSO\MIMSyncGMSAsvc$";

    fn account(name: &str) -> Account {
        Account::parse(name).unwrap()
    }

    fn installed() -> Installation {
        Installation::new(
            KeySet::random().unwrap(),
            account(USER),
            &Password::new("right"),
        )
    }

    fn stopped(logon_account: &str) -> Service {
        Service {
            logon_account: account(logon_account),
            stopped: true,
        }
    }

    #[test]
    fn starts_only_under_the_account_it_is_bound_to() {
        let mut sync = installed();
        assert_eq!(sync.start(account(USER)), Ok(()));
        assert!(matches!(
            sync.start(account(GMSA)),
            Err(Refusal::KeysBoundElsewhere { .. })
        ));

        let file = sync.key_set.expose_file();
        let named = account(r"contoso\mimsyncgmsasvc");
        assert_eq!(sync.activate(&file, &stopped(GMSA), &named, None), Ok(()));
        assert_eq!(sync.start(account(GMSA)), Ok(()));
        assert!(sync.start(account(USER)).is_err());

        let password = Password::new("right");
        assert_eq!(
            sync.activate(&file, &stopped(USER), &account(USER), Some(&password)),
            Ok(())
        );
        assert_eq!(sync.start(account(USER)), Ok(()));
    }

    #[test]
    fn exports_for_the_bound_account_only() {
        let mut sync = installed();
        let (right, wrong) = (Password::new("right"), Password::new("wrong"));
        assert_eq!(sync.may_export(&account(USER), Some(&right)), Ok(()));
        assert_eq!(
            sync.may_export(&account(USER), Some(&wrong)),
            Err(Refusal::LogonFailure)
        );
        assert_eq!(
            sync.may_export(&account(USER), None),
            Err(Refusal::PasswordNeeded(account(USER)))
        );
        let other = account(r"CONTOSO\other");
        assert_eq!(
            sync.may_export(&other, Some(&right)),
            Err(Refusal::NotTheServiceAccount(other))
        );

        sync.bound_to = account(GMSA);
        assert_eq!(sync.may_export(&account(GMSA), None), Ok(()));
        assert_eq!(
            sync.may_export(&account(GMSA.trim_end_matches('$')), None),
            Ok(())
        );
        assert!(matches!(
            sync.may_export(&account(GMSA), Some(&right)),
            Err(Refusal::PasswordNotWanted(_))
        ));
        assert!(matches!(
            sync.may_export(&account(USER), Some(&right)),
            Err(Refusal::NotTheServiceAccount(_))
        ));
    }

    #[test]
    fn activation_refuses_whatever_does_not_fit() {
        let mut sync = installed();
        let file = sync.key_set.expose_file();
        let (named, right) = (account(r"CONTOSO\MIMSyncGMSAsvc"), Password::new("right"));
        let running = Service {
            stopped: false,
            ..stopped(GMSA)
        };
        let other_keys = KeySet::random().unwrap().expose_file();
        let user = account(USER);

        assert_eq!(
            sync.activate(&file, &running, &named, None),
            Err(Refusal::ServiceRunning)
        );
        assert_eq!(
            sync.activate(&file, &stopped(GMSA), &account(GMSA), None),
            Err(Refusal::DollarNotWanted)
        );
        let password_given = sync.activate(&file, &stopped(GMSA), &named, Some(&right));
        assert_eq!(
            password_given,
            Err(Refusal::PasswordNotWanted(account(GMSA)))
        );
        let not_set_yet = sync.activate(&file, &stopped(USER), &named, None);
        assert_eq!(not_set_yet, Err(Refusal::NotTheLogonAccount(named.clone())));
        assert_eq!(
            sync.activate(&file, &stopped(USER), &user, None),
            Err(Refusal::PasswordNeeded(user.clone()))
        );
        assert_eq!(
            sync.activate(&other_keys, &stopped(GMSA), &named, None),
            Err(Refusal::OtherKeySet)
        );
        assert_eq!(
            sync.activate(b"x", &stopped(GMSA), &named, None),
            Err(Refusal::NotAKeySet)
        );
        assert_eq!(sync.bound_to, user);
    }
}
