//! Names of accounts and their SIDs, as the server asks Windows for them.

use security::Sid;

use crate::directory::Directory;
use crate::hosts::domain::{AUTHENTICATED_USERS, EVERYONE};
use crate::mim::{Database, SqlContent};
use crate::store::schema::Attr;

/// Names that every Windows knows.
const WELL_KNOWN: [(&str, &str); 2] = [
    (r"NT AUTHORITY\Authenticated Users", AUTHENTICATED_USERS),
    (r"\Everyone", EVERYONE),
];

/// `SUSER_SID`
pub(super) fn sid_of(directory: &Directory, name: &str) -> Option<Sid> {
    let mut known = WELL_KNOWN.iter();
    if let Some((_, sid)) = known.find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return sid.parse().ok();
    }
    let (domain, account) = name.split_once('\\')?;
    let forest = &directory.forest;
    if !domain.eq_ignore_ascii_case(&forest.netbios_name) {
        return None;
    }
    directory.read(|store| {
        let found = store.find(Attr::SamAccountName, account.as_bytes());
        store.get(*found.first()?)?.sid()
    })
}

/// The name of a login: as it was noted, or as Windows has it now.
pub(super) fn of_login(directory: &Directory, content: &SqlContent, login: &Sid) -> String {
    let noted = content.details.get(login).and_then(|it| it.name.clone());
    noted.unwrap_or_else(|| of_account(directory, login))
}

/// The name of a user.
pub(super) fn of_user(
    directory: &Directory,
    content: &SqlContent,
    database: &Database,
    user: &Sid,
) -> String {
    let noted = database.users.get(user).and_then(|it| it.name.clone());
    noted.unwrap_or_else(|| of_login(directory, content, user))
}

fn of_account(directory: &Directory, sid: &Sid) -> String {
    let text = sid.to_string();
    let mut known = WELL_KNOWN.iter();
    if let Some((name, _)) = known.find(|(_, known)| *known == text) {
        return (*name).to_owned();
    }
    let found = directory.read(|store| {
        let found = store.find(Attr::ObjectSid, &sid.to_bytes());
        let name = store.get(*found.first()?)?.text(Attr::SamAccountName)?;
        Some(format!(r"{}\{name}", directory.forest.netbios_name))
    });
    found.unwrap_or(text)
}

/// `U` or `G`, as Windows has it now; an account that is gone was a user.
pub(super) fn is_group(directory: &Directory, sid: &Sid) -> bool {
    let text = sid.to_string();
    WELL_KNOWN.iter().any(|(_, known)| *known == text)
        || directory.read(|store| {
            let found = store.find(Attr::ObjectSid, &sid.to_bytes());
            let object = found.first().and_then(|id| store.get(*id));
            object.is_some_and(|object| object.class.is("group"))
        })
}

/// As names of principals compare.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
