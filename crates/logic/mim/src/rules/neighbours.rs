//! Rules about what works beside a component: the MIM Service's management agent, PAM, add-ons.

use model::finding::Finding;
use model::host::AccountRight;
use model::inventory::HostInventory;
use model::names::LogonAccount;
use planner::HostView;

use super::{
    ACCESS_LISTS_UNREAD, ADD_ON_TOO_OLD, AGENT_ACCOUNT_DENIED, AGENT_ACCOUNT_SHARED,
    PAM_BESIDE_SYNC, SERVICE_KEY,
};
use crate::component::Component;
use crate::version::Version;

/// Where the MIM Service keeps the account of its management agent.
pub(super) const AGENT_ACCOUNT: &str = "SynchronizationAccount";
/// The first build of Lithnet AutoSync that can run under a gMSA.
const AUTO_SYNC: (&str, &str) = ("AutoSync", "1.2.8002.0");

/// Lists of DCOM and WMI on the Synchronization Service's hosts that could not be read.
pub(super) fn unread_lists(view: &HostView<'_>) -> Vec<Finding> {
    let hosts = view.inventory.hosts.iter();
    let is_sync = |id: &model::names::ComponentId| id.as_str() == "sync";
    let sync = hosts.filter(|host| host.components.iter().any(is_sync));
    let unread = sync.filter(|host| !host.unread_access_lists.is_empty());
    unread.map(|host| unread_on(host, view)).collect()
}

fn unread_on(host: &HostInventory, view: &HostView<'_>) -> Finding {
    let (old, new) = (view.carried.logon_account(), view.gmsa);
    let lists: Vec<_> = host
        .unread_access_lists
        .iter()
        .map(ToString::to_string)
        .collect();
    let lists = lists.join(", ");
    let advice = format!(
        "look there for {old}: wmimgmt.msc, WMI Control, Properties, Security for a namespace; dcomcnfg, My Computer, \
         Properties, COM Security for the machine's lists. Where {old} is named, give {new} the same beside it and leave \
         {old} as it is; or find out why they cannot be read (`gmsactl host access show {}`) and plan again",
        host.name
    );
    ACCESS_LISTS_UNREAD.found(
        host.name.to_string(),
        format!("whether {old} is named there is not known: {lists} could not be read"),
        advice,
    )
}

pub(super) fn findings(component: &Component, view: &HostView<'_>) -> Vec<Finding> {
    let has = |id: &str| {
        view.host
            .components
            .iter()
            .any(|found| found.as_str() == id)
    };
    let mut findings = Vec::new();
    match component.entry.id.as_str() {
        "sync" => {
            findings.extend(agent_account(view));
            findings.extend(add_ons(view));
        }
        id if id.starts_with("pam-") && has("sync") => {
            findings.push(PAM_BESIDE_SYNC.found(
                format!("{}, {}", view.host.name, component.entry.title),
                "the Synchronization Service is installed on the same host",
                "move PAM to a host of its own, before or after this conversion",
            ));
        }
        _ => {}
    }
    findings
}

/// The MIM Service's management agent may run under the Synchronization Service's own account.
fn agent_account(view: &HostView<'_>) -> Vec<Finding> {
    let old = view.carried.logon_account();
    let mut findings = Vec::new();
    for host in &view.inventory.hosts {
        let named = host.registry_text(SERVICE_KEY, AGENT_ACCOUNT);
        let Some(named) = named.map(|named| LogonAccount::from(named.to_owned())) else {
            continue;
        };
        if named.same_as(old) {
            let what = format!(
                "it is the account of the MIM Service's management agent too ({}, {AGENT_ACCOUNT})",
                host.name
            );
            let advice = format!(
                "the agent keeps it until you change that: do not disable {old}. After the conversion either give the agent \
                 an account of its own, or tick \"Use MIMSync account\" in its properties (4.6.34.0 or later) and run change \
                 mode of the MIM Service"
            );
            findings.push(AGENT_ACCOUNT_SHARED.found(old.to_string(), what, advice));
        }
        if named.same_as(old) || named.same_as(view.gmsa) {
            findings.extend(denied(view, &named));
        }
    }
    findings.dedup();
    findings
}

/// Denials that the gMSA must not get: that of network log-on, where the MIM Service's management agent runs as the
/// component's account, and so is to run as the gMSA some day.
pub(crate) fn must_not_be_denied(view: &HostView<'_>) -> Vec<AccountRight> {
    let old = view.carried.logon_account();
    let mut hosts = view.inventory.hosts.iter();
    let is_agents = hosts.any(|host| {
        let named = host.registry_text(SERVICE_KEY, AGENT_ACCOUNT);
        let named = named.map(|named| LogonAccount::from(named.to_owned()));
        named.is_some_and(|named| named.same_as(old) || named.same_as(view.gmsa))
    });
    match is_agents {
        true => vec![AccountRight::DenyNetworkLogon],
        false => Vec::new(),
    }
}

/// A management agent logs on over the network.
fn denied(view: &HostView<'_>, agent: &LogonAccount) -> Option<Finding> {
    let netbios = &view.inventory.domain.netbios_name;
    let sid = view.inventory.account(agent.in_domain(netbios)?)?.sid;
    let denied = view.host.right(AccountRight::DenyNetworkLogon)?;
    denied.is_held_by(&sid).then(|| {
        let subject = format!("{}, {}", view.host.name, view.carried.name());
        let what = format!(
            "network log-on is denied to {agent}, the account of the MIM Service's management agent"
        );
        let advice = format!(
            "take that denial away, and do not give it to {} as long as the agent runs as it",
            view.gmsa
        );
        AGENT_ACCOUNT_DENIED.found(subject, what, advice)
    })
}

fn add_ons(view: &HostView<'_>) -> Option<Finding> {
    let (name, minimum) = AUTO_SYNC;
    let minimum: Version = minimum.parse().ok()?;
    let mut products = view.host.products.iter();
    let product = products.find(|product| product.name.contains(name))?;
    let build = product.version.parse::<Version>();
    build.is_ok_and(|build| build < minimum).then(|| {
        let what = format!(
            "build {} is installed, a gMSA needs {minimum}",
            product.version
        );
        let advice =
            "update it before its service gets a gMSA; under its own password account it may stay";
        ADD_ON_TOO_OLD.found(
            format!("{}, {}", view.host.name, product.name),
            what,
            advice,
        )
    })
}
