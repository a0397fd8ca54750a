//! Scheduled tasks, and whom they run as.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountName, Failure, SecretUse, TaskPath};

/// What is asked about scheduled tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TaskRequest {
    /// All of them, of all folders, hidden ones too → [`crate::Reply::Tasks`].
    List,
    /// One with its definition → [`crate::Reply::Task`].
    Read {
        /// Folder and name.
        path: TaskPath,
    },
    /// Registers the task's own definition again, every byte as it is but for the principal → [`crate::Reply::Done`].
    SetPrincipal {
        /// Folder and name.
        path: TaskPath,
        /// The new principal.
        principal: TaskPrincipal,
        /// A user's password; absent for a gMSA and for accounts of Windows.
        password: SecretUse,
    },
}

impl TaskRequest {
    /// Whether the host is the same afterwards.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::List | Self::Read { .. })
    }

    /// Whether it takes the frame's secret.
    pub fn takes_secret(&self) -> bool {
        matches!(
            self,
            Self::SetPrincipal {
                password: SecretUse::InFrame,
                ..
            }
        )
    }
}

impl fmt::Display for TaskRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List => f.write_str("list the scheduled tasks"),
            Self::Read { path } => write!(f, "read scheduled task {path}"),
            Self::SetPrincipal {
                path, principal, ..
            } => write!(
                f,
                "set the principal of scheduled task {path} to {}",
                principal.account
            ),
        }
    }
}

/// All tasks, and those that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskList {
    /// The tasks read.
    pub tasks: Vec<ScheduledTask>,
    /// The others, by their path as listed: never silently left out.
    pub unreadable: Vec<(String, Failure)>,
}

/// A scheduled task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledTask {
    /// Folder and name.
    pub path: TaskPath,
    /// Whom it runs as.
    pub principal: TaskPrincipal,
    /// Whether it runs by its triggers.
    pub enabled: bool,
    /// The result of its last run: 0, or an HRESULT; `None` before the first.
    pub last_result: Option<u32>,
}

/// A task with its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// What is read out of it.
    pub task: ScheduledTask,
    /// The definition as the scheduler gives it; it never holds a password.
    pub xml: String,
}

/// Whom a task runs as, and how that account logs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPrincipal {
    /// The account or group, as its definition spells it: a name or a SID.
    pub account: AccountName,
    /// How it logs on.
    pub logon: TaskLogon,
}

/// `LogonType` of a principal (Task Scheduler schema, `logonType`), and the cases in which there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskLogon {
    /// `Password`: with the stored one; for a gMSA with that which the host retrieves.
    Password,
    /// `S4U`: without a password, and without the network.
    S4u,
    /// `InteractiveToken`: when the user is logged on.
    InteractiveToken,
    /// `InteractiveTokenOrPassword`.
    InteractiveTokenOrPassword,
    /// None is written: an account of Windows itself, such as SYSTEM.
    ServiceAccount,
    /// `GroupId` in place of `UserId`: any member who is logged on.
    Group,
}

impl TaskLogon {
    /// The schema's word, where one is written.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Password => Some("Password"),
            Self::S4u => Some("S4U"),
            Self::InteractiveToken => Some("InteractiveToken"),
            Self::InteractiveTokenOrPassword => Some("InteractiveTokenOrPassword"),
            Self::ServiceAccount | Self::Group => None,
        }
    }

    /// TASK_LOGON_TYPE (taskschd.h).
    pub fn number(self) -> i32 {
        match self {
            Self::Password => 1,
            Self::S4u => 2,
            Self::InteractiveToken => 3,
            Self::Group => 4,
            Self::ServiceAccount => 5,
            Self::InteractiveTokenOrPassword => 6,
        }
    }

    /// From the schema's word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Password,
            Self::S4u,
            Self::InteractiveToken,
            Self::InteractiveTokenOrPassword,
        ];
        all.into_iter().find(|logon| logon.word() == Some(word))
    }
}
