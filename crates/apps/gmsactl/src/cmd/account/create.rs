//! `account create`.

use clap::Args;
use directory::ActiveDirectory;
use model::inventory::AccountClass;
use model::names::{Dn, DnsName, GmsaName, Spn};
use model::ports::{Directory, NewGmsa};

use super::settings::Values;
use crate::cmd::Done;
use crate::cmd::changing::{DryRun, Who, shown, sids, who};
use crate::error::Failure;
use crate::options::Global;
use crate::view::Output;

/// Help of `account create`.
pub const EXAMPLE: &str = "Everything is created in one step, or nothing. --allow without a group or host leaves the list empty: \
                           nobody can use the account then.\n\nExample:\n  gmsactl account create MIMSyncGMSAsvc \
                           --allow MIMSync_Servers --spn PCNSCLNT/mimsync01.contoso.com --estate estate.toml";

/// Arguments of `account create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name: at most 14 characters, 15 with the $ that may be left out; unique in the forest.
    #[arg(value_name = "NAME")]
    name: GmsaName,
    /// Its dNSHostName [default: its name in the domain].
    #[arg(long, value_name = "NAME")]
    dns_host_name: Option<DnsName>,
    /// Every how many days its password changes; cannot be changed later.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=9999))]
    interval_days: u32,
    /// Who may retrieve its password: a group of hosts, best; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = who)]
    allow: Vec<Who>,
    /// A service principal name from the beginning; may be repeated.
    #[arg(long, value_name = "SPN")]
    spn: Vec<Spn>,
    /// The container to create it in [default: the domain's Managed Service Accounts container].
    #[arg(long, value_name = "DN")]
    path: Option<Dn>,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    dry_run: DryRun,
}

/// Creates.
pub async fn run(args: &Create, global: &Global, output: &Output) -> Done {
    let directory = args.dry_run.directory(global).await?;
    shown(create(args, &directory).await, &directory, output)
}

async fn create(args: &Create, directory: &ActiveDirectory) -> Result<Vec<String>, Failure> {
    let principals = sids(directory, &args.allow).await?;
    let name = args.name.sam_account_name();
    if let Some(found) = directory.account(&name).await? {
        return as_wanted(args, &principals, found.class, directory).await;
    }
    let (elsewhere, whole_forest) = directory.named_in_forest(&name).await?;
    if let Some(other) = elsewhere {
        return Err(
            Failure::new("exists", format!("the name {name} is taken by {other}"))
                .hint("names of gMSAs are unique in the forest: choose another"),
        );
    }
    for spn in &args.spn {
        let (holders, _) = directory.holders_or_domain(spn).await?;
        if let Some(holder) = holders.first() {
            let message = format!("SPN {spn} is held by {}", holder.name);
            return Err(Failure::new("conflict", message).hint(format!(
                "create the account without it, then: gmsactl spn move {spn} --to {}",
                args.name
            )));
        }
    }
    let dns_host_name = match &args.dns_host_name {
        Some(name) => name.clone(),
        None => directory.domain_name().child(&args.name),
    };
    let new = NewGmsa {
        name: args.name.clone(),
        dns_host_name,
        interval_days: args.interval_days,
        retrieval_principals: principals,
        container: args.path.clone(),
        description: String::new(),
    };
    directory
        .create_gmsa_with(&new, &args.values.settings(), &args.spn)
        .await?;
    let mut notes = Vec::new();
    if args.allow.is_empty() {
        notes.push(format!(
            "nobody may retrieve its password yet: gmsactl account allow {} GROUP",
            args.name
        ));
    }
    if !whole_forest {
        notes.push(crate::cmd::spn::ONLY_THIS_DOMAIN.to_owned());
    }
    Ok(notes)
}

/// It is there: fine if it is what was asked for.
async fn as_wanted(
    args: &Create,
    principals: &[security::Sid],
    class: AccountClass,
    directory: &ActiveDirectory,
) -> Result<Vec<String>, Failure> {
    let name = args.name.sam_account_name();
    let there = |what: String| Failure::new("exists", format!("{name} is there, and {what}"));
    let gmsa = directory.gmsa(&name).await?;
    let Some(gmsa) = gmsa.filter(|_| class == AccountClass::Gmsa) else {
        return Err(there("is no gMSA".to_owned()).hint("choose another name"));
    };
    if gmsa.interval_days != args.interval_days {
        let what = format!("its interval is {} days", gmsa.interval_days);
        return Err(there(what)
            .hint("the interval is fixed at creation: take it as it is, or delete and create it"));
    }
    let lacks = |what: String| {
        there(format!("lacks {what}"))
            .hint("gmsactl account set, account allow and spn add change an account that is there")
    };
    if let Some(sid) = principals
        .iter()
        .find(|sid| !gmsa.retrieval_principals.contains(sid))
    {
        return Err(lacks(format!("{sid} among its retrieval principals")));
    }
    let account = &gmsa.account;
    if let Some(spn) = args
        .spn
        .iter()
        .find(|spn| !account.spns.iter().any(|had| had.same_as(spn)))
    {
        return Err(lacks(format!("SPN {spn}")));
    }
    Ok(vec![format!("{name} is there already: {}", account.dn)])
}
