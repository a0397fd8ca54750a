//! Programs on a host: a file that is a program runs the lab's rendering of it.

mod app_cmd;
mod service_controller;
mod system_tools;
mod task_scheduler;

use agent_protocol::win32::Win32Code;
use agent_protocol::{Captured, Failure, HostPath, RunOutcome, Secret};
use serde::{Deserialize, Serialize};

use super::files::Content;
use super::machine::Machine;
use super::products::ProductProgram;

const BAD_EXE_FORMAT: Win32Code = Win32Code(193);

/// What a program file does when it is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Program {
    /// A service's program without rules of its own; run by hand it ends at once.
    Service,
    /// `klist.exe`
    TicketList,
    /// `shutdown.exe`
    Shutdown,
    /// `gpupdate.exe`
    PolicyUpdate,
    /// `sc.exe`
    ServiceController,
    /// `wevtutil.exe`
    EventUtility,
    /// `appcmd.exe`
    AppCmd,
    /// `schtasks.exe`
    TaskScheduler,
    /// `msiexec.exe`
    Installer,
    /// One of a product.
    #[serde(untagged)]
    OfProduct(ProductProgram),
}

impl Program {
    /// What every host has in `C:\Windows\System32`.
    pub const OF_WINDOWS: &[(&str, Self)] = &[
        ("klist.exe", Self::TicketList),
        ("shutdown.exe", Self::Shutdown),
        ("gpupdate.exe", Self::PolicyUpdate),
        ("sc.exe", Self::ServiceController),
        ("wevtutil.exe", Self::EventUtility),
        ("msiexec.exe", Self::Installer),
        ("schtasks.exe", Self::TaskScheduler),
        ("svchost.exe", Self::Service),
        ("spoolsv.exe", Self::Service),
        (r"inetsrv\appcmd.exe", Self::AppCmd),
    ];
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its exit code.
    pub code: i32,
    /// What it wrote on its standard output.
    pub said: String,
    /// What it wrote on its standard error.
    pub complained: String,
}

impl Ending {
    /// Exit code 0, with a line on standard output.
    pub fn done(said: impl Into<String>) -> Self {
        Self {
            code: 0,
            said: line(said.into()),
            complained: String::new(),
        }
    }

    /// An exit code, with a line on standard error.
    pub fn failed(code: i32, complained: impl Into<String>) -> Self {
        Self {
            code,
            said: String::new(),
            complained: line(complained.into()),
        }
    }
}

impl Machine<'_> {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// 2 and 3 where it is not there, 193 for a file that is no program.
    pub fn run(
        &mut self,
        path: &HostPath,
        arguments: &[String],
        stdin: Option<&Secret>,
        timeout_ms: u64,
    ) -> Result<RunOutcome, Failure> {
        let not_started = |code| Failure::from_code(code, format!("start {path}"));
        let program = match self.state.files.file(path).map_err(not_started)? {
            Content::Program(program) => program.clone(),
            _ => return Err(not_started(BAD_EXE_FORMAT)),
        };
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ending = match &program {
            Program::Service => Ending::failed(1, "this program is a service"),
            Program::TicketList => system_tools::klist(self, &words),
            Program::Shutdown => system_tools::shutdown(self, &words),
            Program::PolicyUpdate => system_tools::gpupdate(self, &words),
            Program::EventUtility => system_tools::wevtutil(self, &words),
            Program::ServiceController => service_controller::sc(self, &words, timeout_ms),
            Program::AppCmd => app_cmd::appcmd(self, &words),
            Program::TaskScheduler => task_scheduler::schtasks(self, &words),
            Program::Installer => self.products.install(self, &words),
            Program::OfProduct(program) => self.products.run(self, program, &words, stdin),
        };
        self.domain.pass(self.state.pace.of_program(&program));
        Ok(RunOutcome {
            exit_code: Some(ending.code),
            stdout: captured(ending.said),
            stderr: captured(ending.complained),
        })
    }
}

fn captured(text: String) -> Captured {
    Captured {
        text,
        truncated: false,
    }
}

fn line(mut text: String) -> String {
    if !text.is_empty() {
        text.push_str("\r\n");
    }
    text
}
