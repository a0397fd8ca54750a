//! `gmsactl msi`: installation packages, and setups run with properties.

mod change;
mod inspect;

use clap::Subcommand;

use super::Done;
use crate::options::Global;
use crate::view::Output;

/// The verbs below `msi`.
#[derive(Debug, Subcommand)]
pub enum Msi {
    /// Read a package's tables: product, features, properties, pages with the property each field sets, and the
    /// custom actions that run as the system. Nothing in it is run, and nothing that it hides is shown.
    Inspect(inspect::Inspect),
    /// Run the setup of an installed product in change mode on a host: silently, with properties, and say what became of
    /// it. No property is ever part of a command line there.
    Change(change::Change),
}

/// Does one.
pub async fn run(verb: &Msi, global: &Global, output: &Output) -> Done {
    match verb {
        Msi::Inspect(args) => args.run(output),
        Msi::Change(args) => args.run(global, output).await,
    }
}
