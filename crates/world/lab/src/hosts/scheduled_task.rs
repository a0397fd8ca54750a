//! Scheduled tasks of a host.

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AccountName, Failure, FailureKind, Reply, Secret, TaskDefinition, TaskList, TaskLogon,
    TaskPath, TaskPrincipal, TaskRequest, task_xml,
};
use serde::{Deserialize, Serialize};

use super::domain::AccountKind;
use super::logon::{Principal, principal};
use super::machine::Machine;
use super::services::StoredPassword;

const FILE_NOT_FOUND: Win32Code = Win32Code(2);
const LOGON_FAILURE: Win32Code = Win32Code(1326);
const NONE_MAPPED: Win32Code = Win32Code(1332);

/// A scheduled task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledTask {
    /// Its path, such as `\Contoso\Delta import`.
    pub path: String,
    /// Whom it runs as.
    pub account: AccountName,
    /// The password stored for it; none for a gMSA.
    pub stored: Option<StoredPassword>,
    /// The result of its last run: 0, or an HRESULT such as 0x80070569.
    pub last_result: Option<u32>,
    /// Its definition.
    pub xml: String,
}

impl ScheduledTask {
    /// A task that logs on with a password and has not run yet.
    pub fn new(path: &str, account: AccountName) -> Self {
        let xml = definition(account.as_str());
        Self {
            path: path.to_owned(),
            account,
            stored: None,
            last_result: None,
            xml,
        }
    }

    fn describe(&self) -> Result<agent_protocol::ScheduledTask, Failure> {
        let invalid = |why: String| Failure::new(FailureKind::Failed, why);
        Ok(agent_protocol::ScheduledTask {
            path: TaskPath::parse(self.path.as_str()).map_err(|e| invalid(e.to_string()))?,
            principal: task_xml::principal(&self.xml).map_err(|e| invalid(e.to_string()))?,
            enabled: true,
            last_result: self.last_result,
        })
    }
}

/// What the scheduler writes for a task that runs a program every day.
fn definition(account: &str) -> String {
    [
        r#"<?xml version="1.0" encoding="UTF-16"?>"#,
        r#"<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">"#,
        "  <Triggers>\r\n    <CalendarTrigger>",
        "      <StartBoundary>2016-01-01T02:00:00</StartBoundary>",
        "      <ScheduleByDay>\r\n        <DaysInterval>1</DaysInterval>\r\n      </ScheduleByDay>",
        "    </CalendarTrigger>\r\n  </Triggers>",
        "  <Principals>\r\n    <Principal id=\"Author\">",
        &format!("      <UserId>{}</UserId>", account.replace('&', "&amp;")),
        "      <LogonType>Password</LogonType>",
        "    </Principal>\r\n  </Principals>",
        "  <Actions Context=\"Author\">\r\n    <Exec>",
        r"      <Command>C:\Jobs\job.cmd</Command>",
        "    </Exec>\r\n  </Actions>",
        "</Task>",
    ]
    .join("\r\n")
}

impl Machine<'_> {
    /// Does a request about scheduled tasks.
    ///
    /// # Errors
    /// Not found where there is no such task; else what Windows would give.
    pub fn scheduled_tasks(
        &mut self,
        request: TaskRequest,
        secret: &Secret,
    ) -> Result<Reply, Failure> {
        let words = request.to_string();
        let takes_secret = request.takes_secret();
        match request {
            TaskRequest::List => {
                let mut list = TaskList {
                    tasks: Vec::new(),
                    unreadable: Vec::new(),
                };
                for task in &self.state.tasks {
                    match task.describe() {
                        Ok(read) => list.tasks.push(read),
                        Err(failure) => list.unreadable.push((task.path.clone(), failure)),
                    }
                }
                Ok(Reply::Tasks(list))
            }
            TaskRequest::Read { path } => {
                let at = self.task(path.as_str(), &words)?;
                let Some(found) = self.state.tasks.get(at) else {
                    return Err(Failure::from_code(FILE_NOT_FOUND, words));
                };
                Ok(Reply::Task(TaskDefinition {
                    task: found.describe()?,
                    xml: found.xml.clone(),
                }))
            }
            TaskRequest::SetPrincipal {
                path, principal, ..
            } => {
                let at = self.task(path.as_str(), &words)?;
                let password = takes_secret.then(|| secret.expose_bytes());
                self.set_task_principal(at, &principal, password)
                    .map_err(|code| Failure::from_code(code, words))?;
                Ok(Reply::Done)
            }
        }
    }

    /// Registers a task again with another principal. Unlike services and pools, a task's user is logged on
    /// when it is registered with a password.
    ///
    /// # Errors
    /// 1332 for an account that nobody has, 1326 for a wrong password.
    pub fn set_task_principal(
        &mut self,
        at: usize,
        new: &TaskPrincipal,
        password: Option<&[u8]>,
    ) -> Result<(), Win32Code> {
        let stored = match principal(new.account.as_str(), self.domain) {
            None => return Err(NONE_MAPPED),
            Some(Principal::Domain(found))
                if found.kind == AccountKind::User && new.logon == TaskLogon::Password =>
            {
                let version = self
                    .domain
                    .proves(&found.sid, password.unwrap_or_default())
                    .ok_or(LOGON_FAILURE)?;
                Some(StoredPassword {
                    account: found.sid,
                    version: Some(version),
                })
            }
            Some(_) => None,
        };
        if let Some(task) = self.state.tasks.get_mut(at) {
            // A definition that cannot be edited is written anew, as the scheduler's own tool does.
            task.xml = task_xml::with_principal(&task.xml, new)
                .unwrap_or_else(|_| definition(new.account.as_str()));
            (task.account, task.stored) = (new.account.clone(), stored);
        }
        Ok(())
    }

    fn task(&self, path: &str, words: &str) -> Result<usize, Failure> {
        let mut tasks = self.state.tasks.iter();
        tasks
            .position(|task| task.path.eq_ignore_ascii_case(path))
            .ok_or_else(|| Failure::from_code(FILE_NOT_FOUND, words))
    }
}
