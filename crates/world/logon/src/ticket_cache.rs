//! Ticket caches of MIT Kerberos: what `kinit` leaves behind, read in place of a password.

mod error;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use crate::ticket_file::{self, CachedTicket, Principal};

pub use error::TicketCacheError;

/// A cache file, and the realm whose ticket-granting ticket is wanted of it. It is read at every log-on, so that a
/// ticket renewed meanwhile counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketCache {
    path: PathBuf,
    realm: String,
}

/// A ticket-granting ticket with its session key.
pub(crate) struct GrantingTicket {
    pub(crate) client: Principal,
    pub(crate) ticket: CachedTicket,
}

impl TicketCache {
    /// The cache of that name (`FILE:/tmp/krb5cc_1000`, or only the path), as KRB5CCNAME has it.
    ///
    /// # Errors
    /// [`TicketCacheError::Kind`] for caches that are not files.
    pub fn named(name: &str, realm: &str) -> Result<Self, TicketCacheError> {
        let path = match name.split_once(':') {
            Some(("FILE", path)) => path,
            // One letter is a drive.
            Some((kind, _)) if kind.len() > 1 && !kind.contains(['/', '\\']) => {
                return Err(TicketCacheError::Kind {
                    name: name.to_owned(),
                    kind: kind.to_owned(),
                });
            }
            _ => name,
        };
        Ok(Self {
            path: path.into(),
            realm: realm.to_uppercase(),
        })
    }

    /// The cache that KRB5CCNAME names, else the one that MIT Kerberos uses where nothing is configured.
    ///
    /// # Errors
    /// [`TicketCacheError::Kind`]; [`TicketCacheError::Unnamed`] where the system has no default.
    pub fn from_environment(realm: &str) -> Result<Self, TicketCacheError> {
        match std::env::var("KRB5CCNAME") {
            Ok(name) if !name.is_empty() => Self::named(&name, realm),
            _ => default_cache(realm),
        }
    }

    /// The cache that MIT Kerberos uses where nothing is configured.
    pub fn of_user(user_id: u32, realm: &str) -> Self {
        Self {
            path: format!("/tmp/krb5cc_{user_id}").into(),
            realm: realm.to_uppercase(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same, if it is this user: `name`, `name@domain` or `DOMAIN\name`; anybody where nobody is named.
    ///
    /// # Errors
    /// As [`TicketCache::holder`]; [`TicketCacheError::Holder`] for somebody else's tickets.
    pub fn held_by(&self, user: Option<&str>, now: SystemTime) -> Result<String, TicketCacheError> {
        let holder = self.holder(now)?;
        match user {
            Some(user) if !is_same(user, &holder) => Err(TicketCacheError::Holder {
                path: self.path.clone(),
                holder,
                user: user.to_owned(),
            }),
            _ => Ok(holder),
        }
    }

    /// Who logs on with this cache, `name@REALM`; only with a ticket that can be used at that time.
    ///
    /// # Errors
    /// Why there is no such ticket.
    pub fn holder(&self, now: SystemTime) -> Result<String, TicketCacheError> {
        self.granting_ticket(now)
            .map(|ticket| ticket.client.to_string())
    }

    pub(crate) fn granting_ticket(
        &self,
        now: SystemTime,
    ) -> Result<GrantingTicket, TicketCacheError> {
        let path = || self.path.clone();
        let bytes = std::fs::read(&self.path)
            .map(Zeroizing::new)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => TicketCacheError::Missing(path()),
                _ => TicketCacheError::Unreadable {
                    path: path(),
                    reason: error.to_string(),
                },
            })?;
        let cache = ticket_file::parse(&bytes).map_err(|reason| TicketCacheError::Malformed {
            path: path(),
            reason,
        })?;
        let holder = cache.holder.to_string();
        let ours = |ticket: &CachedTicket| {
            ticket.client == cache.holder
                && cache.holder.realm == self.realm
                && ticket.server.realm == self.realm
                && matches!(&ticket.server.components[..], [name, realm] if name == "krbtgt" && *realm == self.realm)
        };
        // The newest: a renewal may have been appended.
        let newest = cache
            .tickets
            .into_iter()
            .filter(ours)
            .max_by_key(|ticket| ticket.end_time);
        let Some(ticket) = newest else {
            return Err(TicketCacheError::NoTicket {
                path: path(),
                realm: self.realm.clone(),
                holder,
            });
        };
        let end = UNIX_EPOCH + Duration::from_secs(ticket.end_time.into());
        if let Ok(ago) = now.duration_since(end) {
            return Err(TicketCacheError::Expired {
                path: path(),
                holder,
                ago,
            });
        }
        if ticket.session_key.is_none() {
            return Err(TicketCacheError::EncryptionType {
                holder,
                kind: ticket.key_type,
            });
        }
        Ok(GrantingTicket {
            client: cache.holder,
            ticket,
        })
    }
}

#[cfg(unix)]
fn default_cache(realm: &str) -> Result<TicketCache, TicketCacheError> {
    Ok(TicketCache::of_user(
        rustix::process::getuid().as_raw(),
        realm,
    ))
}

#[cfg(not(unix))]
fn default_cache(_: &str) -> Result<TicketCache, TicketCacheError> {
    Err(TicketCacheError::Unnamed)
}

/// `name` of `name@domain` and `DOMAIN\name`.
pub fn bare_name(user: &str) -> &str {
    let name = user.split_once('\\').map_or(user, |(_, name)| name);
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// Whether a user as named is the holder of tickets, `name@REALM`.
fn is_same(user: &str, holder: &str) -> bool {
    let (name, realm) = holder.split_once('@').unwrap_or((holder, ""));
    let netbios = realm.split('.').next().unwrap_or(realm);
    let in_domain = match (user.split_once('\\'), user.split_once('@')) {
        (Some((domain, _)), _) => {
            domain.eq_ignore_ascii_case(netbios) || domain.eq_ignore_ascii_case(realm)
        }
        (None, Some((_, domain))) => domain.eq_ignore_ascii_case(realm),
        (None, None) => true,
    };
    in_domain && bare_name(user).eq_ignore_ascii_case(name)
}

impl fmt::Debug for GrantingTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantingTicket({}, ..)", self.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket_file::testing::{Content, cache_file};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn cache(content: &Content<'_>) -> (tempfile::NamedTempFile, TicketCache) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), cache_file(content)).unwrap();
        let cache =
            TicketCache::named(&format!("FILE:{}", file.path().display()), "contoso.com").unwrap();
        (file, cache)
    }

    #[test]
    fn the_holder_of_a_ticket_that_lives_is_named() {
        let (_file, cache) = cache(&Content::default());
        assert_eq!(cache.holder(at(1_999)).unwrap(), "admin@CONTOSO.COM");
    }

    #[test]
    fn tickets_of_no_use_say_why() {
        let (_file, expired) = cache(&Content::default());
        let error = expired.holder(at(2_000 + 7_200)).unwrap_err();
        assert!(error.to_string().contains("admin@CONTOSO.COM"), "{error}");
        assert!(
            error.to_string().ends_with("expired 120 minutes ago"),
            "{error}"
        );

        let (_file, foreign) = cache(&Content {
            realm: "FABRIKAM.COM",
            ..Content::default()
        });
        let error = foreign.holder(at(1_000)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("of CONTOSO.COM; it is admin@FABRIKAM.COM's"),
            "{error}"
        );

        let (_file, weak) = cache(&Content {
            key_type: 23,
            key: &[7; 16],
            ..Content::default()
        });
        let error = weak.holder(at(1_000)).unwrap_err();
        assert!(
            matches!(error, TicketCacheError::EncryptionType { kind: 23, .. }),
            "{error}"
        );

        let (file, broken) = cache(&Content::default());
        std::fs::write(file.path(), b"\x05\x04").unwrap();
        assert!(matches!(
            broken.holder(at(1)),
            Err(TicketCacheError::Malformed { .. })
        ));
        drop(file);
        assert!(matches!(
            broken.holder(at(1)),
            Err(TicketCacheError::Missing(_))
        ));
    }

    #[test]
    fn only_files_are_read() {
        for (name, kind) in [
            ("KCM:0", "KCM"),
            ("KEYRING:persistent:0", "KEYRING"),
            ("DIR:/run/t", "DIR"),
        ] {
            let error = TicketCache::named(name, "A").unwrap_err();
            assert_eq!(
                error,
                TicketCacheError::Kind {
                    name: name.into(),
                    kind: kind.into()
                }
            );
            assert!(error.advice().contains("KRB5CCNAME"));
        }
        assert_eq!(
            TicketCache::named("/tmp/a:b", "A").unwrap().path(),
            Path::new("/tmp/a:b")
        );
        assert_eq!(
            TicketCache::named(r"C:\t", "A").unwrap().path(),
            Path::new(r"C:\t")
        );
        assert_eq!(
            TicketCache::of_user(7, "A").path(),
            Path::new("/tmp/krb5cc_7")
        );
    }

    #[test]
    fn the_holder_of_tickets_is_known_under_every_form_of_the_name() {
        let holder = "admin@CONTOSO.COM";
        for same in [
            "admin",
            "Admin@contoso.com",
            r"CONTOSO\admin",
            r"contoso.com\ADMIN",
        ] {
            assert!(is_same(same, holder), "{same}");
        }
        for other in ["administrator", "admin@fabrikam.com", r"FABRIKAM\admin"] {
            assert!(!is_same(other, holder), "{other}");
        }
    }
}
