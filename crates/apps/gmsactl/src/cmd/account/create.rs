//! `account create`.

use clap::Args;
use directory::ActiveDirectory;
use model::inventory::Gmsa;
use model::names::{Dn, DnsName, GmsaName, SamAccountName, Spn};
use model::ports::{Directory, NewGmsa};
use security::Sid;

use super::settings::Values;
use crate::cmd::Done;
use crate::cmd::changing::{Changing, Who, sids, who};
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
    changing: Changing,
}

/// Creates.
pub async fn run(args: &Create, global: &Global, output: &Output) -> Done {
    let directory = args.changing.directory(global).await?;
    args.changing
        .shown(create(args, &directory).await, &directory, output)
        .await
}

async fn create(args: &Create, directory: &ActiveDirectory) -> Result<Vec<String>, Failure> {
    let principals = sids(directory, &args.allow).await?;
    let name = args.name.sam_account_name();
    if directory.account(&name).await?.is_some() {
        let wanted = Wanted {
            name: &args.name,
            interval_days: args.interval_days,
            principals: &principals,
            spns: &args.spn,
        };
        let found = directory.gmsa(&name).await?;
        return Ok(vec![wanted.is(found.as_ref())?]);
    }
    let (elsewhere, whole_forest) = directory.named_in_forest(&[name]).await?;
    if let Some((name, other)) = elsewhere.first() {
        return Err(taken(name, other));
    }
    for spn in &args.spn {
        let (holders, _) = directory.holders_or_domain(spn).await?;
        if let Some(holder) = holders.first() {
            return Err(held(spn, &holder.name, &args.name));
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

/// Somebody else in the forest has the name.
pub fn taken(name: &SamAccountName, by: &Dn) -> Failure {
    Failure::new("exists", format!("the name {name} is taken by {by}"))
        .hint("names of gMSAs are unique in the forest: choose another")
}

/// Somebody else holds an SPN that the gMSA should have.
pub fn held(spn: &Spn, holder: &SamAccountName, gmsa: &GmsaName) -> Failure {
    Failure::new("conflict", format!("SPN {spn} is held by {holder}")).hint(format!(
        "create the account without it, then: gmsactl spn move {spn} --to {gmsa}"
    ))
}

/// What a gMSA that is there already must have.
pub struct Wanted<'a> {
    /// Its name.
    pub name: &'a GmsaName,
    /// Its interval.
    pub interval_days: u32,
    /// Who must be among its retrieval principals.
    pub principals: &'a [Sid],
    /// SPNs it must have.
    pub spns: &'a [Spn],
}

impl Wanted<'_> {
    /// It is there: fine if it is what was asked for; says so.
    pub fn is(&self, found: Option<&Gmsa>) -> Result<String, Failure> {
        let name = self.name.sam_account_name();
        let there = |what: String| Failure::new("exists", format!("{name} is there, and {what}"));
        let Some(gmsa) = found else {
            return Err(there("is no gMSA".to_owned()).hint("choose another name"));
        };
        if gmsa.interval_days != self.interval_days {
            let what = format!("its interval is {} days", gmsa.interval_days);
            return Err(there(what).hint(
                "the interval is fixed at creation: take it as it is, or delete and create it",
            ));
        }
        let lacks = |what: String| {
            there(format!("lacks {what}")).hint(
                "gmsactl account set, account allow and spn add change an account that is there",
            )
        };
        let mut principals = self.principals.iter();
        if let Some(sid) = principals.find(|sid| !gmsa.retrieval_principals.contains(sid)) {
            return Err(lacks(format!("{sid} among its retrieval principals")));
        }
        let account = &gmsa.account;
        let has = |spn: &&Spn| account.spns.iter().any(|had| had.same_as(spn));
        if let Some(spn) = self.spns.iter().find(|spn| !has(spn)) {
            return Err(lacks(format!("SPN {spn}")));
        }
        Ok(format!("{name} is there already: {}", account.dn))
    }
}
