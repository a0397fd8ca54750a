//! What a product's setup in change mode is told about a service, and what it refuses.

use zeroize::Zeroizing;

use crate::account::Account;

/// What stands before the box for a managed account; with it the account must be told.
const MANAGED: &str = "/managed:";

/// Why setup in change mode refuses.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// The command line is none.
    #[error(r"usage: check|set SERVICE [/managed:0|1] DOMAIN\name [PASSWORD]; DOMAIN\name is \ where it is not told")]
    Usage,
    /// Its account is one that setup must be told.
    #[error("the account of {0} is not told")]
    Untold(String),
    /// The box for a managed account and the account's name contradict each other.
    #[error("the service account {0} be managed")]
    Box(&'static str),
    /// A password beside a managed account, or none beside another.
    #[error("the password of the service account is not valid")]
    Password,
}

/// What setup is to do for a service.
#[derive(Debug)]
pub struct Order {
    /// Whether nothing is to be done yet.
    pub only_checks: bool,
    /// The service's key name.
    pub service: String,
    /// Whom it is to run as; as now where setup is not told.
    pub account: Option<Account>,
    /// The password of an account that is not managed; else empty.
    pub password: Zeroizing<String>,
}

impl Order {
    /// Reads a custom action's command line: properties that are not set leave nothing behind.
    ///
    /// # Errors
    /// What setup would say before it changes anything.
    pub fn parse(arguments: &[&str]) -> Result<Self, Refusal> {
        let (only_checks, service, rest) = match arguments {
            ["check", service, rest @ ..] => (true, *service, rest),
            ["set", service, rest @ ..] => (false, *service, rest),
            _ => return Err(Refusal::Usage),
        };
        let (ticked, rest) = match rest {
            [first, rest @ ..] if first.starts_with(MANAGED) => (Some(first.ends_with('1')), rest),
            _ => (None, rest),
        };
        let (account, password) = match *rest {
            [account] => (account, ""),
            [account, password] => (account, password),
            _ => return Err(Refusal::Usage),
        };
        let account = match account {
            r"\" if ticked.is_some() => return Err(Refusal::Untold(service.to_owned())),
            r"\" => None,
            told => Some(Account::parse(told).ok_or(Refusal::Usage)?),
        };
        if let Some(account) = &account {
            match ticked {
                Some(false) if account.is_managed() => return Err(Refusal::Box("shouldn't")),
                Some(true) if !account.is_managed() => return Err(Refusal::Box("should")),
                _ => {}
            }
            if account.is_managed() != password.is_empty() {
                return Err(Refusal::Password);
            }
        }
        Ok(Self {
            only_checks,
            service: service.to_owned(),
            account,
            password: Zeroizing::new(password.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GMSA: &str = r"CONTOSO\MIMSrvGMSAsvc$";
    const USER: &str = r"CONTOSO\svc-mimservice";

    #[test]
    fn an_account_is_told_with_what_belongs_to_it() {
        for (line, password) in [
            (&["FIMService", "/managed:1", GMSA][..], ""),
            (&["FIMService", "/managed:0", USER, "p"], "p"),
            (&["PamMonitoringService", GMSA], ""),
        ] {
            let order = Order::parse(&[&["check"], line].concat()).unwrap();
            assert!(order.only_checks);
            assert_eq!(
                (order.service.as_str(), order.password.as_str()),
                (line[0], password)
            );
            assert!(order.account.is_some(), "{line:?}");
        }
        let untold = Order::parse(&["set", "PamMonitoringService", r"\"]).unwrap();
        assert_eq!((untold.account, untold.only_checks), (None, false));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for (line, refusal) in [
            (&[][..], Refusal::Usage),
            (&["FIMService"], Refusal::Usage),
            (&["FIMService", "/managed:1", "svc"], Refusal::Usage),
            (
                &["FIMService", "/managed:1", r"\"],
                Refusal::Untold("FIMService".to_owned()),
            ),
            (
                &["FIMService", "/managed:0", GMSA],
                Refusal::Box("shouldn't"),
            ),
            (&["FIMService", "/managed:1", USER], Refusal::Box("should")),
            (&["FIMService", "/managed:1", GMSA, "p"], Refusal::Password),
            (&["PamMonitoringService", USER], Refusal::Password),
        ] {
            let line = [&["set"], line].concat();
            assert_eq!(Order::parse(&line).err(), Some(refusal), "{line:?}");
        }
    }
}
