//! Task `rig`: the real systems that gmsactl is tested against, on loopback, in `target/rig`.
//!
//! A Samba domain controller, and Windows hosts (Wine behind an sshd) with stand-ins for all of MIM. Outside `target/rig` nothing changes but for installed packages and empty folders in /run.

mod certificates;
mod description;
mod domain_controller;
mod estate;
mod layout;
mod pages;
mod passwords;
mod peers;
mod products;
mod server;
mod sshd;
mod status;
mod windows_host;
mod wine;

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use layout::Layout;

use crate::agent;
use crate::system::progress::step;
use crate::system::{files, packages};

/// Says that the domain controller answers, while the hosts are still being made.
const DC_READY: &str = "DC_READY";

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
    Down {
        /// Remove its files, too: the next `up` makes another domain.
        #[arg(long)]
        purge: bool,
    },
    /// Install other people's clients of WinRM and SQL Server from PyPI, for the tests that want them.
    Peers,
    /// Build gmsactl as a Windows program and put it on the hosts, for the tests that run it there.
    Gmsactl,
    /// Show what is up; fails unless everything is.
    Status {
        /// One JSON document.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the task.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let layout = Layout::of_this_repository();
    if let Verb::Status { json } = args.verb {
        if !status::print(&layout, json) {
            bail!("the rig is not up: `cargo xtask rig up`");
        }
        return Ok(());
    }
    layout.create()?;
    let lock =
        std::fs::File::create(layout.path("lock")).context("cannot create the rig's lock")?;
    lock.lock().context("cannot lock the rig")?;
    match args.verb {
        Verb::Down { purge } => down(&layout, purge),
        Verb::Peers => peers::install(&layout),
        Verb::Gmsactl => windows_host::install_gmsactl(&layout),
        _ => step("the rig is up", || up(&layout)),
    }
}

fn up(layout: &Layout) -> anyhow::Result<()> {
    packages::require_root(&[
        packages::DOMAIN_CONTROLLER,
        packages::CROSS_BUILD,
        packages::WINDOWS_HOSTS,
        packages::TESTS,
    ])?;
    packages::ensure(packages::DOMAIN_CONTROLLER, &layout.log("apt"))?;
    description::write(layout)?;
    domain_controller::up(layout)?;
    files::write(&layout.path(DC_READY), "")?;

    for group in [packages::WINDOWS_HOSTS, packages::TESTS] {
        packages::ensure(group, &layout.log("apt"))?;
    }
    agent::run()?;
    products::build(layout)?;
    sshd::prepare(layout)?;
    for host in estate::HOSTS {
        windows_host::up(layout, host)?;
        sshd::up(layout, host)?;
    }
    Ok(())
}

/// In the reverse order: first what uses, then what is used.
fn down(layout: &Layout, purge: bool) -> anyhow::Result<()> {
    for host in estate::HOSTS {
        sshd::server(layout, host).stop(Duration::from_secs(10))?;
        windows_host::down(layout, host)?;
    }
    files::remove(&layout.path(DC_READY))?;
    domain_controller::server(layout).stop(Duration::from_secs(20))?;
    if purge {
        let folder = layout.path("");
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}
