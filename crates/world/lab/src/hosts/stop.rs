//! Stopping services, dependants first.

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, ServiceName, ServiceState, StoppedService};

use super::machine::Machine;
use super::start::still;

const DEPENDENT_SERVICES_RUNNING: Win32Code = Win32Code(1051);

impl Machine<'_> {
    /// Stops a service, its running dependants first; tells what was not stopped before.
    ///
    /// # Errors
    /// 1051 for running dependants that are not to be stopped; a time-out for a service that does not end.
    pub fn stop(
        &mut self,
        name: &ServiceName,
        with_dependants: bool,
        timeout_ms: u64,
    ) -> Result<Vec<StoppedService>, Failure> {
        let name = self.service(name)?.name.clone();
        let mut order = self.state.services.dependants(name.as_str());
        order.retain(|dependant| {
            self.service(dependant)
                .is_ok_and(|found| found.state != ServiceState::Stopped)
        });
        if !order.is_empty() && !with_dependants {
            let names: Vec<_> = order.iter().map(ServiceName::as_str).collect();
            let what = format!("stop service {name}, which {} need", names.join(", "));
            return Err(Failure::from_code(DEPENDENT_SERVICES_RUNNING, what));
        }
        order.push(name);
        let mut stopped = Vec::new();
        for name in order {
            stopped.extend(self.stop_one(name, timeout_ms)?);
        }
        Ok(stopped)
    }

    /// `None` when it was stopped already.
    fn stop_one(
        &mut self,
        name: ServiceName,
        timeout_ms: u64,
    ) -> Result<Option<StoppedService>, Failure> {
        let service = self.service_mut(&name)?;
        let prior = service.state;
        match prior {
            ServiceState::Stopped => return Ok(None),
            ServiceState::Running | ServiceState::Paused if service.behaviour.never_stops => {
                service.state = ServiceState::StopPending;
                return Err(still(&name, ServiceState::StopPending, timeout_ms));
            }
            ServiceState::Running | ServiceState::Paused => {}
            pending => return Err(still(&name, pending, timeout_ms)),
        }
        service.state = ServiceState::Stopped;
        service.pending_until = None;
        // It serves nobody any more while it stops: that time counts as down.
        self.state_changed(&name, "stopped");
        self.domain.pass(self.state.pace.stop);
        Ok(Some(StoppedService { name, prior }))
    }
}
