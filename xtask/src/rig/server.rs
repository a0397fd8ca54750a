//! The rig's servers: started apart from the terminal, known by pid *and* start time, so that a
//! process that merely inherited the number of a dead one is never mistaken for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, getpgid, kill_process_group};

use super::layout::Layout;
use crate::system::{command, files};

const POLL: Duration = Duration::from_millis(50);

/// A server that the rig starts and ends.
pub struct Server {
    name: String,
    pid_file: PathBuf,
    log: PathBuf,
}

impl Server {
    /// The server of this name, whether it runs or not.
    pub fn new(layout: &Layout, name: &str) -> Self {
        let pid_file = layout.path("pid").join(name);
        Self {
            name: name.to_owned(),
            pid_file,
            log: layout.log(name),
        }
    }

    /// Starts the server in a session of its own; its output goes to its log.
    ///
    /// `program` must stay in the foreground.
    pub fn start(&self, program: &Command) -> anyhow::Result<()> {
        let (stdout, stderr) = command::appending(&self.log)?;
        let mut session = Command::new("setsid"); // It becomes `program`: the pid stays.
        session.arg(program.get_program()).args(program.get_args());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        let child = session
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start {}", self.name))?;
        let process = Process::with_number(child.id())
            .with_context(|| format!("{} ended at once; see {}", self.name, self.log.display()))?;
        process.await_group()?;
        files::write(
            &self.pid_file,
            &format!("{} {}\n", process.number, process.start_time),
        )
    }

    /// Whether the server that the rig started is alive.
    pub fn is_running(&self) -> bool {
        self.process().is_some()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its process number while it runs.
    pub fn number(&self) -> Option<u32> {
        self.process().map(|process| process.number)
    }

    /// Waits until `ready` holds; fails when the server ends before or `within` has passed.
    pub fn wait_until(
        &self,
        within: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + within;
        while !ready() {
            if !self.is_running() {
                bail!("{} ended; see {}", self.name, self.log.display());
            }
            if Instant::now() > deadline {
                bail!(
                    "{} is not ready after {within:?}; see {}",
                    self.name,
                    self.log.display()
                );
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Ends the server and what it started; it is killed when it has not gone `within`.
    pub fn stop(&self, within: Duration) -> anyhow::Result<bool> {
        let Some(process) = self.process() else {
            return Ok(false);
        };
        process.signal(Signal::TERM)?;
        if !self.gone(within) {
            process.signal(Signal::KILL)?;
            if !self.gone(Duration::from_secs(5)) {
                bail!("{} (process {}) does not end", self.name, process.number);
            }
        }
        std::fs::remove_file(&self.pid_file)
            .with_context(|| format!("cannot remove {}", self.pid_file.display()))?;
        Ok(true)
    }

    /// Waits until the server has ended.
    fn gone(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        while self.is_running() {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(POLL);
        }
        true
    }

    fn process(&self) -> Option<Process> {
        let text = std::fs::read_to_string(&self.pid_file).ok()?;
        let (number, start_time) = text.trim().split_once(' ')?;
        let process = Process::with_number(number.parse().ok()?)?;
        (process.start_time == start_time.parse::<u64>().ok()?).then_some(process)
    }
}

struct Process {
    number: u32,
    /// Clock ticks after the machine's boot.
    start_time: u64,
}

impl Process {
    /// The live process of this number.
    fn with_number(number: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        let start_time = start_time(&stat)?;
        Some(Self { number, start_time })
    }

    /// Waits until it leads its own group: `setsid` takes a moment, and a signal to the group would miss it before.
    fn await_group(&self) -> anyhow::Result<()> {
        let group = self.group()?;
        let deadline = Instant::now() + Duration::from_secs(5);
        while getpgid(Some(group)).ok() != Some(group) {
            if Instant::now() > deadline {
                bail!(
                    "process {} did not become the leader of its group",
                    self.number
                );
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    fn group(&self) -> anyhow::Result<Pid> {
        let number = i32::try_from(self.number).ok();
        number
            .and_then(Pid::from_raw)
            .context("not a process number")
    }

    /// The servers lead a process group each: the signal reaches what they started, too.
    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let group = self.group()?;
        kill_process_group(group, signal)
            .with_context(|| format!("cannot signal process {}", self.number))
    }
}

/// proc_pid_stat(5): field 22 `starttime`; nothing for a zombie (field 3 `state`).
fn start_time(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?; // The name may hold spaces and brackets.
    let mut fields = after_name.split_ascii_whitespace();
    let state = fields.next()?;
    let start_time = fields.nth(22 - 4)?;
    (state != "Z").then(|| start_time.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_start_time_behind_an_odd_name() {
        let stat = |state: &str| {
            format!("7 (a) b) {state} 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20")
        };
        assert_eq!(start_time(&stat("S")), Some(4711));
        assert_eq!(start_time(&stat("Z")), None);
        assert_eq!(start_time("7 (short) S 1"), None);
    }

    #[test]
    fn starts_and_ends_its_own_process_only() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server {
            name: "sleeper".into(),
            pid_file: folder.path().join("pid"),
            log: folder.path().join("log"),
        };
        let mut sleeper = Command::new("sleep");
        server.start(sleeper.arg("600")).unwrap();
        assert!(server.is_running());
        let number = server.number().unwrap();

        std::fs::write(&server.pid_file, format!("{number} 1\n")).unwrap();
        assert!(!server.is_running(), "the start time of another process");

        let process = Process::with_number(number).unwrap();
        std::fs::write(
            &server.pid_file,
            format!("{number} {}\n", process.start_time),
        )
        .unwrap();
        assert!(server.stop(Duration::from_secs(10)).unwrap());
        assert!(!server.stop(Duration::from_secs(10)).unwrap());
    }
}
