//! Whoever is logged on to Windows: who that is, and a log-on as them.

#[cfg(not(windows))]
mod elsewhere;
#[cfg(windows)]
#[allow(unsafe_code)]
mod windows;

#[cfg(not(windows))]
use elsewhere as system;
#[cfg(windows)]
use windows as system;

use crate::ticket_cache::bare_name;

pub(crate) use system::LoggedOnUser;

/// Who is logged on to Windows: `name@domain`, or `DOMAIN\name` where Windows knows no other; `None` elsewhere.
pub fn logged_on_user() -> Option<String> {
    system::domain_user().or_else(system::local_user)
}

/// Who is logged on to Windows with an account of a domain, when it is the one that is meant (anybody, where nobody
/// is named).
pub fn logged_on_as(named: Option<&str>) -> Option<String> {
    system::domain_user().filter(|user| {
        named.is_none_or(|named| bare_name(named).eq_ignore_ascii_case(bare_name(user)))
    })
}
