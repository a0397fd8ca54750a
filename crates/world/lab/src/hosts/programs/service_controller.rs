//! `sc.exe`, as far as conversions use it.

use agent_protocol::{AccountName, Failure, ServiceName, StartType};

use super::Ending;
use crate::hosts::machine::Machine;
use crate::hosts::services::LabService;

/// Runs one `sc` command; its exit code is the Windows error code.
pub fn sc(machine: &mut Machine<'_>, arguments: &[&str], timeout_ms: u64) -> Ending {
    let [verb, name, rest @ ..] = arguments else {
        return Ending::failed(1639, "usage: sc VERB SERVICE [OPTIONS]");
    };
    let Ok(name) = ServiceName::parse(*name) else {
        return Ending::failed(123, "[SC] the service's name is not one");
    };
    let result = match (verb.to_lowercase().as_str(), rest) {
        ("start", arguments) => start(machine, &name, arguments, timeout_ms),
        ("stop", []) => machine
            .stop(&name, false, timeout_ms)
            .map(|_| "[SC] ControlService SUCCESS".to_owned()),
        ("query", []) => machine.service(&name).map(|service| {
            format!(
                "SERVICE_NAME: {name}\r\n        STATE : {:?}",
                service.state
            )
        }),
        ("qmanagedaccount", []) => machine.service(&name).map(|service| {
            format!(
                "[SC] QueryServiceConfig2 SUCCESS\r\n\r\nACCOUNT MANAGED : {}",
                if service.managed { "TRUE" } else { "FALSE" }
            )
        }),
        ("managedaccount", [flag]) if ["TRUE", "FALSE"].contains(&flag.to_uppercase().as_str()) => {
            set_managed(machine, &name, flag)
        }
        ("triggerinfo", [trigger]) => set_trigger(machine, &name, trigger),
        ("qtriggerinfo", []) => machine.service(&name).map(|service| {
            let trigger = if service.starts_with_network {
                "START SERVICE\r\n  NETWORK ON"
            } else {
                "The service has no triggers."
            };
            format!(
                "[SC] QueryServiceConfig2 SUCCESS\r\n\r\nSERVICE_NAME: {name}\r\n\r\n  {trigger}"
            )
        }),
        ("create", options) => return create(machine, name, options),
        ("delete", []) => delete(machine, &name),
        _ => {
            return Ending::failed(
                1639,
                format!(
                    "this lab's sc does not know {verb} with {} options",
                    rest.len()
                ),
            );
        }
    };
    match result {
        Ok(said) => Ending::done(said),
        Err(failure) => {
            let code = failure
                .code
                .and_then(|code| i32::try_from(code.0).ok())
                .unwrap_or(1);
            Ending::failed(code, format!("[SC] FAILED {code}: {failure}"))
        }
    }
}

fn start(
    machine: &mut Machine<'_>,
    name: &ServiceName,
    arguments: &[&str],
    timeout_ms: u64,
) -> Result<String, Failure> {
    let service = machine.service_mut(name)?;
    service.arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
    machine.start(name, timeout_ms)?;
    Ok("[SC] StartService SUCCESS".to_owned())
}

fn set_managed(
    machine: &mut Machine<'_>,
    name: &ServiceName,
    flag: &str,
) -> Result<String, Failure> {
    let service = machine.service_mut(name)?;
    service.managed = flag.eq_ignore_ascii_case("TRUE");
    let service = service.clone();
    service.save(&mut machine.state.registry);
    Ok("[SC] ChangeServiceConfig2 SUCCESS".to_owned())
}

/// `start/networkon` adds the trigger, `delete` takes all away.
fn set_trigger(
    machine: &mut Machine<'_>,
    name: &ServiceName,
    trigger: &str,
) -> Result<String, Failure> {
    let service = machine.service_mut(name)?;
    service.starts_with_network = match trigger.to_lowercase().as_str() {
        "start/networkon" => true,
        "delete" => false,
        _ => {
            let why = "this lab knows the triggers start/networkon and delete";
            return Err(Failure::from_code(
                agent_protocol::win32::Win32Code(87),
                why,
            ));
        }
    };
    Ok("[SC] ChangeServiceConfig2 SUCCESS".to_owned())
}

const CREATE_USAGE: &str = "usage: sc create SERVICE binPath= COMMAND [obj= ACCOUNT] \
     [start= auto|demand|disabled] [depend= SERVICE/SERVICE]";

/// `sc create`, each option and its value one argument each.
fn create(machine: &mut Machine<'_>, name: ServiceName, options: &[&str]) -> Ending {
    let option = |wanted: &str| {
        let mut pairs = options.chunks(2).filter(|pair| {
            pair.first()
                .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        });
        pairs.next().and_then(|pair| pair.get(1)).copied()
    };
    let Some(image_path) = option("binPath=") else {
        return Ending::failed(1639, CREATE_USAGE);
    };
    let start = match option("start=").unwrap_or("demand") {
        "demand" => StartType::Manual,
        "auto" => StartType::Automatic,
        "disabled" => StartType::Disabled,
        _ => return Ending::failed(1639, CREATE_USAGE),
    };
    if machine.service(&name).is_ok() {
        return Ending::failed(
            1073,
            "[SC] CreateService FAILED 1073: the specified service already exists",
        );
    }
    let Ok(account) = AccountName::parse(option("obj=").unwrap_or("LocalSystem")) else {
        return Ending::failed(
            1057,
            "[SC] CreateService FAILED 1057: the account name is empty",
        );
    };
    let mut service = LabService::new(name.clone(), name.as_str(), image_path, account.clone());
    service.start = start;
    let needed = option("depend=").unwrap_or_default().split('/');
    service.depends_on = needed
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    machine.state.services.insert(service);
    match machine.set_logon_account(&name, &account, None) {
        Err(failure) => {
            machine.state.services.remove(name.as_str());
            Ending::failed(1057, format!("[SC] CreateService FAILED 1057: {failure}"))
        }
        Ok(()) => Ending::done("[SC] CreateService SUCCESS"),
    }
}

fn delete(machine: &mut Machine<'_>, name: &ServiceName) -> Result<String, Failure> {
    let key = machine.service(name)?.key();
    machine.state.services.remove(name.as_str());
    machine.state.registry.delete_tree(&key);
    Ok("[SC] DeleteService SUCCESS".to_owned())
}
