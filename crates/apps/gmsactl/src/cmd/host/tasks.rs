//! Scheduled tasks.

use clap::{Args, Subcommand};
use model::host::{
    AccountRight, ScheduledTask, TaskDefinition, TaskLogon, TaskPath, TaskPrincipal,
};
use model::names::{HostName, LogonAccount};
use model::ports::Host;

use super::accounts::{self, NewAccount, log_on_advice};
use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect, not_there};
use crate::documents::host::{TaskDocument, TaskList};
use crate::error::Failure;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with scheduled tasks.
#[derive(Debug, Subcommand)]
pub enum Tasks {
    /// Show all tasks, or one with its definition.
    #[command(
        after_help = "Example:\n  gmsactl host tasks show MIMSYNC01 --account 'CONTOSO\\svc-mimsync' --estate estate.toml"
    )]
    Show(Show),
    /// Set whom a task runs as; every other byte of its definition stays as it is.
    #[command(
        after_help = "Example:\n  gmsactl host tasks set-account MIMSYNC01 '\\MIM\\Delta synchronization' \
                      --account 'CONTOSO\\MIMTaskGMSA$' --estate estate.toml"
    )]
    SetAccount(SetAccount),
}

/// Arguments of `host tasks show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Folder and name of one task, such as \MIM\Delta synchronization.
    #[arg(value_name = "TASK", value_parser = |text: &str| TaskPath::parse(text))]
    task: Option<TaskPath>,
    /// Only those that run as this account.
    #[arg(long, value_name = "ACCOUNT", value_parser = accounts::account, conflicts_with = "task")]
    account: Option<LogonAccount>,
}

/// Arguments of `host tasks set-account`.
#[derive(Debug, Args)]
pub struct SetAccount {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Folder and name of the task.
    #[arg(value_name = "TASK", value_parser = |text: &str| TaskPath::parse(text))]
    task: TaskPath,
    #[command(flatten)]
    new: NewAccount,
    #[command(flatten)]
    writing: Writing,
}

impl Tasks {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        match self {
            Self::Show(args) => args.run(session, output).await,
            Self::SetAccount(args) => args.run(session, output).await,
        }
    }
}

impl Show {
    async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.host).await?;
        if let Some(path) = &self.task {
            let definition = find(host.as_ref(), &self.host, path).await?;
            let host = self.host.clone();
            output.document(&TaskDocument { host, definition }, human::task);
            return Ok(0);
        }
        let mut tasks = host.scheduled_tasks().await?;
        if let Some(account) = &self.account {
            tasks.retain(|task| runs_as(task, account));
        }
        let host = self.host.clone();
        output.document(&TaskList { host, tasks }, human::tasks);
        Ok(0)
    }
}

impl SetAccount {
    async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.host).await?;
        let host = host.as_ref();
        let found = find(host, &self.host, &self.task).await?.task;
        let principal = self.principal()?;
        let wanted = self.wanted(host, &found, &principal).await;
        let password = match self.writing.dry_run || wanted.changes.is_empty() {
            true => None,
            false => self.new.password(session)?,
        };
        let account = &self.new.account;
        let document = wanted.carry_out(
            self.writing,
            async || {
                host.set_task_principal(&self.task, &principal, password.as_ref())
                    .await
            },
            async || {
                let now = host.scheduled_task(&self.task).await?;
                Ok(now.is_some_and(|now| runs_as(&now.task, account)))
            },
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }

    /// Accounts of the domain log on with a password, a gMSA with the one that the host retrieves.
    fn principal(&self) -> Result<TaskPrincipal, Failure> {
        let account = agent_protocol::AccountName::parse(self.new.account.to_string())
            .map_err(|error| Failure::new("usage", error.to_string()))?;
        let logon = match self.new.account {
            LogonAccount::Domain { .. } => TaskLogon::Password,
            LogonAccount::Other(_) => TaskLogon::ServiceAccount,
        };
        Ok(TaskPrincipal { account, logon })
    }

    async fn wanted(
        &self,
        host: &dyn Host,
        found: &ScheduledTask,
        principal: &TaskPrincipal,
    ) -> Wanted {
        let account = &self.new.account;
        let stays = runs_as(found, account) && found.principal.logon == principal.logon;
        let text = |principal: &TaskPrincipal| {
            let how = principal.logon.word();
            let how = how.map(|word| format!(" ({word})")).unwrap_or_default();
            Some(format!("{}{how}", principal.account))
        };
        let principal_change = (!stays)
            .then(|| change("principal", text(&found.principal), text(principal)))
            .flatten();
        let password_change = (stays && self.new.names_password())
            .then(|| change("stored password", None, Some("as given".to_owned())))
            .flatten();
        let subject = format!("task {} runs as {account}", self.task);
        let mut wanted = Wanted::one(&self.host, subject, principal_change.or(password_change));
        if matches!(account, LogonAccount::Domain { .. }) {
            let (right, denial) = (
                AccountRight::LogOnAsBatchJob,
                AccountRight::DenyLogOnAsBatchJob,
            );
            wanted.advice = log_on_advice(host, account, right, denial).await;
        }
        wanted
    }
}

async fn find(host: &dyn Host, on: &HostName, path: &TaskPath) -> Result<TaskDefinition, Failure> {
    let found = host.scheduled_task(path).await?;
    let what = format!("scheduled task {path}");
    found.ok_or_else(|| not_there(on, &what, "gmsactl host tasks show lists them"))
}

fn runs_as(task: &ScheduledTask, account: &LogonAccount) -> bool {
    LogonAccount::from(task.principal.account.to_string()).same_as(account)
}
