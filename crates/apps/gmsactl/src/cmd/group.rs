//! `gmsactl group`: security groups and who is in them, through however many others.

use clap::{Args, Subcommand};
use directory::ActiveDirectory;
use model::inventory::Group;
use model::names::{Dn, SamAccountName};
use model::ports::{Directory, NewGroup};

use super::Done;
use super::changing::{Changing, name, principal};
use crate::documents::GroupDocument;
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub enum GroupVerb {
    /// Create a global security group; nothing to do where it is there.
    #[command(
        after_help = "Example:\n  gmsactl group create MIMSync_Servers --member MIMSYNC01 --estate estate.toml"
    )]
    Create(Create),
    /// Add members; those that are in it already stay so.
    #[command(
        after_help = "Example:\n  gmsactl group add MIMSync_Servers MIMSYNC01 MIMSYNC02 --estate estate.toml"
    )]
    Add(Membership),
    /// Remove members; those that are not in it stay out.
    #[command(
        after_help = "Example:\n  gmsactl group remove MIMSync_Servers MIMSYNC02 --estate estate.toml"
    )]
    Remove(Membership),
    /// Show a group and everybody in it, directly or through other groups.
    #[command(after_help = "Example:\n  gmsactl group show MIMSync_Servers --estate estate.toml")]
    Show {
        /// Its sAMAccountName.
        #[arg(value_name = "GROUP", value_parser = name)]
        group: SamAccountName,
    },
}

/// Arguments of `group create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name: sAMAccountName and common name.
    #[arg(value_name = "GROUP", value_parser = name)]
    group: SamAccountName,
    /// The container to create it in [default: the domain's Users container].
    #[arg(long, value_name = "DN")]
    path: Option<Dn>,
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// A member from the beginning; may be repeated.
    #[arg(long = "member", value_name = "NAME", value_parser = name)]
    members: Vec<SamAccountName>,
    #[command(flatten)]
    changing: Changing,
}

/// Arguments of `group add` and `group remove`.
#[derive(Debug, Args)]
pub struct Membership {
    /// The group's sAMAccountName.
    #[arg(value_name = "GROUP", value_parser = name)]
    group: SamAccountName,
    /// Users, computers, gMSAs or groups; the $ may be left out.
    #[arg(value_name = "MEMBER", required = true, value_parser = name)]
    members: Vec<SamAccountName>,
    #[command(flatten)]
    changing: Changing,
}

/// Creates, changes or shows.
pub async fn run(verb: &GroupVerb, global: &Global, output: &Output) -> Done {
    match verb {
        GroupVerb::Create(args) => {
            let directory = args.changing.directory(global).await?;
            args.changing
                .shown(create(args, &directory).await, &directory, output)
                .await
        }
        GroupVerb::Add(args) => {
            let directory = args.changing.directory(global).await?;
            let outcome = put(&args.group, &args.members, true, &directory).await;
            args.changing.shown(outcome, &directory, output).await
        }
        GroupVerb::Remove(args) => {
            let directory = args.changing.directory(global).await?;
            let outcome = put(&args.group, &args.members, false, &directory).await;
            args.changing.shown(outcome, &directory, output).await
        }
        GroupVerb::Show { group } => {
            let directory = Session::new(global)?.directory().await?;
            let group = found(group, &directory).await?;
            let members = directory.all_members(&group.dn).await?;
            let Group {
                dn,
                name,
                sid,
                guid,
                ..
            } = group;
            let document = GroupDocument {
                dn,
                name,
                sid,
                guid,
                members,
            };
            output.document(&document, human::group);
            Ok(0)
        }
    }
}

async fn create(args: &Create, directory: &ActiveDirectory) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    let members = resolve(&args.members, directory).await?;
    let dn = match directory.principal(&args.group).await? {
        Some(found) if found.group && found.name.same_as(&args.group) => {
            notes.push(format!("{} is there already: {}", found.name, found.dn));
            found.dn
        }
        Some(found) if found.name.same_as(&args.group) => {
            return Err(
                Failure::new("exists", format!("the name is taken by {}", found.dn))
                    .hint("choose another name"),
            );
        }
        _ => {
            let new = NewGroup {
                name: args.group.clone(),
                container: args.path.clone(),
                description: args.description.clone(),
            };
            // With its members in one step, or not at all.
            directory.create_groups(&[(new, members)]).await?;
            return Ok(notes);
        }
    };
    for member in members {
        directory.add_member(&dn, &member).await?;
    }
    Ok(notes)
}

async fn put(
    group: &SamAccountName,
    members: &[SamAccountName],
    is_member: bool,
    directory: &ActiveDirectory,
) -> Result<Vec<String>, Failure> {
    let group = found(group, directory).await?;
    // All names first: a wrong one leaves nothing half-done.
    let mut notes = Vec::new();
    for member in resolve(members, directory).await? {
        if member == group.dn {
            return Err(Failure::new(
                "conflict",
                format!("{} cannot be a member of itself", group.name),
            ));
        }
        let before = directory.changes().len();
        if is_member {
            directory.add_member(&group.dn, &member).await?;
        } else {
            directory.remove_member(&group.dn, &member).await?;
        }
        if directory.changes().len() == before {
            let so = if is_member {
                "a member already"
            } else {
                "no member"
            };
            notes.push(format!("{member} is {so}"));
        }
    }
    if is_member && !directory.changes().is_empty() {
        notes.push(
            "a host counts as a member from its next Kerberos ticket on: restart it, or run klist -li 0x3e7 purge there"
                .to_owned(),
        );
    }
    Ok(notes)
}

async fn found(name: &SamAccountName, directory: &ActiveDirectory) -> Result<Group, Failure> {
    directory.group(name).await?.ok_or_else(|| {
        Failure::new(
            "not-found",
            format!("there is no group {name} in the domain"),
        )
        .hint("the name is the sAMAccountName; gmsactl group create makes one")
    })
}

async fn resolve(
    names: &[SamAccountName],
    directory: &ActiveDirectory,
) -> Result<Vec<Dn>, Failure> {
    let mut found = Vec::new();
    for name in names {
        found.push(principal(directory, name).await?.dn);
    }
    Ok(found)
}
