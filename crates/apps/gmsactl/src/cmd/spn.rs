//! `gmsactl spn`: who holds a service principal name, and moving it.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use directory::{ActiveDirectory, Aliases, HeldSpn};
use model::inventory::Account;
use model::names::{SamAccountName, Spn};
use model::ports::Directory;

use super::Done;
use super::changing::{Changing, account, name};
use crate::documents::{Holder, SpnCheck, SpnClash, SpnList};
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with service principal names.
#[derive(Debug, Subcommand)]
pub enum SpnVerb {
    /// Show the SPNs of an account, or who holds an SPN and what answers for it.
    #[command(
        after_help = "Examples:\n  gmsactl spn show svc-mimsync --estate estate.toml\n  \
                            gmsactl spn show HTTP/portal.contoso.com --estate estate.toml"
    )]
    Show {
        /// An account's sAMAccountName, or an SPN.
        #[arg(value_name = "NAME|SPN")]
        what: String,
    },
    /// Add SPNs to an account; nothing to do for those that it has.
    #[command(
        after_help = "Example:\n  gmsactl spn add MIMPortalGMSA HTTP/portal.contoso.com --estate estate.toml"
    )]
    Add(Edit),
    /// Remove SPNs from an account; nothing to do for those that it has not.
    #[command(
        after_help = "Example:\n  gmsactl spn remove svc-mimportal HTTP/portal.contoso.com --estate estate.toml"
    )]
    Remove(Edit),
    /// Move an SPN to another account: removed from the one, added to the other, put back where that fails.
    #[command(
        after_help = "Example:\n  gmsactl spn move HTTP/portal.contoso.com --to MIMPortalGMSA --estate estate.toml"
    )]
    Move(Move),
    /// Look for SPNs with two holders in the forest, or whether one SPN can be added; exit code 1 where something is wrong.
    #[command(after_help = "Example:\n  gmsactl spn check --estate estate.toml")]
    Check {
        /// Only this one.
        #[arg(value_name = "SPN")]
        spn: Option<Spn>,
    },
}

/// Arguments of `spn add` and `spn remove`.
#[derive(Debug, Args)]
pub struct Edit {
    /// The account's sAMAccountName; the $ may be left out.
    #[arg(value_name = "NAME", value_parser = name)]
    account: SamAccountName,
    /// The SPNs: class/host, class/host:port or class/host/name.
    #[arg(value_name = "SPN", required = true)]
    spns: Vec<Spn>,
    #[command(flatten)]
    changing: Changing,
}

/// Arguments of `spn move`.
#[derive(Debug, Args)]
pub struct Move {
    /// The SPN.
    #[arg(value_name = "SPN")]
    spn: Spn,
    /// The account that is to have it.
    #[arg(long, value_name = "NAME", value_parser = name)]
    to: SamAccountName,
    /// The account that has it; refused where it is another.
    #[arg(long, value_name = "NAME", value_parser = name)]
    from: Option<SamAccountName>,
    #[command(flatten)]
    changing: Changing,
}

/// Shows, changes or checks.
pub async fn run(verb: &SpnVerb, global: &Global, output: &Output) -> Done {
    match verb {
        SpnVerb::Show { what } => show(what, global, output).await,
        SpnVerb::Add(args) => {
            let directory = args.changing.directory(global).await?;
            args.changing
                .shown(add(args, &directory).await, &directory, output)
                .await
        }
        SpnVerb::Remove(args) => {
            let directory = args.changing.directory(global).await?;
            args.changing
                .shown(remove(args, &directory).await, &directory, output)
                .await
        }
        SpnVerb::Move(args) => {
            let directory = args.changing.directory(global).await?;
            args.changing
                .shown(relocate(args, &directory).await, &directory, output)
                .await
        }
        SpnVerb::Check { spn } => check(spn.as_ref(), global, output).await,
    }
}

async fn show(what: &str, global: &Global, output: &Output) -> Done {
    let usage = |error: String| Failure::new("usage", error).exit(exit::USAGE);
    let directory = Session::new(global)?.directory().await?;
    let document = if what.contains('/') {
        let spn: Spn = what
            .parse()
            .map_err(|error: model::names::InvalidName| usage(error.to_string()))?;
        let (holders, whole_forest) = directory.holders_or_domain(&spn).await?;
        let mut answering = Vec::new();
        for alias in directory.spn_aliases().await?.fallbacks(&spn) {
            let (found, _) = directory.holders_or_domain(&alias).await?;
            answering.extend(found.iter().map(|account| holder(&alias, account)));
        }
        SpnList {
            spns: holders.iter().map(|found| holder(&spn, found)).collect(),
            answering,
            whole_forest,
        }
    } else {
        let account = account(&directory, &name(what).map_err(usage)?).await?;
        let of = |spn: &Spn| holder(spn, &account);
        SpnList {
            spns: account.spns.iter().map(of).collect(),
            answering: Vec::new(),
            whole_forest: true,
        }
    };
    output.document(&document, human::spns);
    Ok(0)
}

fn holder(spn: &Spn, account: &Account) -> Holder {
    Holder {
        spn: spn.clone(),
        holder: account.name.clone(),
        dn: account.dn.clone(),
    }
}

async fn add(args: &Edit, directory: &ActiveDirectory) -> Result<Vec<String>, Failure> {
    let account = account(directory, &args.account).await?;
    let aliases = directory.spn_aliases().await?;
    let mut notes = Vec::new();
    // All are looked at first: one that is taken leaves nothing half-done.
    for spn in &args.spns {
        let free = is_free(spn, &account, &aliases, directory).await?;
        notes.extend(free);
    }
    for spn in &args.spns {
        if account.spns.iter().any(|had| had.same_as(spn)) {
            notes.push(format!("{} has {spn} already", account.name));
        } else {
            directory.add_spn(&account.dn, spn).await?;
        }
    }
    Ok(notes)
}

/// Refuses an SPN that somebody else holds; a note where an alias of it is somebody else's.
async fn is_free(
    spn: &Spn,
    account: &Account,
    aliases: &Aliases,
    directory: &ActiveDirectory,
) -> Result<Option<String>, Failure> {
    let (holders, whole_forest) = directory.holders_or_domain(spn).await?;
    if let Some(other) = holders.iter().find(|other| other.dn != account.dn) {
        return Err(taken(spn, &other.name, account));
    }
    for alias in aliases.fallbacks(spn) {
        let (holders, _) = directory.holders_or_domain(&alias).await?;
        if let Some(other) = holders.iter().find(|other| other.dn != account.dn) {
            return Ok(Some(format!(
                "{alias} of {} answered for {spn} until now; from here on {} does. A domain controller that checks \
                 aliases refuses that with error 8648 to all but administrators",
                other.name, account.name
            )));
        }
    }
    Ok((!whole_forest).then(|| format!("{spn}: {ONLY_THIS_DOMAIN}")))
}

/// Where the forest has several domains and no global catalog answers.
pub const ONLY_THIS_DOMAIN: &str =
    "only this domain was asked: the domain controller is no global catalog";

fn taken(spn: &Spn, holder: &SamAccountName, account: &Account) -> Failure {
    let message = format!(
        "cannot add SPN {spn} to {}: {holder} holds it, and Kerberos needs exactly one holder (errors 8647 and 8648)",
        account.name
    );
    let to = &account.name;
    Failure::new("conflict", message).hint(format!("move it: gmsactl spn move {spn} --to {to}"))
}

async fn remove(args: &Edit, directory: &ActiveDirectory) -> Result<Vec<String>, Failure> {
    let account = account(directory, &args.account).await?;
    let mut notes = Vec::new();
    for spn in &args.spns {
        if account.spns.iter().any(|had| had.same_as(spn)) {
            directory.remove_spn(&account.dn, spn).await?;
        } else {
            notes.push(format!("{} does not have {spn}", account.name));
        }
    }
    Ok(notes)
}

async fn relocate(args: &Move, directory: &ActiveDirectory) -> Result<Vec<String>, Failure> {
    let spn = &args.spn;
    let to = account(directory, &args.to).await?;
    let (holders, whole_forest) = directory.holders_or_domain(spn).await?;
    let mut notes = Vec::new();
    if !whole_forest {
        notes.push(ONLY_THIS_DOMAIN.to_owned());
    }
    let from = match holders.as_slice() {
        [] => None,
        [one] if one.dn == to.dn => {
            notes.push(format!("{} has {spn} already", to.name));
            return Ok(notes);
        }
        [one] => Some(one),
        several => {
            let names: Vec<_> = several.iter().map(|one| one.name.as_str()).collect();
            let message = format!("{spn} has {} holders: {}", names.len(), names.join(", "));
            return Err(Failure::new("conflict", message)
                .hint("remove it from all but one (gmsactl spn remove), then move it"));
        }
    };
    let expected = match &args.from {
        Some(from) => Some(account(directory, from).await?),
        None => None,
    };
    if let Some(expected) = expected
        && from.map(|from| &from.dn) != Some(&expected.dn)
    {
        let holder = from.map_or("nobody", |from| from.name.as_str());
        let message = format!("{spn} is not on {} but on {holder}", expected.name);
        return Err(
            Failure::new("conflict", message).hint("name the account that has it as --from")
        );
    }
    match from {
        None => directory.add_spn(&to.dn, spn).await?,
        Some(from) => {
            directory.remove_spn(&from.dn, spn).await?;
            if let Err(error) = directory.add_spn(&to.dn, spn).await {
                return Err(put_back(spn, from, error.into(), directory).await);
            }
        }
    }
    Ok(notes)
}

/// The second half failed: the SPN goes back, and the error says whether it did.
async fn put_back(
    spn: &Spn,
    from: &Account,
    failure: Failure,
    directory: &ActiveDirectory,
) -> Failure {
    match directory.add_spn(&from.dn, spn).await {
        Ok(()) => Failure {
            message: format!("{}; {spn} is on {} again", failure.message, from.name),
            ..failure
        },
        Err(back) => Failure {
            message: format!(
                "{}; and {spn} could not be put back on {}: {back}. Nobody holds it now",
                failure.message, from.name
            ),
            hint: Some(format!("gmsactl spn add {} {spn}", from.name)),
            ..failure
        },
    }
}

async fn check(spn: Option<&Spn>, global: &Global, output: &Output) -> Done {
    let directory = Session::new(global)?.directory().await?;
    let (held, whole_forest) = directory.all_spns().await?;
    let aliases = directory.spn_aliases().await?;
    let by_spn = by_spn(&held);
    let concerns = |other: &Spn| spn.is_none_or(|spn| spn.same_as(other));
    let mut document = SpnCheck {
        spns: by_spn.len(),
        whole_forest,
        duplicates: Vec::new(),
        aliases: Vec::new(),
    };
    for (spn, holders) in by_spn.values().filter(|(spn, _)| concerns(spn)) {
        if holders.len() > 1 {
            document.duplicates.push(SpnClash {
                spn: (*spn).clone(),
                holders: holders.clone(),
                stands_for: None,
            });
        }
        for below in aliases.stands_for(spn) {
            let explicit = by_spn.get(&below.as_str().to_lowercase());
            let others = explicit.map_or(&[][..], |(_, others)| others).iter();
            let others: Vec<_> = others
                .filter(|other| !holders.contains(other))
                .cloned()
                .collect();
            if !others.is_empty() {
                document.aliases.push(SpnClash {
                    spn: below,
                    holders: others,
                    stands_for: Some((*spn).clone()),
                });
            }
        }
    }
    let clean = document.duplicates.is_empty();
    output.document(&document, human::spn_check);
    Ok(if clean { 0 } else { exit::REFUSED })
}

/// By name in lower case, as the directory compares them.
fn by_spn(held: &[HeldSpn]) -> BTreeMap<String, (&Spn, Vec<SamAccountName>)> {
    let mut by_spn: BTreeMap<String, (&Spn, Vec<SamAccountName>)> = BTreeMap::new();
    for HeldSpn { spn, holder } in held {
        let entry = by_spn.entry(spn.as_str().to_lowercase());
        let (_, holders) = entry.or_insert((spn, Vec::new()));
        if !holders.contains(holder) {
            holders.push(holder.clone());
        }
    }
    by_spn
}
