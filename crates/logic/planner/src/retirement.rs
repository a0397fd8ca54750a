//! A plan that disables password accounts which conversions have left behind.

use model::finding::Finding;
use model::inventory::{Account, AccountClass, HostInventory, Inventory};
use model::names::{LogonAccount, SamAccountName};
use model::plan::{Action, Fact, Plan, Step};

use crate::checks::{keeps, objects_of};
use crate::findings as kind;
use crate::planning::Planning;
use crate::{assembled, facts, steps};

const REMOVE: &str = "disabled, nobody has them; gmsactl account rights lists them. Remove them when the account is deleted: \
                      dsacls OBJECT /R ACCOUNT";

/// Plans it. Everything that still uses one of them, as far as it was seen, blocks.
pub fn plan_of_retirement(planning: &Planning<'_>, accounts: &[SamAccountName]) -> Plan {
    let inventory = planning.inventory;
    let mut prior = facts::of_the_domain(inventory);
    let mut findings = Vec::new();
    let mut found = Vec::new();
    for name in accounts {
        let account = inventory.account(name);
        let Some(account) = account.filter(|account| account.class == AccountClass::User) else {
            findings.push(kind::RETIRED_NOT_FOUND.found(
                name.as_str(),
                "there is no user of that name in the domain",
                "name the password account by its sAMAccountName",
            ));
            continue;
        };
        let users = users_of(inventory, account);
        prior.push(Fact {
            subject: name.to_string(),
            what: "used by".to_owned(),
            value: match users.as_slice() {
                [] => "-".to_owned(),
                users => users.join(", "),
            },
        });
        findings.extend(in_use(account, &users));
        findings.extend(spns(account));
        let objects = objects_of(inventory, &account.sid);
        findings.extend(keeps(account, &objects, REMOVE));
        found.push(account);
    }
    findings.extend(unseen(inventory));
    assembled(planning, prior, steps::of_retirement(&found), findings)
}

/// Whether a plan disables exactly these accounts.
pub fn is_of_retirement(plan: &Plan, accounts: &[SamAccountName]) -> bool {
    let disables = |step: &Step| {
        matches!(&step.action, Action::DisableAccount { account }
            if accounts.iter().any(|wanted| wanted.same_as(account)))
    };
    plan.steps.len() == accounts.len() && plan.steps.iter().all(disables)
}

/// What runs as the account, or names it, on the hosts that answered.
fn users_of(inventory: &Inventory, account: &Account) -> Vec<String> {
    let netbios = &inventory.domain.netbios_name;
    let logon = LogonAccount::domain(netbios, account.name.clone());
    let sid = account.sid.to_string();
    let is = |other: &LogonAccount| {
        let same = other.in_domain(netbios);
        same.is_some_and(|name| name.same_as(&account.name)) || other.to_string() == sid
    };
    let of_host = |host: &HostInventory| {
        let services = host.all_carried().filter(|it| is(it.logon_account()));
        let services = services.map(|it| format!("{} on {}", it.name(), host.name));
        let tasks = host.tasks.iter().filter(|task| is(&task.account));
        let tasks = tasks.map(|task| format!("the task {} on {}", task.path, host.name));
        let named = host.registry.iter();
        let named = named.filter(|(_, text)| text.eq_ignore_ascii_case(&logon.to_string()));
        let named = named.map(|(value, _)| format!("the registry value {value} on {}", host.name));
        services.chain(tasks).chain(named).collect::<Vec<_>>()
    };
    inventory.hosts.iter().flat_map(of_host).collect()
}

fn in_use(account: &Account, users: &[String]) -> Option<Finding> {
    (!users.is_empty()).then(|| {
        kind::RETIRED_IN_USE.found(
            account.name.as_str(),
            format!("it is used by {}", users.join(", ")),
            "give these the gMSA or an account of their own first",
        )
    })
}

fn spns(account: &Account) -> Option<Finding> {
    (!account.spns.is_empty()).then(|| {
        let spns: Vec<_> = account.spns.iter().map(|spn| spn.as_str()).collect();
        kind::RETIRED_WITH_SPNS.found(
            account.name.as_str(),
            format!("it holds {}", spns.join(", ")),
            "gmsactl spn move SPN --to the account that runs the service now",
        )
    })
}

/// A host that did not answer may have anything.
fn unseen(inventory: &Inventory) -> Vec<Finding> {
    let coverage = &inventory.coverage;
    let silent = coverage.asked.iter();
    let silent = silent.filter(|host| !coverage.answered.contains(host));
    let finding = |host| {
        kind::HOST_UNKNOWN.found(
            format!("{host}"),
            "it did not answer: what runs there is not known",
            "let it answer (gmsactl doctor), then repeat the command",
        )
    };
    silent.map(finding).collect()
}
