//! `gmsactl mim`: what concerns Microsoft Identity Manager alone.

mod detect;
mod exchange_password;

use clap::Subcommand;

use super::Done;
use crate::options::Global;
use crate::view::Output;

/// The verbs below `mim`.
#[derive(Debug, Subcommand)]
pub enum MimVerb {
    /// Find what of it is installed on the estate's hosts: components that can be converted, with build, account and
    /// role; what keeps its passwords, and why; and what is not known.
    Detect(detect::Detect),
    /// Store the password of the MIM Service's mailbox anew, on each of its hosts, without setup in change mode.
    ExchangePassword(exchange_password::ExchangePassword),
}

/// Does one.
pub async fn run(verb: &MimVerb, global: &Global, output: &Output) -> Done {
    match verb {
        MimVerb::Detect(args) => args.run(global, output).await,
        MimVerb::ExchangePassword(args) => args.run(global, output).await,
    }
}
