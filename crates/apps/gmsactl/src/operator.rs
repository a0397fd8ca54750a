//! Who logs on to the directory, and what proves it: tickets, a keytab, or a password.

use std::path::Path;
use std::time::SystemTime;

use directory::OperatorSecret;
use logon::{TicketCache, TicketCacheError, bare_name, logged_on_as, logged_on_user};
use managed_password::Keytab;
use model::estate::{Auth, DomainAccess};
use model::names::SamAccountName;
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::passwords;

/// Somebody who can be logged on.
pub struct Operator {
    /// `name`, `name@domain` or `DOMAIN\name`.
    pub user: String,
    /// What proves it.
    pub secret: OperatorSecret,
    /// For people: which of the ways was taken.
    pub how: String,
}

impl Operator {
    /// Whom the estate and the options mean. The default takes the first that there is: who is logged on to Windows with
    /// an account of a domain, tickets of the named user (each of anybody, where nobody is named), the named keytab,
    /// the password.
    pub fn of(access: &DomainAccess, interactive: bool) -> Result<Self, Failure> {
        match access.auth {
            Auth::LoggedOn => Self::logged_on(logged_on_user()),
            Auth::TicketCache => Self::with_tickets(access),
            Auth::Keytab => Self::with_keytab(access),
            Auth::Kerberos | Auth::Ntlm | Auth::Simple => {
                let user = access.user.as_deref().ok_or_else(nobody)?;
                Self::with_password(access, user, interactive)
            }
            Auth::Default => match logged_on_as(access.user.as_deref()) {
                Some(user) => Self::logged_on(Some(user)),
                None => Self::first_at_hand(access, interactive),
            },
        }
    }

    fn first_at_hand(access: &DomainAccess, interactive: bool) -> Result<Self, Failure> {
        let failure = match Self::with_tickets(access) {
            Ok(operator) => return Ok(operator),
            Err(failure) => failure,
        };
        tracing::debug!(reason = failure.message, "no tickets are used");
        match &access.user {
            _ if access.keytab.is_some() => Self::with_keytab(access),
            Some(user) => Self::with_password(access, user, interactive),
            None => Err(Failure {
                causes: vec![failure.message],
                ..nobody()
            }),
        }
    }

    fn logged_on(user: Option<String>) -> Result<Self, Failure> {
        let Some(user) = user else {
            let message = "nobody is logged on to Windows here";
            return Err(Failure::new("credential", message)
                .hint("on other systems --auth ticket-cache uses the tickets that kinit got"));
        };
        Ok(Self {
            user,
            secret: OperatorSecret::LoggedOnUser,
            how: "as who is logged on to Windows".into(),
        })
    }

    fn with_tickets(access: &DomainAccess) -> Result<Self, Failure> {
        let cache = TicketCache::from_environment(access.name.as_str()).map_err(unusable)?;
        let holder = cache
            .held_by(access.user.as_deref(), SystemTime::now())
            .map_err(unusable)?;
        let file = cache.path().display();
        let how = format!("with the tickets in {file}");
        Ok(Self {
            user: holder,
            secret: OperatorSecret::TicketCache(cache),
            how,
        })
    }

    fn with_keytab(access: &DomainAccess) -> Result<Self, Failure> {
        let path = access.keytab.as_deref().ok_or_else(|| {
            Failure::new("not-configured", "no keytab is named")
                .hint("--keytab FILE, or keytab under [domain] in estate.toml")
        })?;
        let keytab = read_keytab(path)?;
        let realm = access.name.as_str();
        let named = access.user.as_deref().map(bare_name);
        let entry = keytab.entries.iter().find(|entry| {
            entry.principal.realm.eq_ignore_ascii_case(realm)
                && matches!(&entry.principal.components[..], [name]
                    if named.is_none_or(|wanted| name.eq_ignore_ascii_case(wanted)))
        });
        let account = entry.and_then(|entry| {
            entry
                .principal
                .components
                .first()?
                .parse::<SamAccountName>()
                .ok()
        });
        let secret = account
            .as_ref()
            .and_then(|account| OperatorSecret::of_keytab(&keytab, account));
        let (Some(account), Some(secret)) = (account, secret) else {
            let of = named.unwrap_or("any account");
            let message = format!(
                "the keytab {} has no AES key of {of} in {realm}",
                path.display()
            );
            return Err(
                Failure::new("credential", message).hint("klist -ke FILE shows what it has")
            );
        };
        Ok(Self {
            user: account.to_string(),
            secret,
            how: format!("with a key in {}", path.display()),
        })
    }

    fn with_password(
        access: &DomainAccess,
        user: &str,
        interactive: bool,
    ) -> Result<Self, Failure> {
        let password = match &access.password {
            Some(source) => passwords::read(source, user, interactive),
            None if interactive => passwords::ask(user),
            None => Err(Failure::new("not-configured", format!("there is no password for {user}"))
                .hint("kinit, --keytab FILE or --password-file FILE, or keytab or password under [domain] in estate.toml; on a terminal it is asked for")),
        }?;
        let protocol = match access.auth {
            Auth::Ntlm => "NTLM",
            Auth::Simple => "a simple bind",
            _ => "Kerberos",
        };
        Ok(Self {
            user: user.to_owned(),
            secret: password.into(),
            how: format!("by {protocol} with a password"),
        })
    }
}

fn unusable(error: TicketCacheError) -> Failure {
    Failure::new("credential", error.to_string()).hint(error.advice())
}

fn nobody() -> Failure {
    Failure::new(
        "not-configured",
        "nobody is named to log on to the directory",
    )
    .hint("kinit for tickets, or --user NAME, or user under [domain] in estate.toml")
}

fn read_keytab(path: &Path) -> Result<Keytab, Failure> {
    let bytes = std::fs::read(path)
        .map(Zeroizing::new)
        .map_err(|error| Failure::file("credential", "the keytab", path, &error))?;
    Keytab::from_bytes(&bytes).map_err(|error| {
        Failure::new("credential", format!("{}: {error}", path.display()))
            .hint("make it anew: ktutil, samba-tool domain exportkeytab, ktpass")
    })
}
