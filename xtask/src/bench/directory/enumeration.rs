//! A list of 20,000 accounts: gmsactl beside ldapsearch and python3-ldap3 in turns, and the memory that it takes.
//!
//! Of the lab, whose answers come fast: that shows the clients. Of the rig's Samba: that shows what is left of it
//! where most of the time is the server's. All ask the same in pages of 1,000, and write or count what comes; whole
//! processes are measured, with their log-on.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::World;
use crate::bench::lab_process::LabProcess;
use crate::bench::openldap::{OpenLdap, Tickets};
use crate::bench::{median, on_rig, ratio};

const MANY: usize = 20_000;
/// Of these, in a unit of their own.
const FEW: usize = 2_000;
const ROUNDS: usize = 9;
const BASE: &str = "OU=gmsactl-bench-many,DC=contoso,DC=com";
const FEW_BASE: &str = "OU=few,OU=gmsactl-bench-many,DC=contoso,DC=com";

/// What `account list --class` asks for.
const ATTRIBUTES: [&str; 9] = [
    "objectClass",
    "objectSid",
    "objectGUID",
    "sAMAccountName",
    "userAccountControl",
    "dNSHostName",
    "servicePrincipalName",
    "msDS-SupportedEncryptionTypes",
    "memberOf",
];

/// What `account list --class user` searches for.
const USERS: &str = "(&(objectClass=user)(!(objectClass=computer)))";

/// How often a process's memory is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Measures and prints.
pub fn run(world: &World) -> Result<()> {
    let lab = LabProcess::start(&world.gmsactl, &world.folder.join("lab"), None)?;
    let password = lab.file("administrator.password");
    let config = lab.file("krb5.conf");
    let tickets = Tickets::new(lab.address("ldap")?, &config, &password, &world.folder)?;
    let authority = lab.file("ca.pem");
    let tools = OpenLdap::at(lab.address("ldaps")?, &authority, &password, &world.folder)?;
    let gmsactl = || {
        let mut gmsactl = tickets.with(lab.command(&world.gmsactl));
        gmsactl.args(["--auth", "ticket-cache", "--user", "Administrator"]);
        Ok(gmsactl)
    };
    on_a_server("the lab", tools, Some(&tickets), &gmsactl, world)?;
    drop(lab);
    let tools = OpenLdap::new(&world.rig, &world.folder)?;
    on_a_server("Samba", tools, None, &|| on_rig(&world.gmsactl), world)
}

/// With `tickets` ldapsearch also works as gmsactl does: with a ticket, and sealed by Kerberos.
fn on_a_server(
    server: &str,
    tools: OpenLdap,
    tickets: Option<&Tickets>,
    gmsactl: &dyn Fn() -> Result<Command>,
    world: &World,
) -> Result<()> {
    let filled = Filled::new(tools)?;
    let few = with_gmsactl(gmsactl()?, world, FEW_BASE, FEW)?;
    let (mut ours, mut search, mut python) = (Vec::new(), Vec::new(), Vec::new());
    let mut sealed = Vec::new();
    let mut peak = 0;
    for _ in 0..ROUNDS {
        let run = with_gmsactl(gmsactl()?, world, BASE, MANY)?;
        peak = peak.max(run.peak_kib);
        ours.push(run.took);
        search.push(with_ldapsearch(world, filled.0.command("ldapsearch"))?);
        if let Some(tickets) = tickets {
            sealed.push(with_ldapsearch(world, tickets.command("ldapsearch"))?);
        }
        python.push(with_ldap3(world, &filled.0)?);
    }
    let ours = median(ours);
    let rate = |time: Duration| MANY as f64 / time.as_secs_f64();
    let beside = |peer: &str, times: Vec<Duration>, limit: &str| {
        let time = median(times);
        let (rate, ratio) = (rate(time), ratio(time, ours));
        format!("{peer} {rate:.0}, {ratio:.2} times{limit}")
    };
    let mut peers = vec![beside("ldapsearch over TLS", search, " (limit 0.95)")];
    if tickets.is_some() {
        let peer = beside("ldapsearch sealed by Kerberos", sealed, " (limit 0.95)");
        peers.push(peer);
    }
    peers.push(beside("python3-ldap3", python, " (limit 3)"));
    println!(
        "directory: {MANY} accounts of {server} listed, median of {ROUNDS} rounds, accounts a second: gmsactl {:.0}; {}",
        rate(ours),
        peers.join("; ")
    );
    println!(
        "directory: memory at most for {FEW} accounts {:.1} MiB, for {MANY} {:.1} MiB",
        few.peak_kib as f64 / 1024.0,
        peak as f64 / 1024.0
    );
    Ok(())
}

/// The accounts; deleted when it is dropped.
struct Filled(OpenLdap);

impl Filled {
    fn new(tools: OpenLdap) -> Result<Self> {
        let filled = Self(tools);
        filled.empty()?; // An earlier run may have been interrupted.
        let unit = |dn: &str| format!("dn: {dn}\nobjectClass: organizationalUnit\n\n");
        let user = |number: usize| {
            let (name, base) = (
                format!("gmsactl-many-{number}"),
                if number < FEW { FEW_BASE } else { BASE },
            );
            format!(
                "dn: CN={name},{base}\nobjectClass: user\nsAMAccountName: {name}\nuserAccountControl: 514\n\
                 servicePrincipalName: HTTP/{name}.contoso.com\n\n"
            )
        };
        let users: String = (0..MANY).map(user).collect();
        let ldif = unit(BASE) + &unit(FEW_BASE) + &users;
        let added = filled.0.run("ldapadd", &[], &ldif)?;
        ensure!(
            added,
            "the server did not take the accounts; see {}",
            filled.0.log().display()
        );
        Ok(filled)
    }

    fn empty(&self) -> Result<bool> {
        self.0.run("ldapdelete", &["-r", BASE], "")
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        let _ = self.empty();
    }
}

struct Run {
    took: Duration,
    peak_kib: u64,
}

fn with_gmsactl(mut list: Command, world: &World, base: &str, accounts: usize) -> Result<Run> {
    let printed = world.folder.join("accounts.json");
    list.args([
        "account", "list", "--class", "user", "--json", "--under", base,
    ]);
    let run = measured(&mut list, &printed)?;
    let text = std::fs::read_to_string(&printed)?;
    let whole = format!("\"count\":{accounts},\"error\":null");
    ensure!(text.contains(&whole), "gmsactl listed something else");
    Ok(run)
}

fn with_ldapsearch(world: &World, mut search: Command) -> Result<Duration> {
    let printed = world.folder.join("accounts.ldif");
    search.args(["-LLL", "-E", "pr=1000/noprompt", "-b", BASE, USERS]);
    let run = measured(search.args(ATTRIBUTES), &printed)?;
    let text = std::fs::read_to_string(&printed)?;
    let found = text.lines().filter(|line| line.starts_with("dn: ")).count();
    ensure!(found == MANY, "ldapsearch found {found}");
    Ok(run.took)
}

fn with_ldap3(world: &World, tools: &OpenLdap) -> Result<Duration> {
    let script = "import ssl, sys\n\
                  from ldap3 import Connection, NONE, SUBTREE, Server, Tls\n\
                  ca, address, port, user, password, base, users, *attributes = sys.argv[1:]\n\
                  tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=ca, valid_names=['dc1.contoso.com'])\n\
                  server = Server(address, port=int(port), use_ssl=True, tls=tls, get_info=NONE)\n\
                  connection = Connection(server, user, open(password).read(), auto_bind=True)\n\
                  pages = connection.extend.standard.paged_search(base, users, SUBTREE,\n    \
                  attributes=attributes, paged_size=1000, generator=True)\n\
                  print(sum(1 for _ in pages))\n";
    let printed = world.folder.join("accounts.count");
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", script]).arg(&tools.authority);
    python.args(tools.address());
    python
        .arg(OpenLdap::USER)
        .arg(&tools.password)
        .args([BASE, USERS]);
    let run = measured(python.args(ATTRIBUTES), &printed)?;
    let found = std::fs::read_to_string(&printed)?;
    ensure!(
        found.trim() == MANY.to_string(),
        "python3-ldap3 found {found}"
    );
    Ok(run.took)
}

/// Runs it to its end with its output in a file.
fn measured(command: &mut Command, printed: &Path) -> Result<Run> {
    let since = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(File::create(printed)?)
        .spawn()
        .with_context(|| format!("{command:?} cannot be started"))?;
    let peak_kib = wait(child)?;
    Ok(Run {
        took: since.elapsed(),
        peak_kib,
    })
}

/// Waits for its end; the most memory that was seen resident.
fn wait(mut child: Child) -> Result<u64> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let seen = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = seen.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(seen.unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "a program ended with {status}");
            return Ok(peak);
        }
        std::thread::sleep(LOOK);
    }
}
