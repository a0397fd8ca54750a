//! `account delete`.

use clap::Args;
use directory::ActiveDirectory;
use model::names::SamAccountName;
use model::ports::Directory;

use super::retrieval::gmsa;
use crate::cmd::Done;
use crate::cmd::changing::{Changing, confirm, name};
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::view::Output;

/// Arguments of `account delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// The gMSA's name; the $ may be left out.
    #[arg(value_name = "NAME", value_parser = name)]
    gmsa: SamAccountName,
    /// Do it without asking.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    changing: Changing,
}

/// Deletes.
pub async fn run(args: &Delete, global: &Global, output: &Output) -> Done {
    let directory = args.changing.directory(global).await?;
    let outcome = delete(args, &directory, &Session::new(global)?, output).await;
    args.changing.shown(outcome, &directory, output).await
}

async fn delete(
    args: &Delete,
    directory: &ActiveDirectory,
    session: &Session<'_>,
    output: &Output,
) -> Result<Vec<String>, Failure> {
    // Nothing to do where it is gone; a name of somebody else's is no mistake to pass over.
    if directory.principal(&args.gmsa).await?.is_none() {
        return Ok(vec![format!("there is no {}", args.gmsa)]);
    }
    let gmsa = gmsa(directory, &args.gmsa).await?;
    let account = &gmsa.account;
    let mut notes = Vec::new();
    for group in directory.memberships(&account.dn).await? {
        notes.push(format!("it is a member of {group}"));
    }
    for spn in &account.spns {
        notes.push(format!("it holds SPN {spn}"));
    }
    for user in directory.callable_by(&account.sid).await? {
        notes.push(format!("{user} lets it act in users' names"));
    }
    for note in &notes {
        output.note(&format!("still refers to it: {note}"));
    }
    if !args.changing.dry_run {
        let question = format!(
            "{} is deleted for good: services that run as it stop working, and an account of the same name would be another.",
            account.name
        );
        confirm(&question, args.yes, session)?;
    }
    directory.delete(&account.guid).await?;
    Ok(notes)
}
