//! What of a component has a logon account: a Windows service, or an application pool of the web server.

use super::{AppPool, HostInventory, Service, ServiceState};
use crate::names::{LogonAccount, ServiceName};

/// How a component's part with a logon account is found on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// The service of that name.
    Service(ServiceName),
    /// The application pool that serves a folder.
    Pool(WebFolder),
}

/// How the folder of a web application is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebFolder {
    /// It stands in the registry: key and value name.
    Registry(String, String),
    /// It has that name, wherever it is.
    Named(String),
}

/// A component's part with a logon account, as found on a host.
#[derive(Debug, Clone, Copy)]
pub enum Carried<'a> {
    /// A service.
    Service(&'a Service),
    /// An application pool.
    Pool(&'a AppPool),
}

impl<'a> Carried<'a> {
    /// Key name of the service, or name of the pool.
    pub fn name(self) -> &'a str {
        match self {
            Self::Service(service) => service.name.as_str(),
            Self::Pool(pool) => &pool.name,
        }
    }

    /// The account that it runs as.
    pub fn logon_account(self) -> &'a LogonAccount {
        match self {
            Self::Service(service) => &service.logon_account,
            Self::Pool(pool) => &pool.account,
        }
    }

    /// What it does now; a pool that is started counts as running.
    pub fn state(self) -> ServiceState {
        match self {
            Self::Service(service) => service.state,
            Self::Pool(pool) if pool.started => ServiceState::Running,
            Self::Pool(_) => ServiceState::Stopped,
        }
    }

    /// Whether it runs.
    pub fn runs(self) -> bool {
        self.state() == ServiceState::Running
    }

    /// The application pool, if it is one.
    pub fn pool(self) -> Option<&'a AppPool> {
        match self {
            Self::Service(_) => None,
            Self::Pool(pool) => Some(pool),
        }
    }

    /// The service, if it is one.
    pub fn service(self) -> Option<&'a Service> {
        match self {
            Self::Service(service) => Some(service),
            Self::Pool(_) => None,
        }
    }
}

impl HostInventory {
    /// A component's part with a logon account, if it is there.
    pub fn carried(&self, carrier: &Carrier) -> Option<Carried<'_>> {
        match carrier {
            Carrier::Service(name) => self.service(name).map(Carried::Service),
            Carrier::Pool(folder) => self.pool_of(folder).map(Carried::Pool),
        }
    }

    /// Every service and application pool.
    pub fn all_carried(&self) -> impl Iterator<Item = Carried<'_>> {
        let services = self.services.iter().map(Carried::Service);
        services.chain(self.app_pools.iter().map(Carried::Pool))
    }

    /// The logon accounts of services, application pools and scheduled tasks.
    pub fn logon_accounts(&self) -> impl Iterator<Item = &LogonAccount> {
        let carried = self.all_carried().map(Carried::logon_account);
        carried.chain(self.tasks.iter().map(|task| &task.account))
    }

    fn pool_of(&self, folder: &WebFolder) -> Option<&AppPool> {
        let is = |path: &str| match folder {
            WebFolder::Registry(key, value) => self
                .registry_text(key, value)
                .is_some_and(|location| same_path(location, path)),
            WebFolder::Named(name) => plain(path)
                .rsplit('\\')
                .next()
                .is_some_and(|last| last.eq_ignore_ascii_case(name)),
        };
        self.app_pools
            .iter()
            .find(|pool| pool.folders.iter().any(|path| is(path)))
    }
}

/// Windows compares paths without case; a backslash at the end means nothing.
fn same_path(a: &str, b: &str) -> bool {
    plain(a).eq_ignore_ascii_case(plain(b))
}

fn plain(path: &str) -> &str {
    path.trim_end_matches('\\')
}
