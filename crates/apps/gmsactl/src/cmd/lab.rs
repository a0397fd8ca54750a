//! `gmsactl lab`: a lab that stays up for any client, and what can be done with it meanwhile.

mod control;
mod folder;
mod start;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use model::names::HostName;

use self::control::{Order, order};
use self::start::Start;
use super::Done;
use crate::documents::{LabChanged, LabStatus};
use crate::error::Failure;
use crate::lab_fault::LabFault;
use crate::lab_saved::SavedLab;
use crate::view::{Output, human};

/// The verbs below `lab`.
#[derive(Debug, Subcommand)]
pub enum LabVerb {
    /// Start a lab and stay up until interrupted or stopped: a directory on loopback, simulated hosts with MIM.
    Start(Start),
    /// What is up: addresses, hosts, faults, how many requests came; exit code 1 if nothing is.
    #[command(after_help = "Example:\n  gmsactl lab status lab")]
    Status(Up),
    /// End a lab; its folder goes with it.
    #[command(after_help = "Example:\n  gmsactl lab stop lab")]
    Stop(Up),
    /// Save everything that is in a lab, for lab start --seed. The file holds the lab's secrets.
    #[command(after_help = "Example:\n  gmsactl lab save lab saved.json")]
    Save(Save),
    /// Let something go wrong in a lab that is up, or end it.
    #[command(
        after_help = "Example:\n  gmsactl lab fault lab disk-full --host MIMSYNC01\n  gmsactl lab fault lab --mend disk-full"
    )]
    Fault(Fault),
    /// Carry the agent's frames between standard input and output and a host of a lab.
    #[command(hide = true)]
    Relay(Relay),
}

/// A lab that is up.
#[derive(Debug, Args)]
pub struct Up {
    /// The folder that lab start was given.
    #[arg(value_name = "FOLDER", default_value = start::FOLDER)]
    folder: PathBuf,
}

/// Arguments of `lab save`.
#[derive(Debug, Args)]
pub struct Save {
    /// The folder that lab start was given.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// A new file, readable for you alone.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Arguments of `lab fault`.
#[derive(Debug, Args)]
pub struct Fault {
    /// The folder that lab start was given.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The fault's name; a wrong one shows the names.
    #[arg(value_name = "NAME", value_parser = LabFault::named)]
    fault: LabFault,
    /// On this host only [default: on every host].
    #[arg(long, value_name = "HOST")]
    host: Option<HostName>,
    /// End it, as an administrator would who found the cause.
    #[arg(long)]
    mend: bool,
}

/// Arguments of `lab relay`.
#[derive(Debug, Args)]
pub struct Relay {
    /// Where the lab's hosts listen.
    address: SocketAddr,
    /// Which of them.
    host: HostName,
}

/// Starts a lab, or does something with one.
pub async fn run(verb: &LabVerb, output: &Output) -> Done {
    match verb {
        LabVerb::Start(args) => start::run(args, output).await,
        LabVerb::Status(args) => status(&args.folder, output).await,
        LabVerb::Stop(args) => {
            let status: LabStatus = order(&args.folder, Order::Stop).await?;
            changed(&args.folder, None, status, "stopped", output)
        }
        LabVerb::Save(args) => {
            let saved: SavedLab = order(&args.folder, Order::Save).await?;
            saved.write(&args.file)?;
            let status = order(&args.folder, Order::Status).await?;
            changed(&args.folder, Some(&args.file), status, "saved", output)
        }
        LabVerb::Fault(args) => {
            let fault = Order::Fault {
                name: args.fault.name.to_owned(),
                host: args.host.clone(),
                mend: args.mend,
            };
            let status = order(&args.folder, fault).await?;
            changed(&args.folder, None, status, "changed", output)
        }
        LabVerb::Relay(args) => relay(args).await,
    }
}

async fn status(folder: &Path, output: &Output) -> Done {
    let status: LabStatus = order(folder, Order::Status).await?;
    output.document(&status, human::lab_status);
    Ok(0)
}

fn changed(
    folder: &Path,
    file: Option<&Path>,
    lab: LabStatus,
    what: &'static str,
    output: &Output,
) -> Done {
    let document = LabChanged {
        what,
        folder: folder.to_owned(),
        file: file.map(Path::to_owned),
        lab,
    };
    output.document(&document, human::lab_changed);
    Ok(0)
}

async fn relay(args: &Relay) -> Done {
    let carried = lab::hosts::relay(
        args.address,
        &args.host,
        tokio::io::stdin(),
        tokio::io::stdout(),
    )
    .await;
    carried.map_err(|error| {
        Failure::new("unreachable", "the lab's hosts do not answer").caused_by(&error)
    })?;
    Ok(0)
}
