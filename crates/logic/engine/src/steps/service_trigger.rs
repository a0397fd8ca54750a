//! Step: let a service start with the network.

use async_trait::async_trait;
use model::host::ServiceTrigger;
use model::names::{HostName, ServiceName};

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct StartWithNetwork {
    pub host: HostName,
    pub service: ServiceName,
}

#[async_trait]
impl Step for StartWithNetwork {
    /// Whether it had that trigger.
    type Prior = bool;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<bool, StepError> {
        let host = scene.world.host(&self.host).await?;
        let triggers = host.service_triggers(&self.service).await?;
        let triggers = triggers.ok_or_else(|| {
            StepError::missing(format!(
                "there is no service {} on {}",
                self.service, self.host
            ))
        })?;
        Ok(triggers.contains(&ServiceTrigger::start_with_network()))
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &bool) -> Result<(), StepError> {
        let host = scene.world.host(&self.host).await?;
        host.add_service_trigger(&self.service, &ServiceTrigger::start_with_network())
            .await?;
        Ok(())
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(match self.observe(scene).await? {
            true => Check::Holds(format!("{} starts with the network", self.service)),
            false => Check::Differs(format!("{} has no such trigger", self.service)),
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &bool,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        if *prior {
            return Ok(());
        }
        let host = scene.world.host(&self.host).await?;
        host.remove_service_trigger(&self.service, &ServiceTrigger::start_with_network())
            .await?;
        Ok(())
    }
}
