//! Scheduled tasks, through the scheduler's objects for scripts. Not yet seen on Windows.
//!
//! `Schedule.Service` (taskschd.h, "Task Scheduler Scripting Objects"): TaskFolder.GetTasks,
//! RegisteredTask.Xml, TaskFolder.RegisterTask.

use agent_protocol::{
    AccountName, Failure, FailureKind, Reply, ScheduledTask, Secret, TaskDefinition, TaskList,
    TaskPath, TaskPrincipal, TaskRequest, task_xml,
};

use super::automation::{Argument, Object};
use super::trustees;

/// TASK_ENUM_HIDDEN.
const HIDDEN_TOO: i32 = 1;
/// TASK_UPDATE: a task that is not there is not created.
const UPDATE: i32 = 4;
/// SCHED_S_TASK_HAS_NOT_RUN.
const HAS_NOT_RUN: i32 = 0x0004_1303;

/// Does a request about scheduled tasks.
pub fn handle(request: &TaskRequest, secret: &Secret) -> Result<Reply, Failure> {
    let scheduler = Scheduler::connect()?;
    match request {
        TaskRequest::List => scheduler.all().map(Reply::Tasks),
        TaskRequest::Read { path } => scheduler.definition(path).map(Reply::Task),
        TaskRequest::SetPrincipal {
            path, principal, ..
        } => {
            let password = match request.takes_secret() {
                false => Argument::Empty,
                true => Argument::Secret(secret.expose_text().ok_or_else(|| {
                    Failure::new(FailureKind::Invalid, "the password is not UTF-8")
                })?),
            };
            scheduler
                .set_principal(path, principal, password)
                .map(|()| Reply::Done)
        }
    }
}

/// The task scheduler of this host.
struct Scheduler(Object);

impl Scheduler {
    fn connect() -> Result<Self, Failure> {
        let service = Object::create("Schedule.Service")?;
        let reached = service.call("Connect", &[]);
        reached.map_err(|failure| Failure {
            message: format!("reach the task scheduler: {}", failure.message),
            ..failure
        })?;
        Ok(Self(service))
    }

    fn folder(&self, path: &str) -> Result<Object, Failure> {
        self.0.object("GetFolder", &[Argument::Text(path)])
    }

    fn all(&self) -> Result<TaskList, Failure> {
        let mut list = TaskList {
            tasks: Vec::new(),
            unreadable: Vec::new(),
        };
        let mut folders = vec![self.folder("\\")?];
        while let Some(folder) = folders.pop() {
            let tasks = folder.object("GetTasks", &[Argument::Number(HIDDEN_TOO)])?;
            for task in tasks.members(1)? {
                match read(&task) {
                    Ok(found) => list.tasks.push(found.task),
                    Err(failure) => {
                        let path = task.text("Path").unwrap_or_default();
                        list.unreadable.push((path, failure));
                    }
                }
            }
            folders.extend(
                folder
                    .object("GetFolders", &[Argument::Number(0)])?
                    .members(1)?,
            );
        }
        Ok(list)
    }

    fn definition(&self, path: &TaskPath) -> Result<TaskDefinition, Failure> {
        let (folder, name) = path.split();
        read(
            &self
                .folder(folder)?
                .object("GetTask", &[Argument::Text(name)])?,
        )
    }

    fn set_principal(
        &self,
        path: &TaskPath,
        principal: &TaskPrincipal,
        password: Argument<'_>,
    ) -> Result<(), Failure> {
        let xml = self.definition(path)?.xml;
        let xml = task_xml::with_principal(&xml, principal).map_err(invalid)?;
        let (folder, name) = path.split();
        let arguments = [
            Argument::Text(name),
            Argument::Text(&xml),
            Argument::Number(UPDATE),
            Argument::Text(principal.account.as_str()),
            password,
            Argument::Number(principal.logon.number()),
        ];
        self.folder(folder)?
            .call("RegisterTask", &arguments)
            .map(drop)
    }
}

fn read(task: &Object) -> Result<TaskDefinition, Failure> {
    let xml = task.text("Xml")?;
    let mut principal = task_xml::principal(&xml).map_err(invalid)?;
    if let Some(name) = name_of(&principal.account) {
        principal.account = name;
    }
    let path = TaskPath::parse(task.text("Path")?).map_err(invalid)?;
    Ok(TaskDefinition {
        task: ScheduledTask {
            path,
            principal,
            enabled: task.number("Enabled")? != 0,
            last_result: match task.number("LastTaskResult") {
                Ok(HAS_NOT_RUN) | Err(_) => None,
                Ok(result) => Some(result.cast_unsigned()),
            },
        },
        xml,
    })
}

/// Definitions mostly name accounts by their SID: people want the name, where the host knows one.
fn name_of(account: &AccountName) -> Option<AccountName> {
    let sid = account.as_str().parse().ok()?;
    AccountName::parse(trustees::trustee(sid).name?).ok()
}

fn invalid(error: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Failed, error.to_string())
}
