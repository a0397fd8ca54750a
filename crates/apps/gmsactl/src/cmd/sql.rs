//! `gmsactl sql`: whether an account gets into a database, and what it lacks there.

mod check;
mod connection;
mod sweep;

use clap::Subcommand;

use super::Done;
use crate::options::Global;
use crate::view::Output;

/// What to do with a database server.
#[derive(Debug, Subcommand)]
pub enum SqlVerb {
    /// Look whether an account has a login, a user and roles, and all that another account has; exit code 1 where not.
    #[command(
        after_help = "Examples:\n  gmsactl sql check SQL01 --database FIMSynchronizationService --account MIMSyncGMSAsvc$ \
                            --like svc-mimsync --estate estate.toml\n  gmsactl sql check SQL01,1500 --database FIMService \
                            --account MIMSvcGMSA$ --role db_owner --repair --estate estate.toml"
    )]
    Check(Box<check::Check>),
    /// Look at every database of the conversions' components: what each gMSA lacks beside the account before it; exit
    /// code 1 where something is missing or could not be seen.
    #[command(
        after_help = "Changes nothing: what is missing, the plan gives.\n\nExample:\n  gmsactl sql sweep --intent \
                            conversion.toml --estate estate.toml"
    )]
    Sweep(sweep::Sweep),
}

/// Checks.
pub async fn run(verb: &SqlVerb, global: &Global, output: &Output) -> Done {
    match verb {
        SqlVerb::Check(args) => check::run(args, global, output).await,
        SqlVerb::Sweep(args) => sweep::run(args, global, output).await,
    }
}
