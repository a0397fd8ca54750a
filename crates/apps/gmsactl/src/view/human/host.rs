//! One host: what it has, and what was changed there.

use model::host::RegistryValue;

use super::Paint;
use super::plan::one_change;
use crate::documents::host::{
    AccessDocument, EventList, FactsDocument, HostChange, MemberList, PoolList, ProductList,
    RegistryDocument, RightList, ServiceList, TaskDocument, TaskList, TriggerList,
};

/// A change, made or only shown.
pub fn host_change(document: &HostChange, paint: &Paint) -> String {
    let HostChange { host, subject, .. } = document;
    let state = match (document.changes.is_empty(), document.applied) {
        (true, _) => paint.dim("holds already"),
        (false, true) => paint.good("done"),
        (false, false) => paint.warn("would be changed"),
    };
    let mut text = format!("{} {subject}: {state}\n", paint.strong(host.as_str()));
    for change in &document.changes {
        text += &format!("  {}\n", one_change(change, paint));
    }
    for advice in &document.advice {
        text += &format!("  {} {advice}\n", paint.warn("note:"));
    }
    text
}

/// What a host says of itself.
pub fn facts(document: &FactsDocument, paint: &Paint) -> String {
    let facts = &document.facts;
    let booted = facts.booted.map(|time| time.to_string());
    format!(
        "{} {}, {} {}\n  booted {}, clock differs by {} s, agent {}\n",
        paint.strong(document.host.as_str()),
        facts.computer_name,
        facts.os_name,
        facts.os_version,
        booted.as_deref().unwrap_or("at an unknown time"),
        facts.clock_skew_seconds,
        facts.agent_version
    )
}

/// Services, one a line.
pub fn services(document: &ServiceList, paint: &Paint) -> String {
    let mut text = head(&document.host, document.services.len(), "services", paint);
    for service in &document.services {
        let managed = match service.managed_account {
            Some(true) => ", managed",
            _ => "",
        };
        let state = format!("{:?}", service.state).to_lowercase();
        let start = format!("{:?}", service.start).to_lowercase();
        text += &format!(
            "  {} runs as {}{managed}, {state}, {start}\n",
            service.name, service.logon_account
        );
    }
    text
}

/// Products, one a line.
pub fn products(document: &ProductList, paint: &Paint) -> String {
    let mut text = head(&document.host, document.products.len(), "products", paint);
    for product in &document.products {
        text += &format!(
            "  {} {} {}\n",
            product.name,
            product.version,
            paint.dim(&product.code)
        );
    }
    text
}

/// Rights with their holders, and what policies say.
pub fn rights(document: &RightList, paint: &Paint) -> String {
    let mut text = String::new();
    for found in &document.rights {
        text += &format!("{}\n", paint.strong(found.right.name()));
        for holder in &found.holders {
            match &holder.name {
                Some(name) => text += &format!("  {name} {}\n", paint.dim(&holder.sid.to_string())),
                None => text += &format!("  {}\n", holder.sid),
            }
        }
        if found.holders.is_empty() {
            text += &format!("  {}\n", paint.dim("nobody"));
        }
        for policy in &found.policies {
            let sids = policy.sids.iter().map(ToString::to_string);
            let named: Vec<_> = sids.chain(policy.names.iter().cloned()).collect();
            text += &format!(
                "  {} {} sets it for: {}\n",
                paint.warn("group policy"),
                policy.template,
                named.join(", ")
            );
        }
    }
    text
}

/// Entries of access lists, by list.
pub fn access(document: &AccessDocument, paint: &Paint) -> String {
    let what = "entries in access lists";
    let mut text = head(&document.host, document.entries.len(), what, paint);
    for of_list in document.entries.chunk_by(|one, next| one.list == next.list) {
        for first in of_list.iter().take(1) {
            let title = first.title.as_ref();
            let title = title.map_or_else(String::new, |title| format!(" {}", paint.dim(title)));
            text += &format!("  {}{title}\n", first.list);
        }
        for entry in of_list {
            let sid = entry.sid.map(|sid| sid.to_string());
            let whose = sid.as_deref().unwrap_or("unknown kind of entry");
            text += &format!("    {whose}: {}\n", entry.means);
        }
    }
    for unread in &document.unreadable {
        let why = paint.warn(&format!("not read: {}", unread.why));
        text += &format!("  {} {why}\n", unread.list);
    }
    text
}

/// Triggers, one a line.
pub fn triggers(document: &TriggerList, paint: &Paint) -> String {
    let what = format!("triggers of {}", document.service);
    let mut text = head(&document.host, document.triggers.len(), &what, paint);
    for trigger in &document.triggers {
        text += &format!("  {}\n", trigger.name);
    }
    text
}

/// Pools with what they serve.
pub fn app_pools(document: &PoolList, paint: &Paint) -> String {
    if !document.web_server {
        return format!("{} has no web server (IIS)\n", document.host);
    }
    let mut text = head(
        &document.host,
        document.app_pools.len(),
        "application pools",
        paint,
    );
    for pool in &document.app_pools {
        let state = format!("{:?}", pool.state).to_lowercase();
        text += &format!("  {} runs as {}, {state}\n", pool.name, pool.identity);
        for application in &pool.applications {
            let bindings = application.bindings.iter().map(ToString::to_string);
            let bindings = bindings.collect::<Vec<_>>().join(", ");
            text += &format!(
                "    {} {}: {}{}\n",
                application.site,
                application.path,
                application.physical_path,
                if bindings.is_empty() {
                    String::new()
                } else {
                    format!(" ({bindings})")
                }
            );
        }
    }
    text
}

/// Tasks, one a line.
pub fn tasks(document: &TaskList, paint: &Paint) -> String {
    let mut text = head(
        &document.host,
        document.tasks.len(),
        "scheduled tasks",
        paint,
    );
    for task in &document.tasks {
        let how = task.principal.logon.word().unwrap_or("no log-on type");
        let last = match task.last_result {
            None => "never ran".to_owned(),
            Some(result) => format!("last result 0x{result:x}"),
        };
        text += &format!(
            "  {} runs as {} ({how}), {last}{}\n",
            task.path,
            task.principal.account,
            if task.enabled { "" } else { ", disabled" }
        );
    }
    text
}

/// One task's definition.
pub fn task(document: &TaskDocument, _paint: &Paint) -> String {
    format!("{}\n", document.definition.xml.trim_end())
}

/// A registry value.
pub fn registry_value(document: &RegistryDocument, paint: &Paint) -> String {
    let value = document.value.as_ref().map(registry_data);
    format!(
        "{}!{}: {}\n",
        document.key,
        document.name,
        value.unwrap_or_else(|| paint.dim("not there"))
    )
}

/// Type and data of a registry value, in one line.
pub fn registry_data(value: &RegistryValue) -> String {
    match value {
        RegistryValue::Text(text) => format!("REG_SZ {text:?}"),
        RegistryValue::ExpandableText(text) => format!("REG_EXPAND_SZ {text:?}"),
        RegistryValue::MultiText(texts) => format!("REG_MULTI_SZ {texts:?}"),
        RegistryValue::Dword(number) => format!("REG_DWORD {number}"),
        RegistryValue::Qword(number) => format!("REG_QWORD {number}"),
        RegistryValue::Binary(data) => format!("REG_BINARY {}", hex::encode(data)),
        RegistryValue::Other { kind, data } => format!("type {kind} {}", hex::encode(data)),
    }
}

/// Members of a local group.
pub fn members(document: &MemberList, paint: &Paint) -> String {
    let what = format!("members of {}", document.group);
    let mut text = head(&document.host, document.members.len(), &what, paint);
    for member in &document.members {
        let name = member.name.as_deref().unwrap_or("unknown");
        text += &format!("  {name} {}\n", paint.dim(&member.sid.to_string()));
    }
    text
}

/// Events, newest first.
pub fn events(document: &EventList, paint: &Paint) -> String {
    let what = format!("events of {}", document.log);
    let mut text = head(&document.host, document.events.len(), &what, paint);
    for event in &document.events {
        let time = event.time.map(|time| time.to_string()).unwrap_or_default();
        let level = format!("{:?}", event.level).to_lowercase();
        text += &format!("{time} {level} {} {}\n", event.provider, event.id);
        let message = event.message.as_deref().unwrap_or("(no text)");
        for line in message.lines() {
            text += &format!("  {line}\n");
        }
    }
    if document.more {
        text += &paint.dim("There are more: raise --limit or narrow what is asked for.\n");
    }
    text
}

fn head(host: &model::names::HostName, count: usize, what: &str, paint: &Paint) -> String {
    format!("{} {count} {what}\n", paint.strong(host.as_str()))
}
