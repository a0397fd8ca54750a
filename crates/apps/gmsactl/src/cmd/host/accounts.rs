//! Accounts that are named on the command line: who they are, and their passwords.

use std::path::PathBuf;

use clap::Args;
use model::estate::SecretSource;
use model::host::AccountRight;
use model::names::LogonAccount;
use model::ports::Host;
use model::secret::Password;
use security::Sid;

use crate::error::Failure;
use crate::passwords::{self, Supplied};
use crate::session::Session;

/// The account that something is to run as.
#[derive(Debug, Args)]
pub struct NewAccount {
    /// The new account: CONTOSO\NAME$ for a gMSA, CONTOSO\NAME, or one of Windows' own.
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub account: LogonAccount,
    /// A file whose first line is the account's password; a gMSA has none.
    #[arg(long, value_name = "FILE")]
    account_password_file: Option<PathBuf>,
}

impl NewAccount {
    /// Whether Windows fetches its password itself: the name ends with a dollar sign.
    pub fn is_managed(&self) -> bool {
        is_managed(&self.account)
    }

    /// Whether a password is to be set although the account stays.
    pub fn names_password(&self) -> bool {
        self.account_password_file.is_some()
    }

    /// Its password: from the file, the estate's credentials or the terminal; none for a gMSA and for
    /// accounts of Windows.
    pub fn password(&self, session: &Session<'_>) -> Result<Option<Password>, Failure> {
        let account = &self.account;
        if self.is_managed() || !matches!(account, LogonAccount::Domain { .. }) {
            return match self.account_password_file {
                None => Ok(None),
                Some(_) => Err(
                    Failure::new("usage", format!("{account} takes no password"))
                        .hint("leave --account-password-file out"),
                ),
            };
        }
        let interactive = session.is_interactive();
        let password = match &self.account_password_file {
            Some(file) => {
                let source = SecretSource::File(file.clone());
                Some(passwords::read(&source, &account.to_string(), interactive)?)
            }
            None => Supplied::of(&session.estate, std::slice::from_ref(account), interactive)?
                .into_one(),
        };
        let missing = || {
            Failure::new("not-configured", format!("there is no password for {account}"))
                .hint("--account-password-file FILE, or [[credential]] in estate.toml; on a terminal it is asked for")
        };
        password.map(Some).ok_or_else(missing)
    }
}

/// Whether Windows fetches the account's password itself.
pub fn is_managed(account: &LogonAccount) -> bool {
    account.to_string().ends_with('$')
}

/// Reads an account's name.
pub fn account(text: &str) -> Result<LogonAccount, String> {
    match text.trim() {
        "" => Err("an account has a name".to_owned()),
        name => Ok(LogonAccount::from(name.to_owned())),
    }
}

/// Somebody by name or by SID.
#[derive(Debug, Clone)]
pub enum Who {
    Named(LogonAccount),
    Known(Sid),
}

impl Who {
    /// Reads `S-1-…` or a name.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(sid) => Ok(Self::Known(sid)),
            Err(_) => account(text).map(Self::Named),
        }
    }

    /// The SID, which the host resolves.
    pub async fn sid(&self, host: &dyn Host) -> Result<Sid, Failure> {
        match self {
            Self::Known(sid) => Ok(*sid),
            Self::Named(account) => host.account_sid(account).await?.ok_or_else(|| {
                Failure::new("not-found", format!("the host knows no account {account}"))
                    .hint("write it as DOMAIN\\NAME, a gMSA's with its $; or give its SID")
            }),
        }
    }

    /// The name, if it was given by name.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Known(_) => None,
            Self::Named(account) => Some(account.to_string()),
        }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(sid) => sid.fmt(f),
            Self::Named(account) => account.fmt(f),
        }
    }
}

/// What stands in the way of an account's log-on on the host, as far as it can be seen there: advice only.
pub async fn log_on_advice(
    host: &dyn Host,
    account: &LogonAccount,
    right: AccountRight,
    denial: AccountRight,
) -> Vec<String> {
    // Where rights cannot be read there is nothing to say about them; the start of the service will tell.
    let (Ok(Some(sid)), Ok(rights)) =
        (host.account_sid(account).await, host.account_rights().await)
    else {
        return Vec::new();
    };
    let mut advice = Vec::new();
    for found in &rights {
        if found.right == denial && found.is_held_by(&sid) {
            advice.push(format!("{account} is denied it: {denial}"));
        }
        if found.right != right {
            continue;
        }
        if !found.is_held_by(&sid) {
            advice.push(format!(
                "{account} itself does not hold {right}: grant it with gmsactl host rights grant, unless a group of it does"
            ));
        }
        let name = account.to_string();
        advice.extend(
            found
                .policies_without(&sid, Some(&name))
                .map(|policy| super::rights::taken_back(right, &policy.template)),
        );
    }
    advice
}
