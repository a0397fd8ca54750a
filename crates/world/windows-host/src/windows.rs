//! What only Windows has.

mod access_lists;
mod account_rights;
mod accounts;
mod app_pools;
mod automation;
mod events;
mod host;
mod local_groups;
mod managed_account;
mod namespaces;
mod pipes;
mod products;
mod registry;
mod restart;
mod service_control;
mod service_manager;
mod services;
mod setups;
mod tasks;
mod triggers;
mod trustees;
mod wide;

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, FailureKind, Reply, Request, Secret, SecretUse};

pub use host::facts;

/// Does a request that needs Windows.
pub fn handle(request: Request, secret: &Secret) -> Result<Reply, Failure> {
    match request {
        Request::Services => services::all().map(Reply::Services),
        Request::Service { name } => services::one(&name).map(Reply::Service),
        Request::SetLogonAccount {
            service,
            account,
            password,
        } => {
            let password = (password == SecretUse::InFrame).then_some(secret);
            services::set_logon_account(&service, &account, password).map(|()| Reply::Done)
        }
        Request::SetManagedAccount { service, managed } => {
            managed_account::set(&service, managed).map(Reply::ManagedAccount)
        }
        Request::StopService {
            name,
            with_dependants,
            timeout_ms,
        } => service_control::stop(&name, with_dependants, timeout_ms).map(Reply::Stopped),
        Request::StartService { name, timeout_ms } => {
            service_control::start(&name, timeout_ms).map(|()| Reply::Done)
        }
        Request::ReadValue { key, name } => registry::read_value(&key, &name).map(Reply::Value),
        Request::ReadKey { key } => registry::read_key(&key).map(Reply::Key),
        Request::WriteValue {
            key,
            name,
            value,
            create_key,
        } => registry::write_value(&key, &name, &value, create_key).map(|()| Reply::Done),
        Request::DeleteValue { key, name } => {
            registry::delete_value(&key, &name).map(Reply::Existed)
        }
        Request::Products => products::all().map(Reply::Products),
        Request::QueryServiceAccount { account } => {
            accounts::query(&account).map(Reply::ServiceAccount)
        }
        Request::ResolveAccount { account } => trustees::resolve(&account).map(Reply::Sid),
        Request::Rights(request) => account_rights::handle(&request),
        Request::AccessLists(request) => access_lists::handle(&request),
        Request::AppPools(request) => app_pools::handle(&request, secret),
        Request::Tasks(request) => tasks::handle(&request, secret),
        Request::Triggers(request) => triggers::handle(&request),
        Request::LocalGroup(request) => local_groups::handle(&request),
        Request::Events(query) => events::find(&query).map(Reply::Events),
        Request::Converse { pipe, timeout_ms } => {
            pipes::converse(&pipe, secret, timeout_ms).map(Reply::Said)
        }
        Request::RunSetup(run) => setups::run(run, secret).map(Reply::SetupEnded),
        Request::PurgeTickets => restart::purge_tickets().map(|()| Reply::Done),
        Request::Reboot { delay_seconds } => restart::reboot(delay_seconds).map(|()| Reply::Done),
        Request::Batch(_)
        | Request::Facts
        | Request::Run { .. }
        | Request::CopyFile { .. }
        | Request::SealFile { .. }
        | Request::FetchSealed { .. }
        | Request::HashFile { .. }
        | Request::Metadata { .. }
        | Request::CreateDirectory { .. }
        | Request::DeleteFile { .. }
        | Request::DeleteEmptyDirectory { .. } => Err(Failure::new(
            FailureKind::Failed,
            "the request belongs to another module",
        )),
    }
}

/// The calling thread's last error: ask before anything else is called.
fn last_error() -> Win32Code {
    Win32Code(
        std::io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or_default()
            .cast_unsigned(),
    )
}
