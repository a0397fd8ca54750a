//! A real Active Directory on loopback: Samba, provisioned and seeded before its first start.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;

use super::estate::WindowsHost;
use super::layout::Layout;
use super::server::Server;
use super::{certificates, description, estate, passwords};
use crate::repo;
use crate::system::{command, files, progress::step};

/// DNS, Kerberos, LDAP, LDAPS, global catalogue.
const PORTS: [u16; 5] = [53, 88, 389, 636, 3268];
const PROVISIONED: &str = "domain-controller";

/// Brings the domain controller up; one that is up already stays as it is.
pub fn up(layout: &Layout) -> anyhow::Result<()> {
    let made = std::fs::read_to_string(layout.done(PROVISIONED));
    if made.as_ref().is_ok_and(|made| *made != seeded()) {
        bail!(
            "the rig was made for other hosts or accounts: `cargo xtask rig down --purge`, then `up`"
        );
    }
    let server = server(layout);
    if server.is_running() {
        return Ok(());
    }
    if made.is_err() {
        step("provision and seed the domain", || provision(layout))?;
    }
    step("start the domain controller", || start(layout, &server))
}

/// The Samba server.
pub fn server(layout: &Layout) -> Server {
    Server::new(layout, "samba")
}

fn provision(layout: &Layout) -> anyhow::Result<()> {
    let home = layout.path("dc");
    if home.exists() {
        std::fs::remove_dir_all(&home)
            .with_context(|| format!("cannot remove {}", home.display()))?;
    }
    for folder in ["", "run", "ncalrpc", "private"] {
        files::create_folder(&home.join(folder))?;
    }
    certificates::make(layout, estate::DC)?;
    write_krb5_config(layout)?;
    command::run(
        Command::new("samba-tool")
            .args([
                "domain",
                "provision",
                "--server-role=dc",
                "--dns-backend=SAMBA_INTERNAL",
            ])
            .args([
                "--function-level=2016",
                "--option=ad dc functional level = 2016",
            ])
            .args([
                "--option=interfaces = lo",
                "--option=bind interfaces only = yes",
            ])
            .arg(format!(
                "--option=posix:eadb={}",
                home.join("private/eadb.tdb").display()
            ))
            .arg(format!("--realm={}", estate::REALM))
            .arg(format!("--domain={}", estate::NETBIOS))
            .arg(format!("--host-name={}", estate::DC_NAME))
            .arg(format!("--host-ip={}", estate::DC_ADDRESS))
            .arg(format!("--targetdir={}", home.display()))
            .env("KRB5_CONFIG", layout.krb5_config()),
        &layout.log("provision"),
    )?;
    extend_smb_conf(layout)?;
    seed(layout)?;
    for host in estate::HOSTS {
        export_keytab(layout, host)?;
    }
    files::write(&layout.done(PROVISIONED), &seeded())
}

/// What a domain is seeded with, a name a line.
fn seeded() -> String {
    let hosts = estate::HOSTS.iter().map(|host| host.name);
    let accounts = estate::SERVICE_ACCOUNTS.iter().map(|account| account.name);
    let delegated = estate::DELEGATED.iter();
    let delegated = delegated.flat_map(|one| {
        [one.account, one.below]
            .into_iter()
            .chain(one.entries.iter().copied())
    });
    hosts
        .chain(accounts)
        .chain(delegated)
        .collect::<Vec<_>>()
        .join("\n")
}

fn smb_conf(layout: &Layout) -> PathBuf {
    layout.path("dc/etc/smb.conf")
}

/// No `nbt`, which does not start on loopback; no file server and no winbind, which nothing here uses. Writes are not
/// awaited on disk: the rig outlives no power cut, and its tests write much.
fn extend_smb_conf(layout: &Layout) -> anyhow::Result<()> {
    let file = smb_conf(layout);
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let own = [
        ("pid directory", layout.path("dc/run")),
        ("ncalrpc dir", layout.path("dc/ncalrpc")),
        ("winbindd socket directory", layout.path("dc/run/winbindd")),
        ("log file", layout.log("samba-services")),
        ("tls cafile", layout.path("ca.pem")),
        ("tls certfile", layout.path("tls/dc.pem")),
        ("tls keyfile", layout.path("tls/dc.key")),
    ];
    let own: String = own
        .iter()
        .map(|(key, value)| format!("\t{key} = {}\n", value.display()))
        .collect();
    let own = format!(
        "[global]\n\tserver services = ldap, kdc, rpc, cldap, drepl, dns\n\tldb:nosync = yes\n{own}"
    );
    files::write(&file, &text.replacen("[global]\n", &own, 1))
}

fn write_krb5_config(layout: &Layout) -> anyhow::Result<()> {
    let (realm, domain, address) = (estate::REALM, estate::DOMAIN, estate::DC_ADDRESS);
    files::write(
        &layout.krb5_config(),
        &format!(
            "[libdefaults]\n\tdefault_realm = {realm}\n\tdns_lookup_kdc = false\n\tdns_lookup_realm = false\n\
             \tdns_canonicalize_hostname = false\n\trdns = false\n\
             [realms]\n\t{realm} = {{\n\t\tkdc = {address}\n\t\tkpasswd_server = {address}\n\t}}\n\
             [domain_realm]\n\t.{domain} = {realm}\n\t{domain} = {realm}\n"
        ),
    )
}

/// Accounts, groups and SPNs, written in one go while the controller is down.
fn seed(layout: &Layout) -> anyhow::Result<()> {
    passwords::ensure(&layout.password(estate::ADMINISTRATOR))?;
    for account in estate::SERVICE_ACCOUNTS {
        passwords::ensure(&layout.password(account.name))?;
    }
    let mut computers = Vec::new();
    for host in estate::HOSTS {
        let password = layout.password(host.name);
        passwords::ensure(&password)?;
        computers.push(json!({
            "name": host.name,
            "dns_name": host.dns_name,
            "password_file": password,
        }));
    }
    let services = estate::SERVICE_ACCOUNTS.iter().map(|account| {
        json!({
            "name": account.name,
            "password_file": layout.password(account.name),
            "spns": account.spns,
            "delegates_to": account.delegates_to(),
        })
    });
    let groups = estate::SYNC_GROUPS.map(|group| {
        let members: &[&str] = match estate::RESET_GROUPS.contains(&group) {
            true => &["svc-mimservice"],
            false => &[],
        };
        json!({ "name": group, "members": members })
    });
    let rights = estate::DELEGATED
        .iter()
        .map(|one| json!({ "account": one.account, "below": one.below, "entries": one.entries }));
    let seed = json!({
        "smb_conf": smb_conf(layout),
        "administrator": {
            "name": estate::ADMINISTRATOR,
            "password_file": layout.password(estate::ADMINISTRATOR),
        },
        "computers": computers,
        "services": services.collect::<Vec<_>>(),
        "groups": groups,
        "rights": rights.collect::<Vec<_>>(),
        "controller": { "name": estate::DC_NAME, "dns_name": estate::DC, "domain": estate::DOMAIN },
        "controller_address": {
            "name": estate::DC_NAME,
            "domain": estate::DOMAIN,
            "address": estate::DC_ADDRESS,
        },
    });
    let mut python = Command::new("/usr/bin/python3");
    python
        .arg(repo::rig_data("seed.py"))
        .env("KRB5_CONFIG", layout.krb5_config());
    command::run_with_input(&mut python, &seed.to_string(), &layout.log("seed"))
}

/// A process for each: Samba's library exports one keytab, and crashes with the next.
fn export_keytab(layout: &Layout, host: &WindowsHost) -> anyhow::Result<()> {
    let keytab = layout.path(description::keytab(host));
    files::remove(&keytab)?; // Keys would be added to those of an earlier domain.
    let mut export = Command::new("samba-tool");
    export
        .args(["domain", "exportkeytab"])
        .arg(&keytab)
        .arg(format!("--principal={}$", host.name))
        .arg(format!("--configfile={}", smb_conf(layout).display()))
        .env("KRB5_CONFIG", layout.krb5_config());
    command::run(&mut export, &layout.log("keytabs"))
}

fn start(layout: &Layout, server: &Server) -> anyhow::Result<()> {
    if let Some(taken) = PORTS.into_iter().find(|&port| answers(port)) {
        bail!("port {taken} of 127.0.0.1 is taken by another program; see `ss -ltnp`");
    }
    files::create_folder(std::path::Path::new("/run/samba"))?; // Samba does not make it itself.
    let mut samba = Command::new("samba");
    samba
        .arg("--foreground")
        .arg("-s")
        .arg(smb_conf(layout))
        .env("KRB5_CONFIG", layout.krb5_config());
    server.start(&samba)?;
    server.wait_until(Duration::from_secs(60), || PORTS.into_iter().all(answers))
}

/// Whether something listens on this port of loopback.
pub fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
}
