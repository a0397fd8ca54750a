//! A hundred complete gMSAs, each with its group, retrieval list and SPN: gmsactl, ldapmodify and samba-tool in turns.
//!
//! gmsactl reads one table. ldapmodify gets the same changes as LDIF that is made beforehand: the groups, then the accounts
//! with the groups' SIDs in their lists. samba-tool runs on the domain controller itself, a process for each command; as
//! these do not know of each other, every fifth account is enough, and its time counts five times.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use security::{SecurityDescriptor, Sid};

use super::World;
use crate::bench::openldap::OpenLdap;
use crate::bench::{median, on_rig, ratio};
use crate::system::command;

const ACCOUNTS: usize = 100;
const ROUNDS: usize = 3;
/// How many of them samba-tool does not make, for one that it makes.
const LEFT_OUT: u32 = 4;

/// Measures and prints.
pub fn run(world: &World) -> Result<()> {
    let made = Made(OpenLdap::new(&world.rig, &world.folder)?);
    made.delete()?; // An earlier run may have been interrupted.
    let (mut ours, mut ldap, mut samba) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(with_gmsactl(world)?);
        made.delete()?;
        ldap.push(with_ldapmodify(world, &made.0)?);
        made.delete()?;
        samba.push(with_samba_tool(world)?);
        made.delete()?;
    }
    let (ours, ldap, samba) = (median(ours), median(ldap), median(samba));
    println!(
        "directory: {ACCOUNTS} complete gMSAs, median of {ROUNDS} rounds: gmsactl {ours:.2?}; ldapmodify {ldap:.2?}, \
         {:.2} times (limit 1); samba-tool {samba:.1?}, {:.1} times (limit 5)",
        ratio(ldap, ours),
        ratio(samba, ours)
    );
    Ok(())
}

fn group(number: usize) -> String {
    format!("gmsactl-bench-group-{number}")
}

fn gmsa(number: usize) -> String {
    format!("bench-gmsa-{number}")
}

fn spn(number: usize) -> String {
    format!("HTTP/{}.contoso.com", gmsa(number))
}

fn group_dn(number: usize) -> String {
    format!("CN={},CN=Users,DC=contoso,DC=com", group(number))
}

fn gmsa_dn(number: usize) -> String {
    let name = gmsa(number);
    format!("CN={name},CN=Managed Service Accounts,DC=contoso,DC=com")
}

/// What is made; deleted when it is dropped.
struct Made(OpenLdap);

impl Made {
    fn delete(&self) -> Result<()> {
        let both = |number| format!("{}\n{}\n", gmsa_dn(number), group_dn(number));
        let names: String = (0..ACCOUNTS).map(both).collect();
        self.0.run("ldapdelete", &["-c"], &names)?;
        Ok(())
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = self.delete();
    }
}

fn with_gmsactl(world: &World) -> Result<Duration> {
    let row = |number| format!("{},{},{}\n", gmsa(number), group(number), spn(number));
    let rows: String = (0..ACCOUNTS).map(row).collect();
    let table = world.folder.join("accounts.csv");
    std::fs::write(&table, format!("name,group,spns\n{rows}"))?;
    let mut import = on_rig(&world.gmsactl)?;
    import.args(["account", "import", "--json"]).arg(&table);
    let since = Instant::now();
    let printed = command::output(&mut import)?;
    let took = since.elapsed();
    let document: serde_json::Value = serde_json::from_str(&printed)?;
    let changes = document
        .pointer("/changes")
        .and_then(|list| list.as_array());
    ensure!(
        changes.is_some_and(|list| list.len() == 2 * ACCOUNTS),
        "gmsactl made something else"
    );
    Ok(took)
}

fn with_ldapmodify(world: &World, tools: &OpenLdap) -> Result<Duration> {
    let group = |number| {
        format!(
            "dn: {}\nchangetype: add\nobjectClass: group\nsAMAccountName: {}\ngroupType: -2147483646\n\n",
            group_dn(number),
            group(number)
        )
    };
    let groups: String = (0..ACCOUNTS).map(group).collect();
    let mut took = apply(world, tools, "groups.ldif", &groups)?;
    let accounts = (0..ACCOUNTS).map(|number| account(tools, number));
    let accounts = accounts.collect::<Result<String>>()?;
    took += apply(world, tools, "accounts.ldif", &accounts)?;
    Ok(took)
}

fn apply(world: &World, tools: &OpenLdap, name: &str, ldif: &str) -> Result<Duration> {
    let file = world.folder.join(name);
    std::fs::write(&file, ldif)?;
    let since = Instant::now();
    command::run(
        tools.command("ldapmodify").arg("-f").arg(&file),
        tools.log(),
    )?;
    Ok(since.elapsed())
}

/// The account's record, with its group's SID in its list.
fn account(tools: &OpenLdap, number: usize) -> Result<String> {
    let mut search = tools.command("ldapsearch");
    search.args(["-LLL", "-s", "base", "-b", &group_dn(number), "objectSid"]);
    let found = command::output(&mut search)?;
    let sid = found
        .lines()
        .find_map(|line| line.strip_prefix("objectSid:: "));
    let sid = STANDARD.decode(sid.context("a group without a SID")?)?;
    let list = SecurityDescriptor::for_retrieval_principals(&[Sid::from_bytes(&sid)?])?;
    Ok(format!(
        "dn: {}\nchangetype: add\nobjectClass: msDS-GroupManagedServiceAccount\nsAMAccountName: {name}$\n\
         userAccountControl: 4096\ndNSHostName: {name}.contoso.com\nmsDS-ManagedPasswordInterval: 30\n\
         msDS-SupportedEncryptionTypes: 24\nmsDS-GroupMSAMembership:: {}\nservicePrincipalName: {}\n\n",
        gmsa_dn(number),
        STANDARD.encode(list.to_bytes()),
        spn(number),
        name = gmsa(number),
    ))
}

fn with_samba_tool(world: &World) -> Result<Duration> {
    let since = Instant::now();
    for number in (0..ACCOUNTS).step_by(LEFT_OUT as usize + 1) {
        let (group, name, spn) = (group(number), gmsa(number), spn(number));
        let name_option = format!("--name={name}");
        let host = format!("--dns-host-name={name}.contoso.com");
        // It takes names of users; groups by DN only.
        let reader = format!("--principal={}", group_dn(number));
        for words in [
            &["group", "add", &group][..],
            &["service-account", "create", &name_option, &host],
            &[
                "service-account",
                "group-msa-membership",
                "add",
                &name_option,
                &reader,
            ],
            &["spn", "add", &spn, &format!("{name}$")],
        ] {
            let mut tool = Command::new("samba-tool");
            tool.args(words)
                .arg("-s")
                .arg(world.rig.join("dc/etc/smb.conf"));
            command::run(&mut tool, &world.folder.join("samba-tool.log"))?;
        }
    }
    Ok(since.elapsed() * (LEFT_OUT + 1))
}
