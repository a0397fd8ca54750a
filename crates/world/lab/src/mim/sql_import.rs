//! A database server after what an inventory has of one.

use std::collections::BTreeSet;

use model::database::{DatabaseFacts, DatabaseUser, Login, Permission, PermissionState};
use security::Sid;

use super::sql_server::{Content, Database, Role, SqlServer};

/// Puts everything on the server that was seen of the accounts that were looked for.
pub fn import_databases(sql: &SqlServer, found: &[DatabaseFacts]) {
    let mut content = sql.content();
    for facts in found {
        content
            .databases
            .entry(facts.place.database.clone())
            .or_default();
        let of_groups = facts.access.iter().flat_map(|access| &access.groups);
        for group in of_groups {
            login(&mut content, &group.login);
            if let Some(user) = &group.user {
                put_user(&mut content, &facts.place.database, user);
            }
        }
        for access in &facts.access {
            for own in &access.logins {
                login(&mut content, own);
            }
            for own in &access.users {
                put_user(&mut content, &facts.place.database, own);
            }
        }
    }
    sql.restore(content);
}

fn login(content: &mut Content, found: &Login) {
    let Some(sid) = found.sid else {
        return;
    };
    content.logins.insert(sid);
    let details = content.details.entry(sid).or_default();
    details.name = Some(found.name.clone());
    details.disabled = !found.enabled;
    details.roles = found.roles.iter().cloned().collect();
    details.permissions = own(&found.permissions);
}

fn put_user(content: &mut Content, database: &str, found: &DatabaseUser) {
    let database = content.databases.get_mut(database);
    if let Some((sid, database)) = found.sid.zip(database) {
        fill(database, sid, found);
    }
}

fn fill(database: &mut Database, sid: Sid, found: &DatabaseUser) {
    let known = |role: &String| Role::ALL.into_iter().find(|it| it.name() == role);
    let roles = database.roles.entry(sid).or_default();
    roles.extend(found.roles.iter().filter_map(known));
    let details = database.users.entry(sid).or_default();
    details.name = Some(found.name.clone());
    details.default_schema.clone_from(&found.default_schema);
    let others = found.roles.iter().filter(|role| known(role).is_none());
    details.roles.extend(others.cloned());
    details.permissions.extend(own(&found.permissions));
    details.schemas.extend(found.schemas.iter().cloned());
}

/// Without those to connect, which come with every login and user.
fn own(permissions: &[Permission]) -> BTreeSet<Permission> {
    let comes_along =
        |it: &&Permission| it.name.starts_with("CONNECT") && it.state == PermissionState::Granted;
    let own = permissions.iter().filter(|it| !comes_along(it));
    own.cloned().collect()
}
