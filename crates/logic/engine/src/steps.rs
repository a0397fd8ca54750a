//! The kinds of steps. Each file is one subject; each type is one kind.

mod account_right;
mod account_switch;
mod app_pool;
mod copy_entries;
mod copy_logon_rights;
mod database_access;
mod delegation;
mod disable_account;
mod follow_wizard;
mod gmsa;
mod group;
mod key_set;
mod logon_account;
mod password;
mod root_key;
mod run_setup;
mod saved_key_set;
mod sealed_key_set;
mod service;
mod service_trigger;
mod spn;
mod store_password;

pub(crate) use follow_wizard::AfterWizard;
pub(crate) use run_setup::SetupEnded;

use model::names::HostName;
use model::plan::{Action, PlannedEstate, Step};
use model::ports::{ErrorKind, WorldError};

use crate::step::{JournaledStep, StepError};

/// The code behind a step of a plan.
///
/// # Errors
/// A step on a host that names none.
pub(crate) fn of(step: &Step, estate: &PlannedEstate) -> Result<Box<dyn JournaledStep>, StepError> {
    let host = || on_host(step);
    Ok(match step.action.clone() {
        Action::CreateRootKey => Box::new(root_key::CreateRootKey),
        Action::AwaitRootKey => Box::new(root_key::AwaitRootKey),
        Action::CreateGroup { group, container } => {
            Box::new(group::CreateGroup { group, container })
        }
        Action::AddMember { group, member } => Box::new(group::AddMember { group, member }),
        Action::CreateGmsa {
            gmsa,
            dns_host_name,
            interval_days,
            retrieval_group,
            container,
        } => Box::new(gmsa::CreateGmsa {
            gmsa,
            dns_host_name,
            interval_days,
            retrieval_group,
            container,
        }),
        Action::AllowRetrieval { gmsa, group } => Box::new(gmsa::AllowRetrieval { gmsa, group }),
        Action::AllowDelegation { account, service } => Box::new(delegation::AddDelegation {
            account,
            entry: delegation::Entry::Service(service),
        }),
        Action::AllowDelegationFrom { account, caller } => Box::new(delegation::AddDelegation {
            account,
            entry: delegation::Entry::Caller(caller),
        }),
        Action::SetAccountControl { account, control } => Box::new(delegation::AddDelegation {
            account,
            entry: delegation::Entry::Control(control),
        }),
        Action::ProveRetrieval { gmsa } => Box::new(password::ProveRetrieval {
            gmsa,
            host: host()?,
        }),
        Action::ProveLogon { gmsa } => Box::new(password::ProveLogon {
            gmsa,
            host: host()?,
        }),
        Action::ExportKeySet { file, folder, tool } => Box::new(key_set::ExportKeySet {
            host: host()?,
            file,
            folder,
            tool,
        }),
        Action::SealKeySet {
            file,
            sealed,
            exported_by,
            recipients,
        } => Box::new(sealed_key_set::SealKeySet {
            host: host()?,
            file,
            sealed,
            exported_by,
            recipients,
        }),
        Action::RemoveKeySet {
            file,
            exported_by,
            sealed,
            sealed_by,
        } => Box::new(sealed_key_set::RemoveKeySet {
            host: host()?,
            file,
            exported_by,
            sealed,
            sealed_by,
        }),
        Action::HoldKeySet {
            file,
            exported_by,
            way_back,
        } => Box::new(key_set::HoldKeySet {
            host: host()?,
            file,
            exported_by,
            way_back,
        }),
        Action::RestoreKeySet {
            file,
            exported_by,
            tool,
        } => Box::new(key_set::RestoreKeySet {
            host: host()?,
            file,
            exported_by,
            tool,
        }),
        Action::StorePassword {
            account,
            helper,
            key,
            value,
            empty,
        } => Box::new(store_password::StorePassword {
            host: host()?,
            account,
            helper,
            key,
            value,
            empty,
        }),
        Action::StopService { service } => Box::new(service::StopService {
            host: host()?,
            service,
        }),
        Action::StartService {
            service,
            stopped_by,
        } => Box::new(service::StartService {
            host: host()?,
            service,
            stopped_by,
        }),
        Action::SetLogonAccount { service, from, to } => Box::new(logon_account::SetLogonAccount {
            host: host()?,
            service,
            from,
            to,
        }),
        Action::FollowWizard {
            carrier,
            from,
            to,
            wizard,
            stores,
            saves,
            key_set: _, // The step before holds it.
        } => Box::new(follow_wizard::FollowWizard {
            switch: account_switch::AccountSwitch::of(host()?, carrier, from, to),
            wizard,
            stores,
            saves,
        }),
        Action::GrantDatabaseAccess {
            place,
            account,
            repairs,
        } => Box::new(database_access::GrantDatabaseAccess {
            place,
            account,
            repairs,
        }),
        Action::DisableAccount { account } => Box::new(disable_account::DisableAccount { account }),
        Action::RunSetup {
            carrier,
            from,
            to,
            package,
            sha256,
            pages,
            saves,
        } => Box::new(run_setup::RunSetup {
            switch: account_switch::AccountSwitch::of(host()?, carrier, from, to),
            package,
            sha256,
            pages,
            saves,
        }),
        Action::GrantRight { account, right } => Box::new(account_right::GrantRight {
            host: host()?,
            account,
            right,
        }),
        Action::CopyDirectoryRights {
            object, to, aces, ..
        } => Box::new(copy_entries::CopyEntries {
            on: copy_entries::DirectoryObject(object),
            to,
            aces,
        }),
        Action::CopyLogonRights { to, rights, .. } => {
            Box::new(copy_logon_rights::CopyLogonRights {
                host: host()?,
                to,
                rights,
            })
        }
        Action::CopyHostAccess { list, to, aces, .. } => Box::new(copy_entries::CopyEntries {
            on: copy_entries::HostList {
                host: host()?,
                list,
            },
            to,
            aces,
        }),
        Action::StartWithNetwork { service } => Box::new(service_trigger::StartWithNetwork {
            host: host()?,
            service,
        }),
        Action::StopAppPool { pool } => Box::new(app_pool::StopAppPool(app_pool::Pool {
            host: host()?,
            pool,
        })),
        Action::SetPoolAccount { pool, from, to } => Box::new(app_pool::SetPoolAccount {
            pool: app_pool::Pool {
                host: host()?,
                pool,
            },
            from,
            to,
        }),
        Action::StartAppPool { pool, stopped_by } => Box::new(app_pool::StartAppPool {
            pool: app_pool::Pool {
                host: host()?,
                pool,
            },
            stopped_by,
        }),
        Action::MoveSpn { spn, from, to } => Box::new(spn::MoveSpn {
            spn,
            from,
            to,
            domain: estate.netbios_name.clone(),
        }),
    })
}

fn on_host(step: &Step) -> Result<HostName, StepError> {
    step.host.clone().ok_or_else(|| {
        WorldError::new(
            ErrorKind::Failed,
            format!("step {} ({}) names no host", step.id, step.kind),
        )
        .into()
    })
}
