//! A host of the lab after a host that was discovered: to rehearse a plan on a copy of an estate.
//!
//! What an inventory does not tell is assumed to be in order, as it is on a host that runs: stored passwords
//! are right, logon accounts have the right to log on, the Synchronization Service can read its key set.

use std::sync::Arc;

use agent_protocol::{AccessList, AccountName, Keeper, PoolIdentity, ServiceName, StartType};
use model::inventory::{self, HostAccess, HostInventory, ServiceStart, ServiceState};
use security::SecurityDescriptor;

use super::app_pool::AppPool;
use super::domain::{AccountKind, DomainView};
use super::files::Content;
use super::lab_host::LabHost;
use super::logon::{Principal, principal};
use super::machine::Machine;
use super::products::Products;
use super::programs::Program;
use super::rights::Right;
use super::scheduled_task::ScheduledTask;
use super::services::{LabService, StoredPassword};
use super::state::{HostState, WindowsRelease};

/// What every list has for administrators.
const ADMINISTRATORS: &str = "O:BAG:BAD:(A;;CCDCLCSWRP;;;BA)";

/// Makes the file, folder or key that a list belongs to; what it is of the first two, an inventory does not tell.
fn make_place(machine: &mut Machine<'_>, list: &AccessList) {
    match list.keeper() {
        Keeper::File(path) if machine.state.files.get(path).is_none() => {
            machine.state.files.put(path.as_str(), Content::Directory);
        }
        Keeper::Key(key) if machine.state.registry.list(key).is_err() => {
            machine.state.registry.set_text(&key.to_string(), "", "");
        }
        _ => {}
    }
}

/// The lists with the entries that an inventory has: those of single accounts, and administrators.
fn import_access_lists(machine: &mut Machine<'_>, found: &[HostAccess]) {
    for entries in found.chunk_by(|one, next| one.list == next.list) {
        let [first, ..] = entries else { continue };
        let Ok(mut descriptor) = SecurityDescriptor::from_sddl(ADMINISTRATORS) else {
            continue;
        };
        for entry in entries {
            let _ = descriptor.add(entry.ace.clone()); // There is room: it came out of such a list.
        }
        make_place(machine, &first.list);
        machine.state.put_access_list(&first.list, &descriptor);
        if let (AccessList::Application(id, _), Some(title)) = (&first.list, &first.title) {
            let key = AccessList::application_key(id).to_string();
            machine.state.registry.set_text(&key, "", title);
        }
    }
}

/// Builds the host, with its services in the states that they were found in. Its accounts must be in the domain.
pub fn import(
    found: &HostInventory,
    domain: &Arc<dyn DomainView>,
    products: Arc<dyn Products>,
) -> LabHost {
    let mut state = HostState::new(found.name.clone(), release(&found.facts));
    state.clock_offset_seconds = found.facts.clock_skew_seconds;
    let host = LabHost::new(state, Arc::clone(domain), products);
    host.with(|machine| {
        machine.purge_tickets();
        let now = machine.domain.now();
        (machine.state.booted, machine.state.policy_applied) =
            (found.facts.booted.unwrap_or(now), now);
        for (path, text) in &found.registry {
            if let Some((key, value)) = path.split_once('!') {
                machine.state.registry.set_text(key, value, text);
            }
        }
        import_access_lists(machine, &found.access);
        for product in &found.products {
            machine.install_product(&product.code, &product.name, &product.version);
        }
        // What is in a file is not in an inventory: the lab only keeps the place taken.
        for path in found.files.keys() {
            machine
                .state
                .files
                .put(path, Content::Bytes(b"imported".to_vec()));
        }
        for service in &found.services {
            import_service(machine, service);
        }
        for service in &found.services {
            import_dependencies(machine, service);
        }
        for pool in &found.app_pools {
            import_pool(machine, pool);
        }
        for task in &found.tasks {
            import_task(machine, task);
        }
        import_rights(machine, found);
        machine.products.adopt(machine);
    });
    host
}

fn import_pool(machine: &mut Machine<'_>, found: &inventory::AppPool) {
    let account = found.account.to_string();
    let identity = PoolIdentity::from_configuration(&account, "")
        .or_else(|| PoolIdentity::from_configuration("SpecificUser", &account));
    let Some(identity) = identity else { return };
    let stored = match principal(&account, machine.domain) {
        Some(Principal::Domain(found)) if found.kind == AccountKind::User => Some(StoredPassword {
            account: found.sid,
            version: Some(found.password),
        }),
        _ => None,
    };
    machine.state.app_pools.push(AppPool {
        name: found.name.clone(),
        identity,
        stored,
        started: found.started,
        site: Some(found.name.clone()),
        physical_path: found.folders.first().cloned(),
        bindings: found.bindings.clone(),
    });
}

/// The task's definition is not in an inventory: one that runs every day stands in for it.
fn import_task(machine: &mut Machine<'_>, found: &inventory::Task) {
    if let Ok(account) = AccountName::parse(found.account.to_string()) {
        let task = ScheduledTask::new(found.path.as_str(), account);
        machine.state.tasks.push(task);
    }
}

/// Who has which right, and what policy defines, where the host told.
fn import_rights(machine: &mut Machine<'_>, found: &HostInventory) {
    for told in &found.rights {
        for holder in &told.holders {
            machine.state.rights.grant(told.right, holder.sid);
        }
        if !told.policies.is_empty() {
            let sids = told.policies.iter().flat_map(|policy| policy.sids.clone());
            machine.state.rights.define_by_policy(told.right, sids);
        }
    }
}

fn import_service(machine: &mut Machine<'_>, found: &inventory::Service) {
    let account = found.logon_account.to_string();
    let (Ok(name), Ok(account)) = (
        ServiceName::parse(found.name.as_str()),
        AccountName::parse(account),
    ) else {
        return;
    };
    let mut service = LabService::new(name, &found.display_name, &found.image_path, account);
    service.managed = found.managed_account.unwrap_or(false);
    service.start = match found.start {
        ServiceStart::Boot | ServiceStart::Automatic => StartType::Automatic,
        ServiceStart::Manual => StartType::Manual,
        ServiceStart::Disabled => StartType::Disabled,
    };
    service.state = match found.state {
        ServiceState::Running | ServiceState::Changing => agent_protocol::ServiceState::Running,
        ServiceState::Paused => agent_protocol::ServiceState::Paused,
        ServiceState::Stopped => agent_protocol::ServiceState::Stopped,
    };
    if let Some(Principal::Domain(found)) = principal(service.account.as_str(), machine.domain) {
        machine.state.rights.grant(Right::LogOnAsService, found.sid);
        let version =
            (found.kind == AccountKind::User || service.managed).then_some(found.password);
        service.stored = Some(StoredPassword {
            account: found.sid,
            version,
        });
    }
    let path = service.program().to_owned();
    let file = path.rsplit('\\').next().unwrap_or_default();
    let of_product = machine.products.program_in(file);
    let program = of_product.map_or(Program::Service, Program::OfProduct);
    machine.state.files.put(&path, Content::Program(program));
    service.save(&mut machine.state.registry);
    machine.state.services.insert(service);
}

/// An inventory knows dependencies from their other end.
fn import_dependencies(machine: &mut Machine<'_>, found: &inventory::Service) {
    for dependant in &found.dependants {
        if let Some(service) = machine.state.services.get_mut(dependant.as_str()) {
            service.depends_on.push(found.name.to_string());
            service.save(&mut machine.state.registry);
        }
    }
}

/// The release with the inventory's name; its version is `major.minor.build` with the revision where it is known.
fn release(facts: &inventory::HostFacts) -> WindowsRelease {
    let numbers: Vec<u32> = facts
        .os_version
        .split('.')
        .map(|part| part.parse().unwrap_or_default())
        .collect();
    let number = |at: usize| numbers.get(at).copied().unwrap_or_default();
    WindowsRelease {
        name: facts.os_name.clone(),
        version: format!("{}.{}", number(0), number(1)),
        build: number(2),
        revision: number(3),
    }
}
