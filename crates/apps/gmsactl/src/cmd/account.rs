//! `gmsactl account`: accounts of the domain.

use clap::Subcommand;
use model::inventory::{AccountClass, Gmsa};
use model::names::SamAccountName;
use model::ports::Directory;

use super::Done;
use crate::documents::{AccountDocument, GmsaPart};
use crate::error::Failure;
use crate::options::Global;
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
