//! The task scheduler of a host.

use async_trait::async_trait;

use super::super::WorldError;
use crate::host::{ScheduledTask, TaskDefinition, TaskPath, TaskPrincipal};
use crate::secret::Password;

/// Scheduled tasks.
#[async_trait]
pub trait TaskScheduler: Send + Sync {
    /// All tasks of all folders.
    async fn scheduled_tasks(&self) -> Result<Vec<ScheduledTask>, WorldError>;

    /// One with its definition; `None` where it is not there.
    async fn scheduled_task(&self, path: &TaskPath) -> Result<Option<TaskDefinition>, WorldError>;

    /// Puts another principal into the task's own definition, as it stands then: triggers and actions that
    /// somebody else changed stay. Without a password the account is a gMSA or one of Windows' own.
    async fn set_task_principal(
        &self,
        path: &TaskPath,
        principal: &TaskPrincipal,
        password: Option<&Password>,
    ) -> Result<(), WorldError>;
}
