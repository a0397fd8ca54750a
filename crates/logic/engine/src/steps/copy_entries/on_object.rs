//! The access list of an object of the directory.

use async_trait::async_trait;
use model::names::Dn;
use model::ports::ErrorKind;
use security::{Ace, Sid};

use super::Guarded;
use crate::step::{Scene, StepError};

pub(crate) struct DirectoryObject(pub Dn);

#[async_trait]
impl Guarded for DirectoryObject {
    fn name(&self) -> String {
        self.0.to_string()
    }

    async fn entries_of(
        &self,
        sid: &Sid,
        scene: &Scene<'_>,
    ) -> Result<Option<Vec<Ace>>, StepError> {
        match scene.world.directory.rights_on(&self.0, sid).await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            entries => Ok(Some(entries?)),
        }
    }

    async fn add(&self, aces: &[Ace], scene: &Scene<'_>) -> Result<(), StepError> {
        Ok(scene.world.directory.add_rights(&self.0, aces).await?)
    }

    async fn take(&self, aces: &[Ace], scene: &Scene<'_>) -> Result<(), StepError> {
        Ok(scene.world.directory.take_rights(&self.0, aces).await?)
    }
}
