//! `gmsactl account`: gMSAs from creation to deletion, and a look at other accounts.

mod create;
mod delete;
mod import;
mod retire;
mod retrieval;
mod rights;
mod settings;
mod show;
mod test;

pub use retrieval::gmsa;

use clap::Subcommand;
use model::names::SamAccountName;

use super::Done;
use super::changing::name;
use crate::options::Global;
use crate::view::Output;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountVerb {
    /// Create a gMSA with AES keys only; nothing to do where it is there as wanted.
    #[command(after_help = create::EXAMPLE)]
    Create(Box<create::Create>),
    /// Show a user, computer or gMSA; the $ at the end of a gMSA's name may be left out.
    #[command(after_help = "Example:\n  gmsactl account show MIMSyncGMSAsvc --estate estate.toml")]
    Show {
        /// Its sAMAccountName.
        #[arg(value_name = "NAME", value_parser = name)]
        name: SamAccountName,
    },
    /// Create many gMSAs from a table: groups, accounts, retrieval lists and SPNs over one connection.
    #[command(after_help = import::EXAMPLE)]
    Import(import::Import),
    /// List all gMSAs of the domain, or all accounts of another class.
    #[command(
        after_help = "Example:\n  gmsactl account list --class user --under OU=Services,DC=contoso,DC=com --estate estate.toml"
    )]
    List(show::List),
    /// Change attributes of an account; what is not named stays as it is.
    #[command(after_help = settings::EXAMPLE)]
    Set(Box<settings::Set>),
    /// Let principals retrieve a gMSA's password; every other entry of its list stays as it is.
    #[command(
        after_help = "Example:\n  gmsactl account allow MIMSyncGMSAsvc MIMSync_Servers --estate estate.toml"
    )]
    Allow(retrieval::Allow),
    /// Take back that principals may retrieve a gMSA's password.
    #[command(
        after_help = "Example:\n  gmsactl account deny MIMSyncGMSAsvc MIMSYNC02 --estate estate.toml"
    )]
    Deny(retrieval::Deny),
    /// Can the gMSA be used, on this host? Names the one cause if not; exit code 1 then.
    #[command(
        after_help = "Example:\n  gmsactl account test MIMSyncGMSAsvc --host MIMSYNC01 --estate estate.toml"
    )]
    Test(test::Test),
    /// Disable password accounts that nothing runs as any more; journaled, so that it can be taken back.
    #[command(after_help = retire::EXAMPLE)]
    Retire(retire::Retire),
    /// Show what an account or group may do in the directory by name, as delegated on containers.
    #[command(after_help = "Example:\n  gmsactl account rights svc-pamcomp --estate estate.toml")]
    Rights {
        /// Its sAMAccountName; the $ of a gMSA may be left out.
        #[arg(value_name = "NAME", value_parser = name)]
        name: SamAccountName,
    },
    /// Give another account the same entries in the access lists of the directory; every other entry stays as it is.
    #[command(after_help = rights::EXAMPLE)]
    CopyRights(rights::CopyRights),
    /// Delete a gMSA for good, with what refers to it shown first.
    #[command(
        after_help = "Example:\n  gmsactl account delete MIMOldGMSA --yes --estate estate.toml"
    )]
    Delete(delete::Delete),
}

/// Does it.
pub async fn run(verb: &AccountVerb, global: &Global, output: &Output) -> Done {
    match verb {
        AccountVerb::Create(args) => create::run(args, global, output).await,
        AccountVerb::Show { name } => show::run(name, global, output).await,
        AccountVerb::Import(args) => import::run(args, global, output).await,
        AccountVerb::List(args) => show::list(args, global, output).await,
        AccountVerb::Set(args) => settings::run(args, global, output).await,
        AccountVerb::Allow(args) => retrieval::allow(args, global, output).await,
        AccountVerb::Deny(args) => retrieval::deny(args, global, output).await,
        AccountVerb::Test(args) => test::run(args, global, output).await,
        AccountVerb::Retire(args) => retire::run(args, global, output).await,
        AccountVerb::Rights { name } => rights::show(name, global, output).await,
        AccountVerb::CopyRights(args) => rights::copy(args, global, output).await,
        AccountVerb::Delete(args) => delete::run(args, global, output).await,
    }
}
