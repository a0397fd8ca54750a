//! What a plan has to give an account, from what an inventory has of the database.

use model::database::{DatabaseFacts, DatabasePlace, Repair};
use model::inventory::Inventory;
use model::names::LogonAccount;

use super::verdict::{Check, Matter, judge};

/// A database, judged for an account of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What it lacks, in order; all of it can be taken back.
    pub repairs: Vec<Repair>,
    /// Why the operator cannot give that.
    pub obstacle: Option<Check>,
    /// What the account before it has and nobody copies.
    pub not_copied: Vec<String>,
}

/// Judges; or says why that cannot be done.
///
/// # Errors
/// What was not seen, as a line.
pub fn wanted(
    inventory: &Inventory,
    place: &DatabasePlace,
    account: &LogonAccount,
    like: Option<&LogonAccount>,
    role: &str,
) -> Result<Judged, String> {
    let mut all = inventory.databases.iter();
    let facts = all.find(|facts| facts.place == *place);
    let facts = facts.ok_or_else(|| unasked(inventory, place))?;
    let rights = facts.server.rights;
    let of = |account: &LogonAccount| facts.access_of(&account.to_string());
    let access = of(account).ok_or_else(|| format!("{account} was not looked for"))?;
    if !rights.sysadmin && !rights.sees_logins {
        let operator = &facts.server.operator;
        return Err(format!(
            "{operator} does not see other people's logins there"
        ));
    }
    let roles = [role.to_owned()];
    let verdict = judge(&Matter {
        server: &facts.server,
        database_name: &place.database,
        database: facts.database.as_ref(),
        account: access,
        like: like
            .and_then(of)
            .filter(|like| like.account != access.account),
        roles: &roles,
    });
    let of_check = |id: &str| verdict.checks.iter().find(|check| check.id == id);
    if let Some(check) = of_check("database").filter(|check| !check.holds) {
        return Err(check.detail.clone());
    }
    let obstacle = of_check("operator").filter(|check| !check.holds).cloned();
    let is_new = verdict.repairs.contains(&Repair::CreateUser);
    // Where a user that is there looks first is its own affair: it could not be put back.
    let keeps = |repair: &Repair| is_new || !matches!(repair, Repair::SetDefaultSchema { .. });
    Ok(Judged {
        repairs: verdict.repairs.into_iter().filter(keeps).collect(),
        obstacle,
        not_copied: verdict.not_copied,
    })
}

fn unasked(inventory: &Inventory, place: &DatabasePlace) -> String {
    let subject = DatabaseFacts::subject(place);
    let mut gaps = inventory.coverage.gaps.iter();
    match gaps.find(|gap| gap.subject == subject) {
        Some(gap) => gap.why.clone(),
        None => "the server was not asked".to_owned(),
    }
}
