//! `account retire`: disables password accounts that conversions have left behind.

use clap::Args;
use model::names::SamAccountName;

use crate::cmd::Done;
use crate::cmd::changing::name;
use crate::cmd::own_run::OwnRun;
use crate::options::Global;
use crate::view::Output;

/// Help of `account retire`.
pub const EXAMPLE: &str = "Weeks after a conversion, when nobody wants it taken back: without the old account's log-on there is no way \
                           back. It is refused while a service, an application pool or a scheduled task of the estate's \
                           hosts runs as the account. Nothing is deleted: groups, rights and logins stay, and gmsactl \
                           rollback enables it again.\n\nExample:\n  gmsactl account retire svc-mimsync --estate estate.toml";

/// Arguments of `account retire`.
#[derive(Debug, Args)]
pub struct Retire {
    /// The password account's sAMAccountName; may be repeated.
    #[arg(value_name = "NAME", value_parser = name, required = true)]
    accounts: Vec<SamAccountName>,
    /// Show what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Plans it and carries it out.
pub async fn run(args: &Retire, global: &Global, output: &Output) -> Done {
    let own = OwnRun {
        is_own: &|plan| planner::is_of_retirement(plan, &args.accounts),
        names: &args.accounts,
        plan: &|session, inventory| Ok(session.plan_of_retirement(inventory, &args.accounts)),
    };
    own.run(args.dry_run, global, output).await
}
