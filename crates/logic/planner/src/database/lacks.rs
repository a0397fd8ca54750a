//! What an account lacks, as changes.

use std::collections::BTreeSet;

use model::database::{
    DatabaseAccess, DatabaseUser, GroupAccess, Login, Permission, PermissionState, Repair,
    Securable,
};

use super::verdict::Matter;

/// What is to be changed, in the order in which it can be.
pub(super) fn repairs(matter: &Matter<'_>) -> Vec<Repair> {
    let in_database = match matter.database {
        Some(it) if it.accessible => in_database(matter),
        _ => Vec::new(),
    };
    let needs_login = |it: &Repair| matches!(it, Repair::CreateUser | Repair::MapUser { .. });
    let mut repairs = on_server(matter, in_database.iter().any(needs_login));
    repairs.extend(in_database);
    repairs
}

fn on_server(matter: &Matter<'_>, for_a_user: bool) -> Vec<Repair> {
    let account = matter.account;
    let mut repairs = Vec::new();
    let login = account.login();
    let (roles, permissions) = matter.like.map_or_else(Default::default, |like| {
        let old = like.login();
        (
            old.map_or(&[][..], |old| &old.roles),
            old.map_or(&[][..], |old| &old.permissions),
        )
    });
    let held = held_on_server(account);
    let roles = roles
        .iter()
        .filter(|role| !held.roles.contains(role.as_str()));
    let roles: Vec<_> = roles.cloned().collect();
    let permissions: Vec<_> = not_held(permissions, &held, "CONNECT SQL").collect();
    let nothing_own = roles.is_empty() && permissions.is_empty() && !for_a_user;
    match login {
        // A group's login will do, unless something is to be given to this account alone.
        None if nothing_own && account.lets_in_through_a_group() => {}
        None => {
            if let Some(stale) = account.stale_login() {
                let login = stale.name.clone();
                repairs.push(Repair::DropStaleLogin { login });
            }
            repairs.push(Repair::CreateLogin);
        }
        Some(login) if !login.enabled => repairs.push(Repair::EnableLogin),
        Some(_) => {}
    }
    let roles = roles
        .into_iter()
        .map(|role| Repair::AddToServerRole { role });
    repairs.extend(roles);
    let give = |permission| Repair::GiveOnServer { permission };
    repairs.extend(permissions.into_iter().map(give));
    repairs
}

fn in_database(matter: &Matter<'_>) -> Vec<Repair> {
    let account = matter.account;
    let old = matter.like.and_then(DatabaseAccess::user);
    let held = held_in_database(account);
    let mut roles: BTreeSet<&str> = matter.roles.iter().map(String::as_str).collect();
    roles.extend(
        old.iter()
            .flat_map(|old| old.roles.iter().map(String::as_str)),
    );
    roles.retain(|role| !held.roles.contains(role));
    let old_permissions = old.map_or(&[][..], |old| &old.permissions);
    let permissions: Vec<_> = not_held(old_permissions, &held, "CONNECT").collect();
    let schema = old.and_then(|old| old.default_schema.as_ref());
    let mut repairs = Vec::new();
    let user = match (account.user(), account.orphan()) {
        (Some(user), _) => Some(user),
        (None, Some(orphan)) => {
            let user = orphan.name.clone();
            repairs.push(Repair::MapUser { user });
            Some(orphan)
        }
        (None, None) => {
            let through_group = account.groups.iter().any(|it| it.user.is_some());
            let nothing_own = roles.is_empty() && permissions.is_empty();
            if (through_group || account.is_sysadmin()) && nothing_own {
                return repairs;
            }
            repairs.push(Repair::CreateUser);
            None
        }
    };
    let user_name = user.map_or(&account.account, |user| &user.name);
    let has_schema = user.and_then(|user| user.default_schema.as_deref());
    let schema = schema
        .filter(|wanted| has_schema.unwrap_or("dbo") != wanted.as_str() && user_name != "dbo");
    if let Some(schema) = schema {
        let (user, schema) = (user_name.clone(), schema.clone());
        repairs.push(Repair::SetDefaultSchema { user, schema });
    }
    repairs.extend(roles.into_iter().map(|role| Repair::AddToRole {
        user: user_name.clone(),
        role: role.to_owned(),
    }));
    let give = |permission| Repair::GiveInDatabase {
        user: user_name.clone(),
        permission,
    };
    repairs.extend(permissions.into_iter().map(give));
    repairs
}

/// What of this does not hold for an account.
pub fn lacking(account: &DatabaseAccess, wanted: &[Repair]) -> Vec<Repair> {
    let (server, database) = (held_on_server(account), held_in_database(account));
    let user = account.user();
    let lacks = |repair: &&Repair| match repair {
        Repair::DropStaleLogin { .. } => account.stale_login().is_some(),
        Repair::CreateLogin => account.login().is_none(),
        Repair::EnableLogin => account.login().is_none_or(|login| !login.enabled),
        Repair::AddToServerRole { role } => !server.roles.contains(role.as_str()),
        Repair::GiveOnServer { permission } => !server.permissions.contains(&permission),
        Repair::MapUser { .. } | Repair::CreateUser => user.is_none(),
        Repair::SetDefaultSchema { schema, .. } => {
            let set = user.and_then(|user| user.default_schema.as_deref());
            set.unwrap_or("dbo") != schema.as_str()
        }
        Repair::AddToRole { role, .. } => !database.roles.contains(role.as_str()),
        Repair::GiveInDatabase { permission, .. } => !database.permissions.contains(&permission),
    };
    wanted.iter().filter(lacks).cloned().collect()
}

/// What an account has of its own and through groups.
pub(super) struct Held<'a> {
    pub(super) roles: BTreeSet<&'a str>,
    permissions: Vec<&'a Permission>,
}

pub(super) fn held_on_server(account: &DatabaseAccess) -> Held<'_> {
    let groups = account.groups.iter().map(|group| &group.login);
    let logins: Vec<&Login> = account.login().into_iter().chain(groups).collect();
    Held {
        roles: logins
            .iter()
            .flat_map(|it| it.roles.iter().map(String::as_str))
            .collect(),
        permissions: logins.iter().flat_map(|it| &it.permissions).collect(),
    }
}

pub(super) fn held_in_database(account: &DatabaseAccess) -> Held<'_> {
    let groups = account.groups.iter().filter_map(|it| it.user.as_ref());
    let own = account.user().or(account.orphan());
    let users: Vec<&DatabaseUser> = own.into_iter().chain(groups).collect();
    Held {
        roles: users
            .iter()
            .flat_map(|it| it.roles.iter().map(String::as_str))
            .collect(),
        permissions: users.iter().flat_map(|it| &it.permissions).collect(),
    }
}

/// Rights that can be written down and are not held; `own` comes with every login or user.
fn not_held<'a>(
    wanted: &'a [Permission],
    held: &'a Held<'_>,
    own: &'a str,
) -> impl Iterator<Item = Permission> + 'a {
    let granted_anyway =
        move |it: &Permission| it.name == own && it.state == PermissionState::Granted;
    wanted
        .iter()
        .filter(move |it| !granted_anyway(it) && !matches!(it.on, Securable::Other(_)))
        .filter(|it| !held.permissions.contains(it))
        .cloned()
}

/// What the other account has and nobody copies: said, so that somebody does it by hand.
pub(super) fn not_copied(account: &DatabaseAccess, like: &DatabaseAccess) -> Vec<String> {
    let of = &like.account;
    let mut lines = Vec::new();
    if let Some(user) = like.user() {
        if user.name == "dbo" {
            lines.push(format!(
                "{of} owns the database itself: ALTER AUTHORIZATION ON DATABASE::… TO … changes that"
            ));
        } else {
            let schemas = user.schemas.iter();
            lines.extend(schemas.map(|it| format!("{of} owns the schema {it}")));
        }
    }
    match &like.jobs {
        None => lines.push(format!("which jobs {of} owns could not be read")),
        Some(jobs) => lines.extend(jobs.iter().map(|it| format!("{of} owns the job {it}"))),
    }
    let server = like.login().into_iter().flat_map(|it| &it.permissions);
    let database = like.user().into_iter().flat_map(|it| &it.permissions);
    lines.extend(server.chain(database).filter_map(|it| match &it.on {
        Securable::Other(what) => Some(format!("{of} has {} on {what}", it.name)),
        _ => None,
    }));
    let shared = |it: &GroupAccess| account.groups.iter().any(|own| own.login == it.login);
    let groups = like.groups.iter().filter(|it| !shared(it));
    lines.extend(groups.map(|group| {
        let name = &group.login.name;
        format!("{of} gets in through the group {name}: membership is the directory's affair")
    }));
    lines
}
