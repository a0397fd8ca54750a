//! `gmsactl account`: accounts of the domain.

use clap::Subcommand;
use model::inventory::{Account, AccountClass, Gmsa};
use model::names::SamAccountName;
use model::ports::Directory;
use serde::Serialize;

use super::Done;
use crate::cli::Global;
use crate::error::Failure;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountVerb {
    /// Show a user, computer or gMSA; the $ at the end of a gMSA's name may be left out.
    #[command(after_help = "Example:\n  gmsactl account show MIMSyncGMSAsvc --estate estate.toml")]
    Show {
        /// Its sAMAccountName.
        #[arg(value_name = "NAME")]
        name: SamAccountName,
    },
}

/// An account, and what only a gMSA has.
#[derive(Debug, Serialize)]
pub struct AccountDocument {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// Interval and retrieval principals of a gMSA.
    pub gmsa: Option<GmsaPart>,
}

/// What only a gMSA has.
#[derive(Debug, Serialize)]
pub struct GmsaPart {
    /// `msDS-ManagedPasswordInterval`, days.
    pub interval_days: u32,
    /// SIDs that may retrieve the managed password.
    pub retrieval_principals: Vec<security::Sid>,
}

/// Shows.
pub async fn run(verb: &AccountVerb, global: &Global, output: &Output) -> Done {
    let AccountVerb::Show { name } = verb;
    let directory = Session::new(global)?.directory().await?;
    let account = match directory.account(name).await? {
        Some(account) => Some(account),
        None => match format!("{name}$").parse() {
            Ok(with_dollar) => directory.account(&with_dollar).await?,
            Err(_) => None,
        },
    };
    let account = account.ok_or_else(|| {
        Failure::new(
            "not-found",
            format!("there is no account {name} in the domain"),
        )
        .hint("the name is the sAMAccountName, not the display name")
    })?;
    let gmsa = match account.class {
        AccountClass::Gmsa => directory.gmsa(&account.name).await?.map(part),
        _ => None,
    };
    output.document(&AccountDocument { account, gmsa }, human::account);
    Ok(0)
}

fn part(gmsa: Gmsa) -> GmsaPart {
    GmsaPart {
        interval_days: gmsa.interval_days,
        retrieval_principals: gmsa.retrieval_principals,
    }
}
