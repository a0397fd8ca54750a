//! Steps: stop a service with its dependants; start them again.

use std::time::Duration;

use async_trait::async_trait;
use model::inventory::{Service, ServiceState};
use model::names::{HostName, ServiceName, StepId};
use model::ports::{Host, StoppedService};

use crate::step::{Check, Scene, Step, StepError, StepWithoutPrior};

/// The Synchronization Service loads its whole configuration from SQL Server before it reports that it runs.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct StopService {
    pub host: HostName,
    pub service: ServiceName,
}

#[async_trait]
impl Step for StopService {
    /// The states before: the service itself last, as it is stopped last.
    type Prior = Vec<StoppedService>;
    type Outcome = ();

    fn lasts(&self) -> bool {
        false // The start step ends it.
    }

    async fn observe(&self, scene: &Scene<'_>) -> Result<Vec<StoppedService>, StepError> {
        let host = scene.world.host(&self.host).await?;
        let service = installed(host.as_ref(), &self.host, &self.service).await?;
        let mut states = Vec::new();
        for name in &service.dependants {
            if let Some(dependant) = host.service(name).await? {
                states.push(StoppedService {
                    service: dependant.name,
                    prior: dependant.state,
                });
            }
        }
        states.push(StoppedService {
            service: service.name,
            prior: service.state,
        });
        Ok(states)
    }

    async fn apply(
        &self,
        scene: &Scene<'_>,
        _prior: &Vec<StoppedService>,
    ) -> Result<(), StepError> {
        scene
            .world
            .host(&self.host)
            .await?
            .stop_service(&self.service, PATIENCE)
            .await?;
        Ok(())
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let host = scene.world.host(&self.host).await?;
        let state = installed(host.as_ref(), &self.host, &self.service)
            .await?
            .state;
        Ok(if state == ServiceState::Stopped {
            Check::Holds(format!("{} is stopped", self.service))
        } else {
            Check::Differs(format!("{} is {state:?}", self.service))
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Vec<StoppedService>,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        start_those_that_ran(scene.world.host(&self.host).await?.as_ref(), prior).await
    }
}

/// What ran before stands in the record of the step that stopped it.
pub(crate) struct StartService {
    pub host: HostName,
    pub service: ServiceName,
    pub stopped_by: StepId,
}

#[async_trait]
impl StepWithoutPrior for StartService {
    async fn apply(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        let host = scene.world.host(&self.host).await?;
        host.start_service(&self.service, PATIENCE).await?;
        let before: Vec<StoppedService> = scene.prior_of(&self.stopped_by)?.unwrap_or_default();
        start_those_that_ran(host.as_ref(), &before).await
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let host = scene.world.host(&self.host).await?;
        let service = installed(host.as_ref(), &self.host, &self.service).await?;
        Ok(if service.state == ServiceState::Running {
            Check::Holds(format!(
                "{} runs as {}",
                service.name, service.logon_account
            ))
        } else {
            Check::Differs(format!("{} is {:?}", service.name, service.state))
        })
    }

    async fn undo(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        scene
            .world
            .host(&self.host)
            .await?
            .stop_service(&self.service, PATIENCE)
            .await?;
        Ok(())
    }
}

/// Starts a service first, then its dependants: the reverse of the order in which they were stopped.
async fn start_those_that_ran(host: &dyn Host, before: &[StoppedService]) -> Result<(), StepError> {
    for stopped in before
        .iter()
        .rev()
        .filter(|stopped| stopped.prior == ServiceState::Running)
    {
        host.start_service(&stopped.service, PATIENCE).await?;
    }
    Ok(())
}

pub(super) async fn installed(
    host: &dyn Host,
    name: &HostName,
    service: &ServiceName,
) -> Result<Service, StepError> {
    let found = host.service(service).await?;
    found.ok_or_else(|| StepError::missing(format!("there is no service {service} on {name}")))
}
