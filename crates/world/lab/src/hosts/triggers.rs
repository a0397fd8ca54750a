//! Triggers of services: the lab acts on the first network address, and keeps the others as they are.

use agent_protocol::{Failure, Reply, ServiceTrigger, TriggerRequest};

use super::machine::Machine;
use super::services::LabService;

impl LabService {
    /// All its triggers.
    pub fn triggers(&self) -> Vec<ServiceTrigger> {
        let network = self
            .starts_with_network
            .then(ServiceTrigger::start_with_network);
        network
            .into_iter()
            .chain(self.other_triggers.iter().cloned())
            .collect()
    }

    /// Adds a trigger; whether it was there.
    fn add_trigger(&mut self, trigger: ServiceTrigger) -> bool {
        if trigger == ServiceTrigger::start_with_network() {
            return std::mem::replace(&mut self.starts_with_network, true);
        }
        let there = self.other_triggers.contains(&trigger);
        if !there {
            self.other_triggers.push(trigger);
        }
        there
    }

    /// Removes a trigger; whether it was there.
    fn remove_trigger(&mut self, trigger: &ServiceTrigger) -> bool {
        if *trigger == ServiceTrigger::start_with_network() {
            return std::mem::replace(&mut self.starts_with_network, false);
        }
        let there = self.other_triggers.contains(trigger);
        self.other_triggers.retain(|own| own != trigger);
        there
    }
}

impl Machine<'_> {
    /// Does a request about triggers.
    ///
    /// # Errors
    /// 1060 where the service is not installed.
    pub fn triggers(&mut self, request: TriggerRequest) -> Result<Reply, Failure> {
        match request {
            TriggerRequest::Read { service } => {
                Ok(Reply::Triggers(self.service(&service)?.triggers()))
            }
            TriggerRequest::Add { service, trigger } => Ok(Reply::Existed(
                self.service_mut(&service)?.add_trigger(trigger),
            )),
            TriggerRequest::Remove { service, trigger } => Ok(Reply::Existed(
                self.service_mut(&service)?.remove_trigger(&trigger),
            )),
        }
    }
}
