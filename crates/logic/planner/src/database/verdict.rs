//! What was found about an account's way into a database, one line each.

use model::database::{Database, DatabaseAccess, DatabaseServer, GroupAccess, Login, Repair};
use serde::Serialize;

use super::lacks;

/// Everything that is compared.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    /// The server.
    pub server: &'a DatabaseServer,
    /// The database that was asked for.
    pub database_name: &'a str,
    /// `None`: the server has no such database, or does not show it.
    pub database: Option<&'a Database>,
    /// The account that is to get in.
    pub account: &'a DatabaseAccess,
    /// The account whose rights it is to have.
    pub like: Option<&'a DatabaseAccess>,
    /// Database roles that it is to have besides.
    pub roles: &'a [String],
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// A word for scripts.
    pub id: &'static str,
    /// Whether it is as it should be.
    pub holds: bool,
    /// What was seen.
    pub detail: String,
    /// What to do if it is not.
    pub advice: Option<String>,
}

/// The whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// One line each.
    pub checks: Vec<Check>,
    /// What gives the account what it lacks, in order.
    pub repairs: Vec<Repair>,
    /// What the other account has and no repair gives.
    pub not_copied: Vec<String>,
}

impl Verdict {
    /// Whether everything is as it should be.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }
}

/// Compares.
pub fn judge(matter: &Matter<'_>) -> Verdict {
    let repairs = lacks::repairs(matter);
    let mut checks = vec![login(matter)];
    checks.extend(denied(matter));
    checks.push(database(matter));
    if matter.database.is_some_and(|it| it.accessible) {
        checks.push(user(matter));
        checks.extend(roles(matter));
    }
    checks.extend(like(matter));
    checks.push(operator(matter, &repairs));
    let not_copied = matter
        .like
        .map(|like| lacks::not_copied(matter.account, like));
    Verdict {
        checks,
        repairs,
        not_copied: not_copied.unwrap_or_default(),
    }
}

fn holds(id: &'static str, detail: impl Into<String>) -> Check {
    Check {
        id,
        holds: true,
        detail: detail.into(),
        advice: None,
    }
}

fn fails(id: &'static str, detail: impl Into<String>, advice: &str) -> Check {
    Check {
        holds: false,
        advice: Some(advice.to_owned()),
        ..holds(id, detail)
    }
}

const REPAIR: &str = "--repair does it, or the script";

fn login(matter: &Matter<'_>) -> Check {
    let account = matter.account;
    let name = &account.account;
    let blind = !matter.server.rights.sees_logins && !matter.server.rights.sysadmin;
    match (account.login(), account.stale_login()) {
        (Some(login), _) if login.enabled => {
            let on_server = listed(&login.roles, ", server roles ");
            holds("login", format!("{} has a login{on_server}", login.name))
        }
        (Some(login), _) => fails(
            "login",
            format!("the login {} is disabled", login.name),
            REPAIR,
        ),
        (None, _) if account.lets_in_through_a_group() => {
            let through = groups(account.groups.iter().filter(|it| it.login.lets_in()));
            holds("login", format!("{name} gets in through {through}"))
        }
        (None, Some(stale)) => {
            let detail = format!(
                "the login {} belongs to an account that is gone{}: {name} was made anew, or its name was taken over",
                stale.name,
                stale.sid.map(|sid| format!(" ({sid})")).unwrap_or_default(),
            );
            fails("login", detail, REPAIR)
        }
        (None, None) if blind => fails(
            "login",
            format!(
                "whether {name} has a login cannot be told: the operator does not see other people's"
            ),
            "log on as a member of sysadmin, or with VIEW ANY DEFINITION",
        ),
        (None, None) => fails("login", format!("{name} has no login"), REPAIR),
    }
}

/// A denial counts against every other way in, so it is never taken away unasked.
fn denied(matter: &Matter<'_>) -> Option<Check> {
    let groups = matter.account.groups.iter().map(|it| &it.login);
    let mut logins = matter.account.login().into_iter().chain(groups);
    let denied = logins.find(|it| it.is_denied())?;
    let detail = format!("CONNECT SQL is denied to {}", denied.name);
    let advice = "somebody meant it: ask, then REVOKE CONNECT SQL by hand";
    Some(fails("login-denied", detail, advice))
}

fn database(matter: &Matter<'_>) -> Check {
    let name = matter.database_name;
    match matter.database {
        None => fails(
            "database",
            format!("the server has no database {name}, or does not show it"),
            "check the name, and that this is the instance",
        ),
        Some(it) if it.state != "ONLINE" => fails(
            "database",
            format!("the database {name} is {}", it.state.to_lowercase()),
            "bring it online, or ask the replica that is the primary",
        ),
        Some(it) if !it.accessible => fails(
            "database",
            format!("the operator does not get into the database {name}"),
            "log on as a member of sysadmin, or as somebody with a user there",
        ),
        Some(it) if it.read_only => fails(
            "database",
            format!("the database {name} is read-only"),
            "ALTER DATABASE … SET READ_WRITE, where it is meant to be used",
        ),
        Some(_) => holds("database", format!("{name} is online")),
    }
}

fn user(matter: &Matter<'_>) -> Check {
    let account = matter.account;
    let through: Vec<_> = account
        .groups
        .iter()
        .filter(|it| it.user.is_some())
        .collect();
    match (account.user(), account.orphan()) {
        (Some(user), _) => holds(
            "user",
            format!("the user {} is {}'s", user.name, account.account),
        ),
        (None, Some(orphan)) => {
            let detail = format!(
                "the user {} belongs to no login any more (orphan)",
                orphan.name
            );
            fails("user", detail, REPAIR)
        }
        (None, None) if account.is_sysadmin() => holds(
            "user",
            "a member of sysadmin needs no user: it is dbo everywhere",
        ),
        (None, None) if !through.is_empty() => {
            let through = groups(through.into_iter());
            holds(
                "user",
                format!(
                    "{} has no user of its own and gets in through {through}",
                    account.account
                ),
            )
        }
        (None, None) => fails("user", format!("{} has no user", account.account), REPAIR),
    }
}

fn roles(matter: &Matter<'_>) -> Option<Check> {
    if matter.account.is_sysadmin() {
        return Some(holds("roles", "a member of sysadmin may do everything"));
    }
    let held = lacks::held_in_database(matter.account).roles;
    let of = |names: &[&str]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let wanted = matter.roles.iter().map(String::as_str);
    let missing: Vec<_> = wanted.filter(|role| !held.contains(role)).collect();
    if missing.is_empty() {
        let held: Vec<_> = held.into_iter().collect();
        Some(holds("roles", format!("database roles: {}", of(&held))))
    } else {
        Some(fails(
            "roles",
            format!("not in the role {}", of(&missing)),
            REPAIR,
        ))
    }
}

fn like(matter: &Matter<'_>) -> Option<Check> {
    let like = matter.like?;
    let of = &like.account;
    if like.login().is_none() && like.user().is_none() && like.groups.is_empty() {
        let detail = format!("{of} has neither login nor user here: there is nothing to copy");
        return Some(fails(
            "like",
            detail,
            "check the name of the old account, and the server",
        ));
    }
    let beside_roles = Matter {
        roles: &[],
        ..*matter
    };
    let lacks = lacks::repairs(&beside_roles).len();
    Some(match lacks {
        0 => holds("like", format!("it has all that {of} has here")),
        lacks => {
            let things = if lacks == 1 { "thing is" } else { "things are" };
            fails(
                "like",
                format!("{lacks} {things} to be given to have what {of} has here"),
                REPAIR,
            )
        }
    })
}

fn operator(matter: &Matter<'_>, repairs: &[Repair]) -> Check {
    let rights = matter.server.rights;
    let operator = &matter.server.operator;
    let mut lacking = Vec::new();
    for repair in repairs.iter().filter(|_| !rights.sysadmin) {
        lacking.push(match repair {
            Repair::DropStaleLogin { .. } | Repair::CreateLogin | Repair::EnableLogin => {
                (!rights.alters_logins).then_some("ALTER ANY LOGIN")
            }
            // Who may pass a role or a right on depends on the role or right.
            Repair::AddToServerRole { .. } | Repair::GiveOnServer { .. } => Some("sysadmin"),
            Repair::MapUser { .. } | Repair::CreateUser | Repair::SetDefaultSchema { .. } => {
                (!rights.alters_users && !rights.owns_database).then_some("ALTER ANY USER")
            }
            Repair::AddToRole { .. } | Repair::GiveInDatabase { .. } => {
                (!rights.owns_database).then_some("db_owner")
            }
        });
    }
    let mut lacking: Vec<_> = lacking.into_iter().flatten().collect();
    lacking.sort_unstable();
    lacking.dedup();
    if !lacking.is_empty() {
        return fails(
            "operator",
            format!(
                "{operator} cannot make the repairs without {}",
                lacking.join(", ")
            ),
            "give the script to an administrator of the server: --script FILE",
        );
    }
    holds("operator", operator_may(matter.server))
}

/// What the operator may do on the server, in words.
pub fn operator_may(server: &DatabaseServer) -> String {
    let (operator, rights) = (&server.operator, server.rights);
    let may = match (rights.sysadmin, rights.alters_logins, rights.alters_users) {
        (true, _, _) => "is a member of sysadmin",
        (_, true, true) => "may create logins and users",
        (_, true, false) => "may create logins",
        (_, false, true) => "may create users, not logins",
        (_, false, false) => "may look only",
    };
    format!("{operator} {may}")
}

fn groups<'a>(groups: impl Iterator<Item = &'a GroupAccess>) -> String {
    let names: Vec<_> = groups
        .map(|it| &it.login)
        .map(|it: &Login| it.name.as_str())
        .collect();
    let word = if names.len() == 1 {
        "the Windows group"
    } else {
        "the Windows groups"
    };
    format!("{word} {}", names.join(", "))
}

fn listed(names: &[String], before: &str) -> String {
    match names {
        [] => String::new(),
        names => format!("{before}{}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
