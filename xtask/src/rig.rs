//! Task `rig`: the real systems that gmsactl is tested against, on loopback, in `target/rig`.
//!
//! A Samba domain controller and Windows hosts (Wine behind an sshd). Nothing outside `target/rig` is
//! changed but for the packages that are installed.

mod certificates;
mod description;
mod domain_controller;
mod estate;
mod layout;
mod passwords;
mod server;

use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use layout::Layout;

use crate::system::{files, packages};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Stand the rig up; what is up already stays as it is.
    Up,
    /// End every process of the rig.
    Down,
}

/// Runs the task.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let layout = Layout::of_this_repository();
    layout.create()?;
    let lock =
        std::fs::File::create(layout.path("lock")).context("cannot create the rig's lock")?;
    lock.lock().context("cannot lock the rig")?;
    match args.verb {
        Verb::Up => up(&layout),
        Verb::Down => down(&layout),
    }
}

fn up(layout: &Layout) -> anyhow::Result<()> {
    packages::ensure(packages::DOMAIN_CONTROLLER, &layout.log("apt"))?;
    description::write(layout)?;
    domain_controller::up(layout)?;
    files::write(&layout.path("DC_READY"), "")
}

fn down(layout: &Layout) -> anyhow::Result<()> {
    let _ = std::fs::remove_file(layout.path("DC_READY"));
    domain_controller::server(layout).stop(Duration::from_secs(20))?;
    Ok(())
}
