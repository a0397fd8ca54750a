//! `account allow` and `account deny`: who may retrieve a gMSA's password.

use clap::Args;
use directory::{ActiveDirectory, Settings};
use model::inventory::Gmsa;
use model::names::SamAccountName;
use model::ports::Directory;

use crate::cmd::Done;
use crate::cmd::changing::{Changing, Who, account, name, sids, who};
use crate::error::Failure;
use crate::options::Global;
use crate::view::Output;

/// Arguments of `account allow`.
#[derive(Debug, Args)]
pub struct Allow {
    /// The gMSA's name; the $ may be left out.
    #[arg(value_name = "NAME", value_parser = name)]
    gmsa: SamAccountName,
    /// Groups or computers by name, or SIDs.
    #[arg(value_name = "PRINCIPAL", required = true, value_parser = who)]
    principals: Vec<Who>,
    /// Put these in the place of the whole list, entries of any other form included.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    changing: Changing,
}

/// Arguments of `account deny`.
#[derive(Debug, Args)]
pub struct Deny {
    /// The gMSA's name; the $ may be left out.
    #[arg(value_name = "NAME", value_parser = name)]
    gmsa: SamAccountName,
    /// Groups or computers by name, or SIDs.
    #[arg(value_name = "PRINCIPAL", required = true, value_parser = who)]
    principals: Vec<Who>,
    #[command(flatten)]
    changing: Changing,
}

/// Lets them.
pub async fn allow(args: &Allow, global: &Global, output: &Output) -> Done {
    let directory = args.changing.directory(global).await?;
    let outcome = async {
        let gmsa = gmsa(&directory, &args.gmsa).await?;
        let principals = sids(&directory, &args.principals).await?;
        if args.replace {
            let settings = Settings {
                retrieval_principals: Some(principals),
                ..Settings::default()
            };
            directory.set(&gmsa.account.dn, &settings).await?;
            return Ok(Vec::new());
        }
        let mut notes = Vec::new();
        for sid in principals {
            if gmsa.retrieval_principals.contains(&sid) {
                notes.push(format!("{sid} may already"));
            } else {
                directory.allow_retrieval(&gmsa.account.dn, &sid).await?;
            }
        }
        Ok(notes)
    };
    args.changing.shown(outcome.await, &directory, output).await
}

/// Lets them no more.
pub async fn deny(args: &Deny, global: &Global, output: &Output) -> Done {
    let directory = args.changing.directory(global).await?;
    let outcome = async {
        let gmsa = gmsa(&directory, &args.gmsa).await?;
        let mut notes = Vec::new();
        for sid in sids(&directory, &args.principals).await? {
            if !gmsa.retrieval_principals.contains(&sid) {
                notes.push(format!("{sid} is not in the list"));
                continue;
            }
            let before = directory.changes().len();
            directory.revoke_retrieval(&gmsa.account.dn, &sid).await?;
            if directory.changes().len() == before {
                let message = format!("{sid} is allowed by an entry of another form, which stays");
                return Err(Failure::new("conflict", message)
                    .hint("gmsactl account allow --replace puts a new list in its place"));
            }
        }
        notes.push(
            "whoever has retrieved the password keeps it until it changes; a running service is not stopped".into(),
        );
        Ok(notes)
    };
    args.changing.shown(outcome.await, &directory, output).await
}

/// The gMSA of that name.
pub async fn gmsa(directory: &ActiveDirectory, name: &SamAccountName) -> Result<Gmsa, Failure> {
    let account = account(directory, name).await?;
    directory.gmsa(&account.name).await?.ok_or_else(|| {
        Failure::new("conflict", format!("{} is no gMSA", account.name))
            .hint("gmsactl account list shows them")
    })
}
