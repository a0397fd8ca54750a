//! `account show` and `account list`.

use model::inventory::{AccountClass, Gmsa};
use model::names::SamAccountName;
use model::ports::Directory;

use crate::cmd::Done;
use crate::cmd::changing::account;
use crate::documents::{AccountDocument, GmsaList, GmsaPart, named};
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// Shows one.
pub async fn run(name: &SamAccountName, global: &Global, output: &Output) -> Done {
    let directory = Session::new(global)?.directory().await?;
    let account = account(&directory, name).await?;
    let gmsa = match account.class {
        AccountClass::Gmsa => directory.gmsa(&account.name).await?,
        _ => None,
    };
    let gmsa = match gmsa {
        Some(gmsa) => Some(part(gmsa, &directory).await?),
        None => None,
    };
    output.document(&AccountDocument { account, gmsa }, human::account);
    Ok(0)
}

/// Shows all gMSAs.
pub async fn list(global: &Global, output: &Output) -> Done {
    let directory = Session::new(global)?.directory().await?;
    let gmsas = directory.gmsas().await?;
    output.document(&GmsaList { gmsas }, human::gmsas);
    Ok(0)
}

async fn part(gmsa: Gmsa, directory: &directory::ActiveDirectory) -> Result<GmsaPart, Failure> {
    Ok(GmsaPart {
        interval_days: gmsa.interval_days,
        principals: named(directory, &gmsa.retrieval_principals).await?,
        retrieval_principals: gmsa.retrieval_principals,
    })
}
