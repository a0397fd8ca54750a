//! Starting services: what Windows checks, in its order, and what it writes into the System log.

use agent_protocol::win32::{SERVICE_SPECIFIC, Win32Code};
use agent_protocol::{Failure, FailureKind, HostPath, ServiceName, ServiceState, StartType};

use super::event_log::{
    CONNECT_TIMEOUT, DEPENDENCY_FAILED, FAILED_TO_START, Level, RIGHT_NOT_GRANTED, STATE_CHANGED,
    StateChange, TERMINATED, TERMINATED_SPECIFIC, UNABLE_TO_LOG_ON,
};
use super::files::Content;
use super::logon::{LogonRefusal, LogonWanted, log_on};
use super::machine::Machine;
use super::programs::Program;
use super::rights::Right;
use super::services::{LabService, StoredPassword};

const BAD_EXE_FORMAT: Win32Code = Win32Code(193);
const REQUEST_TIMEOUT: Win32Code = Win32Code(1053);
const SERVICE_DISABLED: Win32Code = Win32Code(1058);
const CIRCULAR_DEPENDENCY: Win32Code = Win32Code(1059);
const DEPENDENCY_FAIL: Win32Code = Win32Code(1068);
const LOGON_FAILED: Win32Code = Win32Code(1069);
const DEPENDENCY_DELETED: Win32Code = Win32Code(1075);

/// How a service's process ended while it started.
pub struct Ended {
    /// The exit code that it reported.
    pub code: Win32Code,
    /// Its own code, with code 1066.
    pub specific: Option<u32>,
}

impl Ended {
    /// An end with a code of the service's own.
    pub fn with_specific(code: u32) -> Self {
        Self {
            code: SERVICE_SPECIFIC,
            specific: Some(code),
        }
    }
}

impl Machine<'_> {
    /// Starts a service and what it needs; running already is success.
    ///
    /// # Errors
    /// The failures of StartServiceW, of a service that ends while it starts, and a time-out for one
    /// that is still starting.
    pub fn start(&mut self, name: &ServiceName, timeout_ms: u64) -> Result<(), Failure> {
        self.start_below(name, timeout_ms, &mut Vec::new())
    }

    fn start_below(
        &mut self,
        name: &ServiceName,
        timeout_ms: u64,
        above: &mut Vec<ServiceName>,
    ) -> Result<(), Failure> {
        let service = self.service(name)?.clone();
        let name = &service.name;
        let asked = || format!("start service {name}");
        match service.state {
            ServiceState::Running => return Ok(()),
            ServiceState::Stopped => {}
            ServiceState::Paused => {
                return Err(Failure::new(
                    FailureKind::Busy,
                    format!("service {name} is paused"),
                ));
            }
            pending => return self.await_start(&service, pending, timeout_ms),
        }
        if service.start == StartType::Disabled {
            return Err(Failure::from_code(SERVICE_DISABLED, asked()));
        }
        if above.contains(name) {
            return Err(Failure::from_code(CIRCULAR_DEPENDENCY, asked()));
        }
        above.push(name.clone());
        self.start_needed(&service, timeout_ms, above)?;
        above.pop();

        let program = self
            .program_of(&service)
            .map_err(|code| self.failed_to_start(name, code))?;
        let stored = self.log_service_on(&service)?;
        if service.behaviour.never_connects {
            let text = format!(
                "A timeout was reached (30000 milliseconds) while waiting for the {name} service to connect."
            );
            self.system_event(CONNECT_TIMEOUT, Level::Error, text);
            return Err(self.failed_to_start(name, REQUEST_TIMEOUT));
        }
        if let Err(ended) = self.launch(&service, program) {
            return Err(self.ended(name, ended));
        }
        self.begin(name, stored, timeout_ms)
    }

    /// Starts the services that this one needs; load-order groups (`+name`) are not simulated.
    fn start_needed(
        &mut self,
        service: &LabService,
        timeout_ms: u64,
        above: &mut Vec<ServiceName>,
    ) -> Result<(), Failure> {
        for needed in service
            .depends_on
            .iter()
            .filter(|needed| !needed.starts_with('+'))
        {
            let asked = || format!("start service {}", service.name);
            let found = self
                .state
                .services
                .get(needed)
                .map(|needed| needed.name.clone());
            let Some(found) = found else {
                return Err(Failure::from_code(DEPENDENCY_DELETED, asked()));
            };
            let Err(failure) = self.start_below(&found, timeout_ms, above) else {
                continue;
            };
            if failure.code == Some(CIRCULAR_DEPENDENCY) {
                return Err(failure);
            }
            let text = format!(
                "The {} service depends on the {found} service which failed to start because of the following error: {failure}",
                service.name
            );
            self.system_event(DEPENDENCY_FAILED, Level::Error, text);
            return Err(Failure::from_code(DEPENDENCY_FAIL, asked()));
        }
        Ok(())
    }

    /// Logs the service on, and tells which password is stored afterwards.
    fn log_service_on(&mut self, service: &LabService) -> Result<Option<StoredPassword>, Failure> {
        let wanted = LogonWanted {
            right: Some(Right::LogOnAsService),
            denial: Right::DenyLogOnAsService,
            stored: service.stored,
            managed: service.managed,
        };
        let (name, account) = (&service.name, &service.account);
        let refusal = match log_on(self.state, self.domain, account.as_str(), &wanted) {
            Ok(stored) => return Ok(stored),
            Err(refusal) => refusal,
        };
        match refusal {
            LogonRefusal::NoRight => {
                let text = format!(
                    "The {name} service was unable to log on as {account} with the currently configured password due to the \
                     following error: Logon failure: the user has not been granted the requested logon type at this computer.\n\
                     Service: {name}\nDomain and account: {account}\n\
                     This service account does not have the required user right \"Log on as a service.\""
                );
                self.system_event(RIGHT_NOT_GRANTED, Level::Error, text);
            }
            LogonRefusal::Failed(code, why) => {
                let text = format!(
                    "The {name} service was unable to log on as {account} with the currently configured password due to the \
                     following error: {code}: {why}"
                );
                self.system_event(UNABLE_TO_LOG_ON, Level::Error, text);
            }
        }
        Err(self.failed_to_start(name, LOGON_FAILED))
    }

    /// The program of a service.
    fn program_of(&self, service: &LabService) -> Result<Program, Win32Code> {
        let path = HostPath::parse(service.program()).map_err(|_| Win32Code(3))?;
        match self.state.files.file(&path)? {
            Content::Program(program) => Ok(program.clone()),
            _ => Err(BAD_EXE_FORMAT),
        }
    }

    /// What the process does before it reports that it runs.
    fn launch(&mut self, service: &LabService, program: Program) -> Result<(), Ended> {
        if let Some(code) = service.behaviour.fails_with {
            return Err(Ended {
                code: Win32Code(code),
                specific: None,
            });
        }
        match program {
            Program::OfProduct(program) => self.products.launch(self, &program, service),
            _ => Ok(()),
        }
    }

    /// The process runs: from now on, or once its start has taken its time.
    fn begin(
        &mut self,
        name: &ServiceName,
        stored: Option<StoredPassword>,
        timeout_ms: u64,
    ) -> Result<(), Failure> {
        let (now, usual) = (self.domain.now(), self.state.pace.start);
        let service = self.service_mut(name)?;
        service.stored = stored;
        let takes = service.behaviour.start_takes.max(usual);
        if takes.to_duration().as_millis() <= u128::from(timeout_ms) {
            self.domain.pass(takes);
            self.service_mut(name)?.state = ServiceState::Running;
            self.state_changed(name, "running");
            return Ok(());
        }
        service.state = ServiceState::StartPending;
        service.pending_until = now.checked_add(takes);
        Err(still(name, ServiceState::StartPending, timeout_ms))
    }

    /// Waits for a service on its way.
    fn await_start(
        &mut self,
        service: &LabService,
        pending: ServiceState,
        timeout_ms: u64,
    ) -> Result<(), Failure> {
        let left = service
            .pending_until
            .map(|until| until.saturating_since(self.domain.now()));
        if let Some(left) = left
            && pending == ServiceState::StartPending
            && left.to_duration().as_millis() <= u128::from(timeout_ms)
        {
            self.domain.pass(left);
            self.service_mut(&service.name)?.state = ServiceState::Running;
            self.state_changed(&service.name, "running");
            return Ok(());
        }
        Err(still(&service.name, pending, timeout_ms))
    }

    /// Writes that a service entered a state.
    pub fn state_changed(&mut self, name: &ServiceName, state: &str) {
        let text = StateChange {
            service: name.as_str(),
            state,
        }
        .to_string();
        self.system_event(STATE_CHANGED, Level::Information, text);
    }

    fn failed_to_start(&mut self, name: &ServiceName, code: Win32Code) -> Failure {
        let text = format!("The {name} service failed to start due to the following error: {code}");
        self.system_event(FAILED_TO_START, Level::Error, text);
        Failure::from_code(code, format!("start service {name}"))
    }

    fn ended(&mut self, name: &ServiceName, ended: Ended) -> Failure {
        let (id, text) = match ended.specific {
            Some(own) => (
                TERMINATED_SPECIFIC,
                format!(
                    "The {name} service terminated with the following service-specific error: {own}"
                ),
            ),
            None => (
                TERMINATED,
                format!(
                    "The {name} service terminated with the following error: {}",
                    ended.code
                ),
            ),
        };
        self.system_event(id, Level::Error, text);
        Failure {
            service_specific_code: ended.specific,
            ..Failure::from_code(
                ended.code,
                format!("service {name} stopped while it started"),
            )
        }
    }
}

/// The failure of a wait that was too short.
pub fn still(name: &ServiceName, state: ServiceState, timeout_ms: u64) -> Failure {
    Failure::new(
        FailureKind::Timeout,
        format!("service {name} is still {state:?} after {timeout_ms} ms"),
    )
}
