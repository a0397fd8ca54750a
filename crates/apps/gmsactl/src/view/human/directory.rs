//! What was found: inventories, root keys, accounts, and whether everything can be reached.

use model::inventory::Inventory;

use super::Paint;
use super::changes::whose;
use crate::documents::{AccountDocument, Derived, DoctorDocument, RootKeyList};

/// An inventory, in short.
pub fn inventory(inventory: &Inventory, paint: &Paint) -> String {
    let domain = &inventory.domain;
    let mut text = format!(
        "{} {} ({}), {}\n",
        paint.strong("Domain"),
        domain.dns_name,
        domain.netbios_name,
        domain.sid
    );
    for key in &inventory.root_keys {
        let state = key
            .defect
            .clone()
            .unwrap_or_else(|| format!("usable from {}", key.usable_from));
        text += &format!(
            "  KDS root key {} on {}: {state}\n",
            key.id, key.domain_controller
        );
    }
    for host in &inventory.hosts {
        text += &format!(
            "{} {} ({} {})\n",
            paint.strong("Host"),
            host.name,
            host.facts.os_name,
            host.facts.os_version
        );
        for service in &host.services {
            let managed = if service.managed_account == Some(true) {
                ", managed"
            } else {
                ""
            };
            let state = format!("{:?}", service.state).to_lowercase();
            text += &format!(
                "  {} runs as {}{managed}, {state}\n",
                service.name, service.logon_account
            );
        }
    }
    for account in inventory
        .accounts
        .iter()
        .filter(|account| !account.spns.is_empty())
    {
        let spns: Vec<_> = account.spns.iter().map(|spn| spn.as_str()).collect();
        text += &format!(
            "{} {}: {}\n",
            paint.strong("SPNs of"),
            account.name,
            spns.join(" ")
        );
    }
    let coverage = &inventory.coverage;
    text += &format!(
        "{} of {} hosts answered.\n",
        coverage.answered.len(),
        coverage.asked.len()
    );
    for gap in &coverage.gaps {
        // The error's own line names the host too.
        let why = gap
            .why
            .strip_prefix(&format!("{}: ", gap.subject))
            .unwrap_or(&gap.why);
        text += &format!("  {} {}: {why}\n", paint.warn("not read:"), gap.subject);
        if let Some(advice) = &gap.advice {
            text += &format!("    {} {advice}\n", paint.strong("what to do:"));
        }
    }
    text
}

/// Root keys, one domain controller after the other.
pub fn root_keys(list: &RootKeyList, paint: &Paint) -> String {
    if list.root_keys.is_empty() {
        return "There is no KDS root key: no gMSA can be created.\n".to_owned();
    }
    let mut text = String::new();
    for key in &list.root_keys {
        let state = match &key.facts.defect {
            Some(defect) => paint.bad(defect),
            None if key.usable => paint.good("usable"),
            None => paint.warn(&format!("usable from {}", key.facts.usable_from)),
        };
        text += &format!(
            "{}  {}  created {}  effective {}  {state}\n",
            paint.strong(&key.facts.id.to_string()),
            key.facts.domain_controller,
            key.facts.created,
            key.facts.effective
        );
    }
    text
}

/// A derived password, as far as it may be shown.
pub fn derived(derived: &Derived, _paint: &Paint) -> String {
    let [l0, l1, l2] = derived.group_key_id;
    let mut text = format!(
        "root key     {}\ngroup key id {l0}, {l1}, {l2}\nNT hash      {}\n",
        derived.root_key_id, derived.nt_hash
    );
    let rest = [
        ("password    ", &derived.password),
        ("AES-256     ", &derived.aes256),
        ("AES-128     ", &derived.aes128),
        ("salt        ", &derived.salt),
    ];
    for (name, value) in rest {
        if let Some(value) = value {
            text += &format!("{name} {value}\n");
        }
    }
    text
}

/// An account.
pub fn account(document: &AccountDocument, paint: &Paint) -> String {
    let account = &document.account;
    let mut text = format!("{}\n", paint.strong(account.name.as_str()));
    let mut line = |name: &str, value: String| text += &format!("  {name:<22} {value}\n");
    line("distinguished name", account.dn.to_string());
    line("SID", account.sid.to_string());
    line("class", format!("{:?}", account.class).to_lowercase());
    line("enabled", account.enabled.to_string());
    let types = account
        .encryption_types
        .map_or_else(|| "not set".to_owned(), |types| format!("0x{types:x}"));
    line("encryption types", types);
    if let Some(name) = &account.dns_host_name {
        line("DNS host name", name.to_string());
    }
    for spn in &account.spns {
        line("SPN", spn.to_string());
    }
    for group in &account.member_of {
        line("member of", group.to_string());
    }
    if let Some(gmsa) = &document.gmsa {
        line("password interval", format!("{} days", gmsa.interval_days));
        for principal in &gmsa.principals {
            line("retrieval principal", whose(principal));
        }
    }
    text
}

/// What can be reached.
pub fn doctor(document: &DoctorDocument, paint: &Paint) -> String {
    let mut text = String::new();
    for check in &document.checks {
        let word = if check.holds {
            paint.good("ok  ")
        } else {
            paint.bad("fail")
        };
        text += &format!("{word} {}: {}\n", check.subject, check.detail);
        if let Some(advice) = check.advice.as_ref().filter(|_| !check.holds) {
            text += &format!("     {} {advice}\n", paint.strong("what to do:"));
        }
    }
    text
}
