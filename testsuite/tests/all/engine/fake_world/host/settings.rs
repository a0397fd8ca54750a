//! Rights, pools, tasks, triggers, registry values and events of a host, kept as they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use model::host::{
    AccessList, AccountRight, AppPool, EventPage, EventQuery, GroupName, PoolControl, PoolIdentity,
    PoolName, PoolState, RegistryValue, RightHolders, ScheduledTask, ServiceTrigger, SetupEnd,
    SetupRun, TaskDefinition, TaskPath, TaskPrincipal, Trustee,
};
use model::names::{HostName, LogonAccount, ServiceName};
use model::ports::{
    AccountRights, ErrorKind, Installer, OperatingSystem, Settings, TaskScheduler, WebServer,
    WorldError,
};
use model::secret::Password;
use security::{SecurityDescriptor, Sid};

use super::super::state::error;
use super::{FakeHost, setup, text};

/// What a host has beside services and files.
#[derive(Clone, Default)]
pub struct HostSettings {
    pub rights: BTreeMap<AccountRight, BTreeSet<Sid>>,
    pub groups: BTreeMap<String, BTreeSet<Sid>>,
    /// With the password that is stored, if any; `None` where there is no web server.
    pub pools: Option<Vec<(AppPool, Option<String>)>>,
    pub tasks: Vec<(TaskDefinition, Option<String>)>,
    pub triggers: BTreeMap<String, Vec<ServiceTrigger>>,
    /// With the application's name, where it has one.
    pub access_lists: BTreeMap<AccessList, (Option<String>, SecurityDescriptor)>,
    pub reboots: u32,
    pub purges: u32,
}

fn trustee(sid: &Sid) -> Trustee {
    Trustee {
        sid: *sid,
        name: None,
    }
}

#[async_trait]
impl AccountRights for FakeHost {
    async fn account_sid(&self, account: &LogonAccount) -> Result<Option<Sid>, WorldError> {
        self.world.read(&format!("look up {account}"), |state| {
            Ok(state.logon(account).map(|found| found.account.sid))
        })
    }

    async fn account_rights(&self) -> Result<Vec<RightHolders>, WorldError> {
        self.look("read the rights", |host| {
            let held = |right| host.settings.rights.get(&right).into_iter().flatten();
            let read = |right| RightHolders {
                right,
                holders: held(right).map(trustee).collect(),
                policies: Vec::new(),
            };
            Ok(AccountRight::ALL.map(read).to_vec())
        })
    }

    async fn grant_right(&self, right: AccountRight, to: &Sid) -> Result<bool, WorldError> {
        self.change(&format!("grant {right}"), |host| {
            Ok(!host.settings.rights.entry(right).or_default().insert(*to))
        })
    }

    async fn revoke_right(&self, right: AccountRight, from: &Sid) -> Result<bool, WorldError> {
        self.change(&format!("revoke {right}"), |host| {
            Ok(host.settings.rights.entry(right).or_default().remove(from))
        })
    }

    async fn group_members(&self, group: &GroupName) -> Result<Option<Vec<Trustee>>, WorldError> {
        self.look(&format!("read group {group}"), |host| {
            let found = host.settings.groups.get(group.as_str());
            Ok(found.map(|members| members.iter().map(trustee).collect()))
        })
    }

    async fn add_group_member(&self, group: &GroupName, member: &Sid) -> Result<bool, WorldError> {
        self.change(&format!("add to group {group}"), |host| {
            let found = host.settings.groups.get_mut(group.as_str());
            let found = found.ok_or_else(|| error(ErrorKind::NotFound, "no such group"))?;
            Ok(!found.insert(*member))
        })
    }

    async fn remove_group_member(
        &self,
        group: &GroupName,
        member: &Sid,
    ) -> Result<bool, WorldError> {
        self.change(&format!("remove from group {group}"), |host| {
            let found = host.settings.groups.get_mut(group.as_str());
            let found = found.ok_or_else(|| error(ErrorKind::NotFound, "no such group"))?;
            Ok(found.remove(member))
        })
    }
}

impl HostSettings {
    /// All of it as lines of text, but for restarts and purges, which leave nothing behind.
    pub fn lines(&self, host: &HostName) -> Vec<String> {
        let rights = self
            .rights
            .iter()
            .filter(|(_, holders)| !holders.is_empty());
        let rights = rights.map(|held| format!("{host} right {held:?}"));
        let groups = self
            .groups
            .iter()
            .map(|group| format!("{host} local group {group:?}"));
        let pools = self
            .pools
            .iter()
            .flatten()
            .map(|pool| format!("{host} pool {pool:?}"));
        let tasks = self
            .tasks
            .iter()
            .map(|task| format!("{host} task {task:?}"));
        let triggers = self
            .triggers
            .iter()
            .filter(|(_, triggers)| !triggers.is_empty());
        let triggers = triggers.map(|triggers| format!("{host} triggers {triggers:?}"));
        let lists = self.access_lists.iter();
        let lists = lists.map(|(list, (_, descriptor))| {
            format!("{host} access list {list} {}", descriptor.to_sddl())
        });
        rights
            .chain(lists)
            .chain(groups)
            .chain(pools)
            .chain(tasks)
            .chain(triggers)
            .collect()
    }

    pub fn pool(&mut self, name: &PoolName) -> Result<&mut (AppPool, Option<String>), WorldError> {
        let mut pools = self.pools.iter_mut().flatten();
        let found = pools.find(|(pool, _)| pool.name == *name);
        found.ok_or_else(|| error(ErrorKind::NotFound, format!("there is no pool {name}")))
    }
}

#[async_trait]
impl WebServer for FakeHost {
    async fn app_pools(&self) -> Result<Option<Vec<AppPool>>, WorldError> {
        self.look("list the pools", |host| {
            let pools = host.settings.pools.as_ref();
            Ok(pools.map(|pools| pools.iter().map(|(pool, _)| pool.clone()).collect()))
        })
    }

    async fn set_pool_identity(
        &self,
        pool: &PoolName,
        identity: &PoolIdentity,
        password: Option<&Password>,
    ) -> Result<(), WorldError> {
        self.change(&format!("set the identity of pool {pool}"), |host| {
            let (pool, stored) = host.settings.pool(pool)?;
            pool.identity = identity.clone();
            *stored = password.map(|given| text(given).to_owned());
            Ok(())
        })
    }

    async fn control_pool(
        &self,
        pool: &PoolName,
        control: PoolControl,
        _timeout: Duration,
    ) -> Result<PoolState, WorldError> {
        self.change(&format!("control pool {pool}"), |host| {
            let (pool, _) = host.settings.pool(pool)?;
            let after = match control {
                PoolControl::Stop => PoolState::Stopped,
                PoolControl::Start | PoolControl::Recycle => PoolState::Started,
            };
            Ok(std::mem::replace(&mut pool.state, after))
        })
    }
}

#[async_trait]
impl TaskScheduler for FakeHost {
    async fn scheduled_tasks(&self) -> Result<Vec<ScheduledTask>, WorldError> {
        self.look("list the tasks", |host| {
            let tasks = host.settings.tasks.iter();
            Ok(tasks.map(|(found, _)| found.task.clone()).collect())
        })
    }

    async fn scheduled_task(&self, path: &TaskPath) -> Result<Option<TaskDefinition>, WorldError> {
        self.look(&format!("read task {path}"), |host| {
            let mut tasks = host.settings.tasks.iter();
            let found = tasks.find(|(found, _)| found.task.path == *path);
            Ok(found.map(|(found, _)| found.clone()))
        })
    }

    async fn set_task_principal(
        &self,
        path: &TaskPath,
        principal: &TaskPrincipal,
        password: Option<&Password>,
    ) -> Result<(), WorldError> {
        self.change(&format!("set the principal of task {path}"), |host| {
            let mut tasks = host.settings.tasks.iter_mut();
            let found = tasks.find(|(found, _)| found.task.path == *path);
            let (found, stored) =
                found.ok_or_else(|| error(ErrorKind::NotFound, "there is no such task"))?;
            found.xml = agent_protocol::task_xml::with_principal(&found.xml, principal)
                .map_err(|why| error(ErrorKind::Failed, why.to_string()))?;
            found.task.principal = principal.clone();
            *stored = password.map(|given| text(given).to_owned());
            Ok(())
        })
    }
}

#[async_trait]
impl Settings for FakeHost {
    async fn registry_value(
        &self,
        key: &str,
        name: &str,
    ) -> Result<Option<RegistryValue>, WorldError> {
        self.look(&format!("read {key}"), |host| {
            Ok(host
                .registry
                .get(&(key.to_owned(), name.to_owned()))
                .cloned())
        })
    }

    async fn write_registry_value(
        &self,
        key: &str,
        name: &str,
        value: &RegistryValue,
    ) -> Result<(), WorldError> {
        self.change(&format!("write {key}"), |host| {
            let place = (key.to_owned(), name.to_owned());
            host.registry.insert(place, value.clone());
            Ok(())
        })
    }

    async fn delete_registry_value(&self, key: &str, name: &str) -> Result<bool, WorldError> {
        self.change(&format!("delete {name} of {key}"), |host| {
            let place = (key.to_owned(), name.to_owned());
            Ok(host.registry.remove(&place).is_some())
        })
    }

    async fn service_triggers(
        &self,
        service: &ServiceName,
    ) -> Result<Option<Vec<ServiceTrigger>>, WorldError> {
        self.look(&format!("read the triggers of {service}"), |host| {
            let name = service.as_str().to_lowercase();
            let triggers = host.settings.triggers.get(&name);
            let installed = host.services.contains_key(&name);
            Ok(installed.then(|| triggers.cloned().unwrap_or_default()))
        })
    }

    async fn add_service_trigger(
        &self,
        service: &ServiceName,
        trigger: &ServiceTrigger,
    ) -> Result<bool, WorldError> {
        self.change(&format!("add a trigger to {service}"), |host| {
            host.service(service)?;
            let name = service.as_str().to_lowercase();
            let triggers = host.settings.triggers.entry(name).or_default();
            let there = triggers.contains(trigger);
            if !there {
                triggers.push(trigger.clone());
            }
            Ok(there)
        })
    }

    async fn remove_service_trigger(
        &self,
        service: &ServiceName,
        trigger: &ServiceTrigger,
    ) -> Result<bool, WorldError> {
        self.change(&format!("remove a trigger from {service}"), |host| {
            host.service(service)?;
            let name = service.as_str().to_lowercase();
            let triggers = host.settings.triggers.entry(name).or_default();
            let there = triggers.contains(trigger);
            triggers.retain(|own| own != trigger);
            Ok(there)
        })
    }
}

#[async_trait]
impl Installer for FakeHost {
    async fn run_setup(
        &self,
        run: &SetupRun,
        _secret: Option<&Password>,
    ) -> Result<SetupEnd, WorldError> {
        setup::run(self, run)
    }
}

#[async_trait]
impl OperatingSystem for FakeHost {
    async fn events(&self, query: &EventQuery) -> Result<EventPage, WorldError> {
        self.look(&format!("read the {} log", query.log), |_| {
            Ok(EventPage {
                events: Vec::new(),
                more: false,
            })
        })
    }

    async fn purge_tickets(&self) -> Result<(), WorldError> {
        self.change("purge the tickets", |host| {
            host.settings.purges += 1;
            host.ticket_is_fresh = true;
            Ok(())
        })
    }

    async fn reboot(&self, _delay: Duration) -> Result<(), WorldError> {
        self.change("restart", |host| {
            host.settings.reboots += 1;
            host.ticket_is_fresh = true;
            Ok(())
        })
    }
}
