//! `gmsactl agent`: the agent that gmsactl brings along: put on hosts, looked at, taken away.

use std::sync::Arc;

use clap::{Args, Subcommand};
use hosts::{AgentError, Deployment, EstateHosts, Found};
use model::estate::{AgentSource, HostAccess};
use model::names::HostName;
use tokio::task::JoinSet;

use super::Done;
use crate::agent_file::{self, FoundAgent};
use crate::documents::agent::{
    AgentDocument, AgentIntroduction, AgentOnDisk, AgentOnHost, AgentState, CarriedAgent,
};
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with the agent.
#[derive(Debug, Subcommand)]
pub enum AgentVerb {
    /// Put the agent on hosts, unless the same one is there: checked, and started once to see that it answers.
    #[command(
        after_help = "Example:\n  gmsactl agent deploy --host MIMSYNC01 --estate estate.toml"
    )]
    Deploy(Changing),
    /// Show which agent is on hosts, whether it can be trusted, and how it introduces itself.
    #[command(after_help = "Example:\n  gmsactl agent status --all --estate estate.toml")]
    Status(Which),
    /// Remove every agent that gmsactl put on hosts, and its folder if nothing else is in it.
    #[command(after_help = "Example:\n  gmsactl agent remove --all --dry-run --estate estate.toml")]
    Remove(Changing),
}

/// Which hosts.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Which {
    /// A host, as estate.toml names it; may be repeated.
    #[arg(long = "host", value_name = "HOST", required_unless_present = "all")]
    hosts: Vec<HostName>,
    /// Every host of the estate; what changes something passes over those with an agent of their own.
    #[arg(long, conflicts_with = "hosts")]
    all: bool,
}

/// Arguments of what changes something.
#[derive(Debug, Args)]
pub struct Changing {
    #[command(flatten)]
    which: Which,
    /// Show what would be changed, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What is done on each host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Look,
    Deploy { dry_run: bool },
    Remove { dry_run: bool },
}

/// Does it on all hosts at once; exit code 1 if it failed on one.
pub async fn run(verb: &AgentVerb, global: &Global, output: &Output) -> Done {
    let (task, which) = match verb {
        AgentVerb::Status(which) => (Task::Look, which),
        AgentVerb::Deploy(Changing { which, dry_run }) => {
            (Task::Deploy { dry_run: *dry_run }, which)
        }
        AgentVerb::Remove(Changing { which, dry_run }) => {
            (Task::Remove { dry_run: *dry_run }, which)
        }
    };
    let session = Session::new(global)?;
    let agent = agent_file::find(global)?.map(carried);
    let wanted = which.of(&session, task)?;
    let hosts = session.hosts()?;
    let mut working = JoinSet::new();
    for (place, access) in wanted.into_iter().enumerate() {
        let hosts = Arc::clone(&hosts);
        working.spawn(async move { (place, on_host(&hosts, &access, task).await) });
    }
    let mut done = working.join_all().await;
    done.sort_by_key(|(place, _)| *place);
    let document = AgentDocument {
        agent,
        dry_run: matches!(
            task,
            Task::Deploy { dry_run: true } | Task::Remove { dry_run: true }
        ),
        hosts: done.into_iter().map(|(_, host)| host).collect(),
    };
    let bad = |host: &AgentOnHost| matches!(host.state, AgentState::Failed | AgentState::Left);
    output.document(&document, human::agent);
    Ok(if document.hosts.iter().any(bad) {
        exit::REFUSED
    } else {
        0
    })
}

impl Which {
    fn of(&self, session: &Session<'_>, task: Task) -> Result<Vec<HostAccess>, Failure> {
        const HINT: &str = "agent = \"deploy\" or \"session\" under its [[host]] in estate.toml lets gmsactl bring the \
                            agent, in place of subsystem or command";
        let mut wanted = Vec::new();
        for name in &self.hosts {
            let access = session.estate.host(name).ok_or_else(|| {
                Failure::new(
                    "not-configured",
                    format!("host {name} is not in the estate"),
                )
                .hint("add a [[host]] for it to estate.toml")
            })?;
            if task != Task::Look && !access.brings_agent() {
                let message = format!(
                    "the agent of {name} was installed by somebody: it is not ours to change"
                );
                return Err(Failure::new("not-configured", message).hint(HINT));
            }
            wanted.push(access.clone());
        }
        if self.all {
            let hosts = session.estate.hosts.iter();
            let ours = |access: &&HostAccess| task == Task::Look || access.brings_agent();
            wanted.extend(hosts.filter(ours).cloned());
        }
        if wanted.is_empty() {
            return Err(Failure::new(
                "not-configured",
                "gmsactl brings the agent to no host of the estate",
            )
            .hint(HINT));
        }
        Ok(wanted)
    }
}

fn carried(FoundAgent { file, path }: FoundAgent) -> CarriedAgent {
    CarriedAgent {
        path,
        sha256: file.sha256().to_owned(),
        size: file.bytes().len(),
    }
}

async fn on_host(hosts: &EstateHosts, access: &HostAccess, task: Task) -> AgentOnHost {
    let mut row = AgentOnHost {
        host: access.name.clone(),
        source: access.agent,
        folder: access.brings_agent().then(|| access.agent_folder()),
        state: AgentState::Failed,
        files: Vec::new(),
        others: 0,
        hello: None,
        error: None,
        advice: None,
    };
    let done = async {
        let Some(place) = hosts.deployment(&access.name) else {
            row.introduce(hosts).await?;
            return Ok(AgentState::Installed);
        };
        let state = row.work(place, task).await;
        let state = state.map_err(|error| Failure::from(error.into_world(&access.name)))?;
        // An agent that only visits would be taken away after its hello.
        let there = matches!(state, AgentState::Ready | AgentState::Sent);
        if there && access.agent == AgentSource::Deploy {
            row.introduce(hosts).await?;
        }
        Ok(state)
    };
    match done.await {
        Ok(state) => row.state = state,
        Err(Failure {
            message,
            causes,
            hint,
            ..
        }) => {
            let lines = std::iter::once(message).chain(causes);
            row.error = Some(lines.collect::<Vec<_>>().join(": "));
            row.advice = hint;
        }
    }
    row
}

impl AgentOnHost {
    async fn introduce(&mut self, hosts: &EstateHosts) -> Result<(), Failure> {
        let hello = hosts.greet(&self.host).await?;
        self.hello = Some(AgentIntroduction {
            version: hello.agent_version,
            protocol: hello.protocol.0,
            os: hello.os,
        });
        Ok(())
    }

    async fn work(&mut self, place: &Deployment, task: Task) -> Result<AgentState, AgentError> {
        let mut found = place.look().await?;
        self.list(place, &found);
        let state = match task {
            Task::Remove { dry_run } => return self.remove(place, &found, dry_run).await,
            // What is there may be looked at without an agent to compare it with.
            Task::Look if place.agent().is_err() => {
                found.check_folder(place.folder())?;
                AgentState::Absent
            }
            _ if found.check_agent(place.folder(), place.agent()?)? => AgentState::Ready,
            Task::Look => AgentState::Absent,
            Task::Deploy { dry_run: true } => AgentState::WouldBeSent,
            Task::Deploy { dry_run: false } => {
                place.deploy().await?;
                found = place.look().await?;
                self.list(place, &found);
                AgentState::Sent
            }
        };
        Ok(state)
    }

    async fn remove(
        &mut self,
        place: &Deployment,
        found: &Found,
        dry_run: bool,
    ) -> Result<AgentState, AgentError> {
        if found.files().is_empty() && (!found.has_folder() || found.others() > 0) {
            return Ok(AgentState::Absent);
        }
        if dry_run {
            return Ok(AgentState::WouldBeRemoved);
        }
        let after = place.remove().await?;
        if after.kept().is_empty() {
            return Ok(AgentState::Removed);
        }
        self.error = Some(format!("in use: {}", after.kept().join(", ")));
        self.advice = Some(
            "end what uses it (another gmsactl works with this host), and repeat the command"
                .to_owned(),
        );
        Ok(AgentState::Left)
    }

    fn list(&mut self, place: &Deployment, found: &Found) {
        let current = place.agent().ok().map(|agent| agent.name());
        let file = |file: &hosts::FoundFile| AgentOnDisk {
            name: file.name.clone(),
            size: file.size,
            sha256: file.sha256.clone(),
            current: current.as_ref() == Some(&file.name),
        };
        self.files = found.files().iter().map(file).collect();
        self.others = found.others();
    }
}
