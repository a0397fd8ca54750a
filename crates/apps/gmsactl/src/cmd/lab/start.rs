//! `gmsactl lab start`: up until it is interrupted or told to stop.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use lab::RunningDatabaseServer;
use lab::hosts::HostServer;
use model::names::HostName;

use super::control::{Control, LINE, Order};
use super::folder::{ESTATE, LabFolder};
use crate::cmd::Done;
use crate::documents::{LabDocument, LabHostStatus, LabStatus};
use crate::error::Failure;
use crate::lab_controllers::Controllers;
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
    #[command(flatten)]
    controllers: Controllers,
}

/// A lab that is up, with what goes wrong on purpose.
struct Up {
    lab: LabEstate,
    faults: Vec<Suffered>,
    document: LabDocument,
}

/// A fault, and the host that has it; of the directory, or on every host, where there is none.
#[derive(PartialEq)]
struct Suffered {
    fault: LabFault,
    on: Option<HostName>,
}

impl fmt::Display for Suffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fault.name)?;
        self.on
            .as_ref()
            .map_or(Ok(()), |host| write!(f, " on {host}"))
    }
}

/// Starts one and stays.
pub async fn run(args: &Start, output: &Output) -> Done {
    let controllers = args.controllers.for_faults(&args.faults);
    let (lab, left_out) = match &args.seed {
        None => (LabEstate::reference(controllers).await?, Vec::new()),
        Some(path) => LabSeedFile::read(path)?.start(controllers).await?,
    };
    let hosts = lab
        .listen()
        .await
        .map_err(|error| Failure::new("lab", "the lab's hosts cannot listen").caused_by(&error))?;
    let databases = lab.listen_sql().await?;
    let control = Control::listen().await?;
    let mut folder = LabFolder::new(&args.folder)?;
    let document = put_files(&mut folder, &lab, &hosts, &databases, &control)?;
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
    databases: &RunningDatabaseServer,
    control: &Control,
) -> Result<LabDocument, Failure> {
    folder.put_secret(LINE, &control.to_json()?)?;
    let estate = folder.put_files(lab, hosts, databases)?;
    let addresses = lab.addresses();
    Ok(LabDocument {
        domain: estate.domain.name.to_string(),
        ldap: addresses.ldap,
        ldaps: addresses.ldaps,
        kdc: addresses.kdc,
        domain_controllers: lab.controllers(),
        sql: databases.address(),
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
                Order::Fault { name, host, mend } => {
                    let fault =
                        LabFault::named(&name).map_err(|names| Failure::new("usage", names));
                    let done = fault.and_then(|fault| match mend {
                        true => self.mend(&fault, host.as_ref()),
                        false => self.suffer(&fault, host.as_ref()),
                    });
                    received.answer(done.map(|()| self.status())).await;
                }
            }
        }
    }

    fn suffer(&mut self, fault: &LabFault, host: Option<&HostName>) -> Result<(), Failure> {
        let host = host.filter(|_| fault.is_of_hosts());
        self.lab.suffer(fault, &self.on(host)?)?;
        let suffered = Suffered {
            fault: *fault,
            on: host.cloned(),
        };
        if !self.faults.contains(&suffered) {
            self.faults.push(suffered);
        }
        Ok(())
    }

    fn mend(&mut self, fault: &LabFault, host: Option<&HostName>) -> Result<(), Failure> {
        let host = host.filter(|_| fault.is_of_hosts());
        let on = self.on(host)?;
        let concerned = |known: &Suffered| {
            known.fault == *fault
                && (host.is_none() || known.on.is_none() || known.on.as_ref() == host)
        };
        if !self.faults.iter().any(concerned) {
            let place = host.map_or_else(String::new, |host| format!(" on {host}"));
            return Err(
                Failure::new("not-found", format!("there is no {}{place}", fault.name))
                    .hint("gmsactl lab status FOLDER shows what goes wrong on purpose"),
            );
        }
        self.lab.mend(fault, &on);
        // What every host had, the others keep.
        let everywhere = |known: &Suffered| known.fault == *fault && known.on.is_none();
        let others = self
            .document
            .hosts
            .iter()
            .filter(|other| Some(*other) != host);
        let kept: Vec<_> = match host {
            Some(_) if self.faults.iter().any(everywhere) => others
                .map(|other| Suffered {
                    fault: *fault,
                    on: Some(other.clone()),
                })
                .collect(),
            _ => Vec::new(),
        };
        self.faults.retain(|known| !concerned(known));
        self.faults.extend(kept);
        Ok(())
    }

    /// The named host, or all of them.
    fn on<'a>(&'a self, host: Option<&'a HostName>) -> Result<Vec<&'a HostName>, Failure> {
        let all = &self.document.hosts;
        match host {
            Some(host) if !all.contains(host) => Err(Failure::new(
                "not-found",
                format!("the lab has no host {host}"),
            )
            .hint("gmsactl lab status FOLDER shows its hosts")),
            Some(host) => Ok(vec![host]),
            None => Ok(all.iter().collect()),
        }
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
            sql: self.document.sql,
            directory_requests: self.lab.directory_requests(),
            hosts: hosts.collect(),
            faults: self.faults.iter().map(Suffered::to_string).collect(),
            domain_controllers: self.document.domain_controllers.clone(),
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
