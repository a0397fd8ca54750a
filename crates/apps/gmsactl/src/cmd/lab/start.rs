//! `gmsactl lab start`: up until it is interrupted or told to stop.

use std::path::PathBuf;

use clap::Args;
use lab::hosts::HostServer;
use model::names::HostName;

use super::control::{Control, LINE, Order};
use super::folder::{ESTATE, LabFolder};
use crate::cmd::Done;
use crate::documents::{LabDocument, LabHostStatus, LabStatus};
use crate::error::Failure;
use crate::lab_estate::LabEstate;
use crate::lab_fault::LabFault;
use crate::lab_seed_file::LabSeedFile;
use crate::view::{Output, human};

/// The folder where none is named.
pub const FOLDER: &str = "gmsactl-lab";

/// Arguments of `lab start`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gmsactl lab start lab &\n  gmsactl doctor --estate lab/estate.toml"
)]
pub struct Start {
    /// A new folder for what clients need: estate.toml, passwords, keytabs, ca.pem, krb5.conf.
    #[arg(value_name = "FOLDER", default_value = FOLDER)]
    folder: PathBuf,
    /// Start with this instead of the reference estate: what lab save or discover --out wrote, or an LDIF
    /// export of a directory.
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Let these go wrong from the start; a wrong name shows the names.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = LabFault::named)]
    faults: Vec<LabFault>,
}

/// A lab that is up, with what went wrong on purpose so far.
struct Up {
    lab: LabEstate,
    faults: Vec<String>,
    document: LabDocument,
}

/// Starts one and stays.
pub async fn run(args: &Start, output: &Output) -> Done {
    let (lab, left_out) = match &args.seed {
        None => (LabEstate::reference().await?, Vec::new()),
        Some(path) => LabSeedFile::read(path)?.start().await?,
    };
    let hosts = lab
        .listen()
        .await
        .map_err(|error| Failure::new("lab", "the lab's hosts cannot listen").caused_by(&error))?;
    let control = Control::listen().await?;
    let mut folder = LabFolder::new(&args.folder)?;
    let document = put_files(&mut folder, &lab, &hosts, &control)?;
    let faults = Vec::new();
    let mut up = Up {
        lab,
        faults,
        document,
    };
    for fault in &args.faults {
        up.suffer(fault, None)?;
    }
    for line in left_out {
        output.note(&format!("not taken over: {line}"));
    }
    output.document(&up.document, human::lab);
    up.until_stopped(&control).await?;
    Ok(0)
}

fn put_files(
    folder: &mut LabFolder,
    lab: &LabEstate,
    hosts: &HostServer,
    control: &Control,
) -> Result<LabDocument, Failure> {
    folder.put_secret(LINE, &control.to_json()?)?;
    let estate = folder.put_files(lab, hosts)?;
    let addresses = lab.addresses();
    Ok(LabDocument {
        domain: estate.domain.name.to_string(),
        ldap: addresses.ldap,
        ldaps: addresses.ldaps,
        kdc: addresses.kdc,
        hosts: estate.hosts.iter().map(|host| host.name.clone()).collect(),
        estate: folder.path().join(ESTATE),
        folder: folder.path().to_owned(),
    })
}

impl Up {
    /// Does what it is told on its line, until that is to stop, or an interrupt comes.
    async fn until_stopped(&mut self, control: &Control) -> Result<(), Failure> {
        let ended = ended();
        tokio::pin!(ended);
        loop {
            let received = tokio::select! {
                end = &mut ended => return end,
                received = control.next() => received,
            };
            match received.order.clone() {
                Order::Status => received.answer(Ok(self.status())).await,
                Order::Save => received.answer(Ok(self.lab.save())).await,
                Order::Stop => {
                    received.answer(Ok(self.status())).await;
                    return Ok(());
                }
                Order::Fault { name, host } => {
                    let fault =
                        LabFault::named(&name).map_err(|names| Failure::new("usage", names));
                    let done = fault.and_then(|fault| self.suffer(&fault, host.as_ref()));
                    received.answer(done.map(|()| self.status())).await;
                }
            }
        }
    }

    fn suffer(&mut self, fault: &LabFault, host: Option<&HostName>) -> Result<(), Failure> {
        let all: Vec<HostName> = self.document.hosts.clone();
        let on: Vec<_> = match host {
            Some(host) if !all.contains(host) => {
                return Err(
                    Failure::new("not-found", format!("the lab has no host {host}"))
                        .hint("gmsactl lab status FOLDER shows its hosts"),
                );
            }
            Some(host) => vec![host],
            None => all.iter().collect(),
        };
        self.lab.suffer(fault, &on)?;
        let place = host.map_or_else(String::new, |host| format!(" on {host}"));
        self.faults.push(format!("{}{place}", fault.name));
        Ok(())
    }

    fn status(&self) -> LabStatus {
        let hosts = self.lab.hosts().iter().map(|host| LabHostStatus {
            name: host.name().clone(),
            up: host.is_up(),
            requests: host.requests(),
        });
        LabStatus {
            domain: self.document.domain.clone(),
            ldap: self.document.ldap,
            ldaps: self.document.ldaps,
            kdc: self.document.kdc,
            directory_requests: self.lab.directory_requests(),
            hosts: hosts.collect(),
            faults: self.faults.clone(),
            process: std::process::id(),
        }
    }
}

/// Ends with an interrupt, or the operating system's wish to end.
async fn ended() -> Result<(), Failure> {
    let fail = |error: std::io::Error| {
        Failure::new("internal", "interrupts cannot be waited for").caused_by(&error)
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate()).map_err(fail)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(fail),
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(fail)
}
