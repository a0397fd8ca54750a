//! `gmsactl lab`: the reference estate, up until it is interrupted, for any client.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use lab::hosts::HostServer;
use model::estate::{Estate, SecretSource};
use model::names::HostName;

use super::Done;
use crate::documents::LabDocument;
use crate::error::Failure;
use crate::inputs;
use crate::lab_estate::LabEstate;
use crate::view::{Output, human};

/// The verbs below `lab`.
#[derive(Debug, Subcommand)]
pub enum LabVerb {
    /// Start the reference estate and stay up until interrupted: a directory on loopback, simulated hosts with MIM.
    Start(Start),
    /// Carry the agent's frames between standard input and output and a host of a lab.
    #[command(hide = true)]
    Relay(Relay),
}

/// Arguments of `lab start`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gmsactl lab start lab &\n  gmsactl doctor --estate lab/estate.toml"
)]
pub struct Start {
    /// A new folder for what clients need: estate.toml, passwords, keytabs, ca.pem, krb5.conf.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// Arguments of `lab relay`.
#[derive(Debug, Args)]
pub struct Relay {
    /// Where the lab's hosts listen.
    address: SocketAddr,
    /// Which of them.
    host: HostName,
}

/// Starts or relays.
pub async fn run(verb: &LabVerb, output: &Output) -> Done {
    match verb {
        LabVerb::Start(args) => start(&args.folder, output).await,
        LabVerb::Relay(args) => relay(args).await,
    }
}

async fn start(folder: &Path, output: &Output) -> Done {
    let lab = LabEstate::reference().await?;
    let hosts = lab
        .listen()
        .await
        .map_err(|error| Failure::new("lab", "the lab's hosts cannot listen").caused_by(&error))?;
    std::fs::create_dir(folder)
        .map_err(|error| Failure::file("output", "the new folder", folder, &error))?;
    let folder = std::path::absolute(folder)
        .map_err(|error| Failure::file("output", "the folder", folder, &error))?;
    let estate = put_files(&lab, &hosts, &folder)?;
    let addresses = lab.addresses();
    let document = LabDocument {
        domain: estate.domain.name.to_string(),
        ldap: addresses.ldap,
        ldaps: addresses.ldaps,
        kdc: addresses.kdc,
        hosts: estate.hosts.iter().map(|host| host.name.clone()).collect(),
        estate: folder.join(ESTATE),
        folder,
    };
    output.document(&document, human::lab);
    tokio::signal::ctrl_c().await.map_err(|error| {
        Failure::new("internal", "interrupts cannot be waited for").caused_by(&error)
    })?;
    Ok(0)
}

const ESTATE: &str = "estate.toml";
const ADMINISTRATOR_PASSWORD: &str = "administrator.password";
const SERVICE_PASSWORD: &str = "service.password";
const AUTHORITY: &str = "ca.pem";

/// Writes everything that clients need; what is secret only for this user.
fn put_files(lab: &LabEstate, hosts: &HostServer, folder: &Path) -> Result<Estate, Failure> {
    let mut estate = lab.estate()?;
    let domain = &mut estate.domain;
    domain.password = Some(SecretSource::File(ADMINISTRATOR_PASSWORD.into()));
    domain.ca_file = Some(AUTHORITY.into());
    if let Some(server) = &domain.server {
        estate
            .addresses
            .insert(server.clone(), lab.addresses().ldap.to_string());
    }
    for credential in &mut estate.credentials {
        credential.password = SecretSource::File(SERVICE_PASSWORD.into());
    }
    let program = std::env::current_exe().map_err(|error| {
        Failure::new("internal", "this program's own path is not known").caused_by(&error)
    })?;
    for host in &mut estate.hosts {
        let words = [
            &program.display().to_string(),
            "lab",
            "relay",
            &hosts.address().to_string(),
            host.name.as_str(),
        ];
        host.command = Some(words.map(str::to_owned).to_vec());
        if let Some(keytab) = lab.machine_keytab(&host.name)? {
            let file = format!("{}.keytab", host.name);
            put_secret(&folder.join(&file), &keytab)?;
            host.machine_keytab = Some(file.into());
        }
    }
    put_secret(
        &folder.join(ADMINISTRATOR_PASSWORD),
        lab.expose_administrator_password(),
    )?;
    put_secret(
        &folder.join(SERVICE_PASSWORD),
        lab.expose_service_password(),
    )?;
    inputs::write(&folder.join(AUTHORITY), lab.authority_pem())?;
    inputs::write(&folder.join("krb5.conf"), &krb5_conf(&lab.addresses().kdc))?;
    let text = toml::to_string_pretty(&estate)
        .map_err(|error| Failure::new("internal", error.to_string()))?;
    inputs::write(&folder.join(ESTATE), &text)?;
    Ok(estate)
}

fn put_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| Failure::file("output", "the file", path, &error))
}

/// For MIT Kerberos: `KRB5_CONFIG=FOLDER/krb5.conf kinit Administrator`.
fn krb5_conf(kdc: &SocketAddr) -> String {
    format!(
        "[libdefaults]\n default_realm = CONTOSO.COM\n dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n \
         rdns = false\n udp_preference_limit = 1\n[realms]\n CONTOSO.COM = {{\n  kdc = {kdc}\n }}\n\
         [domain_realm]\n localhost = CONTOSO.COM\n"
    )
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
    // A read of standard input that is still waiting would keep the runtime from ending.
    std::process::exit(0)
}
