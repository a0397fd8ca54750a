//! Scheduled tasks.

use agent_protocol::{Reply, Request, TaskRequest};
use async_trait::async_trait;
use model::host::{ScheduledTask, TaskDefinition, TaskPath, TaskPrincipal};
use model::ports::{TaskScheduler, WorldError};
use model::secret::Password;

use super::{AgentHost, LONG, SHORT, secret_of};

#[async_trait]
impl TaskScheduler for AgentHost {
    async fn scheduled_tasks(&self) -> Result<Vec<ScheduledTask>, WorldError> {
        match self.plain(Request::Tasks(TaskRequest::List), LONG).await? {
            Reply::Tasks(list) => Ok(self.readable_tasks(list)),
            _ => Err(self.unexpected("list the scheduled tasks")),
        }
    }

    async fn scheduled_task(&self, path: &TaskPath) -> Result<Option<TaskDefinition>, WorldError> {
        let path = path.clone();
        match self
            .find(Request::Tasks(TaskRequest::Read { path }))
            .await?
        {
            None => Ok(None),
            Some(Reply::Task(task)) => Ok(Some(task)),
            Some(_) => Err(self.unexpected("read scheduled task")),
        }
    }

    async fn set_task_principal(
        &self,
        path: &TaskPath,
        principal: &TaskPrincipal,
        password: Option<&Password>,
    ) -> Result<(), WorldError> {
        let (password, secret) = secret_of(password);
        let request = Request::Tasks(TaskRequest::SetPrincipal {
            path: path.clone(),
            principal: principal.clone(),
            password,
        });
        let done = self.ask(request, secret, SHORT).await;
        done.map(drop).map_err(|error| self.world(error))
    }
}
