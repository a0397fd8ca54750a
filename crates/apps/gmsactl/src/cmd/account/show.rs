//! `account show` and `account list`.

use clap::{Args, ValueEnum};
use model::inventory::{Account, AccountClass, Gmsa};
use model::names::{Dn, SamAccountName};
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

/// Arguments of `account list`.
#[derive(Debug, Args)]
pub struct List {
    /// All accounts of that kind instead, as account show tells of them, page by page.
    #[arg(long, value_name = "CLASS")]
    class: Option<ClassChoice>,
    /// Only those below this container or organizational unit.
    #[arg(long, value_name = "DN", requires = "class")]
    under: Option<Dn>,
}

/// Which accounts are listed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClassChoice {
    /// Ordinary users: password accounts among them.
    User,
    /// Computers.
    Computer,
    /// Group managed service accounts.
    Gmsa,
    /// Standalone and delegated managed service accounts.
    OtherManaged,
    /// All of these.
    Any,
}

/// Shows all gMSAs, or all accounts of a class.
pub async fn list(args: &List, global: &Global, output: &Output) -> Done {
    let directory = Session::new(global)?.directory().await?;
    if let Some(class) = args.class {
        let class = match class {
            ClassChoice::User => Some(AccountClass::User),
            ClassChoice::Computer => Some(AccountClass::Computer),
            ClassChoice::Gmsa => Some(AccountClass::Gmsa),
            ClassChoice::OtherManaged => Some(AccountClass::OtherManaged),
            ClassChoice::Any => None,
        };
        let mut listing = output.listing("accounts");
        let page = |accounts: Vec<Account>| listing.items(&accounts, human::listed_account);
        let listed = directory
            .each_account(class, args.under.as_ref(), page)
            .await;
        return listing.end(listed.map_err(Failure::from));
    }
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
