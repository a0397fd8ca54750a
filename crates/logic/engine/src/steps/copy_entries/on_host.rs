//! An access list on a host.

use std::sync::Arc;

use async_trait::async_trait;
use model::host::AccessList;
use model::names::HostName;
use model::ports::Host;
use security::{Ace, SecurityDescriptor, SecurityDescriptorError, Sid};

use super::Guarded;
use crate::step::{Scene, StepError};

pub(crate) struct HostList {
    pub host: HostName,
    pub list: AccessList,
}

impl HostList {
    async fn find(
        &self,
        scene: &Scene<'_>,
    ) -> Result<(Arc<dyn Host>, Option<SecurityDescriptor>), StepError> {
        let host = scene.world.host(&self.host).await?;
        let descriptor = host.access_list(&self.list).await?;
        Ok((host, descriptor))
    }

    /// Reads the list anew, so that what others changed meanwhile stays.
    async fn edit(
        &self,
        scene: &Scene<'_>,
        edit: impl Fn(&mut SecurityDescriptor) -> Result<bool, SecurityDescriptorError> + Send,
    ) -> Result<(), StepError> {
        let (host, descriptor) = self.find(scene).await?;
        let mut descriptor = descriptor
            .ok_or_else(|| StepError::missing(format!("{} is not there any more", self.name())))?;
        let changed = edit(&mut descriptor).map_err(|error| {
            StepError::refused(
                format!("{} takes no entry: {error}", self.name()),
                format!("look at it with {}, then plan again", self.list.tool()),
            )
        })?;
        match changed {
            true => Ok(host.write_access_list(&self.list, &descriptor).await?),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Guarded for HostList {
    fn name(&self) -> String {
        format!("{} on {}", self.list, self.host)
    }

    async fn entries_of(
        &self,
        sid: &Sid,
        scene: &Scene<'_>,
    ) -> Result<Option<Vec<Ace>>, StepError> {
        let (_, descriptor) = self.find(scene).await?;
        Ok(descriptor.map(|descriptor| descriptor.explicit_aces_of(sid).cloned().collect()))
    }

    async fn add(&self, aces: &[Ace], scene: &Scene<'_>) -> Result<(), StepError> {
        self.edit(scene, |descriptor| descriptor.add_all(aces))
            .await
    }

    async fn take(&self, aces: &[Ace], scene: &Scene<'_>) -> Result<(), StepError> {
        self.edit(scene, |descriptor| descriptor.take_all(aces))
            .await
    }
}
