//! `account import`: many gMSAs from a table, with the groups that may use them.

mod sheet;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use directory::ActiveDirectory;
use model::inventory::{Gmsa, Group};
use model::names::{Dn, SamAccountName, Spn};
use model::ports::{Directory, LookedUp, NewGmsa, NewGroup};
use security::Sid;

use super::create::{Wanted, held, taken};
use crate::cmd::Done;
use crate::cmd::changing::{Changing, Who};
use crate::error::Failure;
use crate::options::Global;
use crate::view::Output;
use sheet::Row;

/// Help of `account import`.
pub const EXAMPLE: &str = "The first line of the table (CSV, UTF-8) names its columns: name, and as needed group, members, allow, spns, \
                           dns-host-name, interval-days, path, group-path, description. Several values in a cell stand with ; between \
                           them. A group that is not there is created, with its members. Everything is looked at before anything is \
                           changed; what is there as wanted stays, so the command can be repeated.\n\n\
                           Example:\n  gmsactl account import accounts.csv --dry-run --estate estate.toml\n\n\
                           name,group,members,spns\n\
                           MIMSyncGMSAsvc,MIMSync_Servers,MIMSYNC01;MIMSYNC02,PCNSCLNT/mimsync01.contoso.com";

/// Arguments of `account import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The table.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    changing: Changing,
}

/// Creates what is not there.
pub async fn run(args: &Import, global: &Global, output: &Output) -> Done {
    let rows = sheet::read(&args.file)?;
    let directory = args.changing.directory(global).await?;
    args.changing
        .shown(import(&rows, &directory).await, &directory, output)
        .await
}

async fn import(rows: &[Row], directory: &ActiveDirectory) -> Result<Vec<String>, Failure> {
    let mut work = Work::of(rows, directory).await?;
    work.check_new(directory).await?;
    directory.create_groups(&work.new_groups()).await?;
    for (group, member) in &work.new_members {
        directory.add_member(group, member).await?;
    }
    work.learn_groups(directory).await?;
    let gmsas = work.new_gmsas(directory)?;
    directory.create_gmsas(&gmsas).await?;
    if directory.rehearses() && !work.wanted_groups.is_empty() {
        let note = "the new groups' own SIDs take the place of S-1-0-0 in the lists";
        work.notes.push(note.to_owned());
    }
    Ok(work.notes)
}

/// What is there, and what is to be done.
struct Work<'a> {
    known: Known,
    /// Groups that are not there yet: their containers and members.
    wanted_groups: BTreeMap<SamAccountName, (Option<Dn>, Vec<Dn>)>,
    /// Groups that are there, and who is missing in them.
    new_members: Vec<(Dn, Dn)>,
    new: Vec<&'a Row>,
    notes: Vec<String>,
}

impl<'a> Work<'a> {
    /// Looks everything up, and refuses as a whole what cannot be done in a line.
    async fn of(rows: &'a [Row], directory: &ActiveDirectory) -> Result<Self, Failure> {
        let mut work = Self {
            known: Known(directory.look_up(&names(rows)).await?),
            wanted_groups: BTreeMap::new(),
            new_members: Vec::new(),
            new: Vec::new(),
            notes: Vec::new(),
        };
        let tried = rows.iter().map(|row| (row.line, work.take(row)));
        all_or_nothing(
            tried
                .filter_map(|(line, outcome)| Some((line, outcome.err()?)))
                .collect(),
        )?;
        Ok(work)
    }

    fn take(&mut self, row: &'a Row) -> Result<(), Failure> {
        let mut members = Vec::new();
        for member in &row.members {
            members.push(self.known.principal(member)?.0.clone());
        }
        let mut principals = Vec::new();
        for who in &row.allow {
            principals.push(self.known.sid(who)?);
        }
        if let Some(name) = &row.group {
            match self.known.group(name)? {
                Some(group) => {
                    let missing = members.iter().filter(|dn| !group.members.contains(dn));
                    let missing = missing.map(|member| (group.dn.clone(), member.clone()));
                    self.new_members.extend(missing);
                    principals.push(group.sid);
                }
                None => {
                    let wanted = self.wanted_groups.entry(name.clone()).or_default();
                    wanted.0 = wanted.0.take().or_else(|| row.group_path.clone());
                    members.retain(|member| !wanted.1.contains(member));
                    wanted.1.append(&mut members);
                }
            }
        }
        let name = row.name.sam_account_name();
        if self.known.account(&name).is_none() {
            self.new.push(row);
            return Ok(());
        }
        let wanted = Wanted {
            name: &row.name,
            interval_days: row.interval_days,
            principals: &principals,
            spns: &row.spns,
        };
        self.notes.push(wanted.is(self.known.gmsa(&name))?);
        Ok(())
    }

    /// Names and SPNs of new accounts must be free in the whole forest.
    async fn check_new(&mut self, directory: &ActiveDirectory) -> Result<(), Failure> {
        let names: Vec<_> = self
            .new
            .iter()
            .map(|row| row.name.sam_account_name())
            .collect();
        let spns: Vec<Spn> = self.new.iter().flat_map(|row| row.spns.clone()).collect();
        let (named, whole_forest) = directory.named_in_forest(&names).await?;
        let holders = directory.find_holders_of(&spns).await?;
        let mut wrong = Vec::new();
        for row in &self.new {
            let name = row.name.sam_account_name();
            let by = named.iter().find(|(found, _)| found.same_as(&name));
            wrong.extend(by.map(|(name, by)| (row.line, taken(name, by))));
            for spn in &row.spns {
                let holds = |had: &Spn| had.same_as(spn);
                let holder = holders
                    .iter()
                    .find(|account| account.spns.iter().any(holds));
                wrong.extend(holder.map(|holder| (row.line, held(spn, &holder.name, &row.name))));
            }
        }
        if !whole_forest {
            self.notes
                .push(crate::cmd::spn::ONLY_THIS_DOMAIN.to_owned());
        }
        all_or_nothing(wrong)
    }

    fn new_groups(&self) -> Vec<(NewGroup, Vec<Dn>)> {
        let group = |(name, (container, members)): (&SamAccountName, &(Option<Dn>, Vec<Dn>))| {
            let group = NewGroup {
                name: name.clone(),
                container: container.clone(),
                description: String::new(),
            };
            (group, members.clone())
        };
        self.wanted_groups.iter().map(group).collect()
    }

    /// Who the new groups are, for the lists that name them.
    async fn learn_groups(&mut self, directory: &ActiveDirectory) -> Result<(), Failure> {
        if directory.rehearses() || self.wanted_groups.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = self.wanted_groups.keys().cloned().collect();
        let found = directory.look_up(&names).await?;
        self.known.0.groups.extend(found.groups);
        Ok(())
    }

    fn new_gmsas(&self, directory: &ActiveDirectory) -> Result<Vec<(NewGmsa, Vec<Spn>)>, Failure> {
        let mut gmsas = Vec::new();
        for row in &self.new {
            let mut principals = Vec::new();
            for who in &row.allow {
                principals.push(self.known.sid(who)?);
            }
            if let Some(name) = &row.group {
                principals.push(match self.known.group(name)? {
                    Some(group) => group.sid,
                    None if directory.rehearses() => Sid::NOBODY,
                    None => return Err(nobody(name)),
                });
            }
            let own = || directory.domain_name().child(&row.name);
            let gmsa = NewGmsa {
                name: row.name.clone(),
                dns_host_name: row.dns_host_name.clone().unwrap_or_else(own),
                interval_days: row.interval_days,
                retrieval_principals: principals,
                container: row.path.clone(),
                description: row.description.clone(),
            };
            gmsas.push((gmsa, row.spns.clone()));
        }
        Ok(gmsas)
    }
}

/// Every name of the table; computers and gMSAs may stand there without their `$`.
fn names(rows: &[Row]) -> Vec<SamAccountName> {
    let mut names: Vec<SamAccountName> = Vec::new();
    for row in rows {
        names.push(row.name.sam_account_name());
        names.extend(row.group.clone());
        let allowed = row.allow.iter().filter_map(|who| match who {
            Who::Name(name) => Some(name),
            Who::Sid(_) => None,
        });
        for name in row.members.iter().chain(allowed) {
            names.push(name.clone());
            names.extend(format!("{name}$").parse().ok());
        }
    }
    names.sort();
    names.dedup();
    names
}

/// What stands in the way, with its lines; the first in full.
fn all_or_nothing(wrong: Vec<(u64, Failure)>) -> Result<(), Failure> {
    let mut wrong = wrong.into_iter();
    let Some((line, mut first)) = wrong.next() else {
        return Ok(());
    };
    first.message = format!("line {line}: {}; nothing was changed", first.message);
    let others = wrong.map(|(line, failure)| format!("line {line}: {}", failure.message));
    first.causes.extend(others);
    Err(first)
}

fn nobody(name: &SamAccountName) -> Failure {
    Failure::new(
        "not-found",
        format!("there is no account or group {name} in the domain"),
    )
    .hint("the name is the sAMAccountName, not the display name")
}

/// What the table's names are in the domain.
struct Known(LookedUp);

impl Known {
    fn account(&self, name: &SamAccountName) -> Option<(&Dn, Sid)> {
        let account = self.0.accounts.iter().find(|one| one.name.same_as(name))?;
        Some((&account.dn, account.sid))
    }

    fn gmsa(&self, name: &SamAccountName) -> Option<&Gmsa> {
        self.0
            .gmsas
            .iter()
            .find(|one| one.account.name.same_as(name))
    }

    /// The group of that name; an account of that name is in its way.
    fn group(&self, name: &SamAccountName) -> Result<Option<&Group>, Failure> {
        if let Some((dn, _)) = self.account(name) {
            let message = format!("the name {name} is taken by {dn}, which is no group");
            return Err(Failure::new("exists", message).hint("choose another name for the group"));
        }
        Ok(self.0.groups.iter().find(|one| one.name.same_as(name)))
    }

    /// The exact name first, then that of a computer or gMSA without its `$`.
    fn principal(&self, name: &SamAccountName) -> Result<(&Dn, Sid), Failure> {
        let group = self.0.groups.iter().find(|one| one.name.same_as(name));
        let with_dollar = format!("{name}$").parse();
        let found = self
            .account(name)
            .or_else(|| group.map(|group| (&group.dn, group.sid)))
            .or_else(|| self.account(&with_dollar.ok()?));
        found.ok_or_else(|| nobody(name))
    }

    fn sid(&self, who: &Who) -> Result<Sid, Failure> {
        match who {
            Who::Sid(sid) => Ok(*sid),
            Who::Name(name) => Ok(self.principal(name)?.1),
        }
    }
}
