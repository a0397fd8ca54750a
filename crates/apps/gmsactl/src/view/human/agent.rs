//! The agent on hosts.

use super::Paint;
use crate::documents::agent::{AgentDocument, AgentOnHost, AgentState};

/// Digits of a hash that are shown.
const SHOWN: usize = 12;

/// Each host, and what gmsactl has for them.
pub fn agent(document: &AgentDocument, paint: &Paint) -> String {
    let mut text = match &document.agent {
        None => format!(
            "{}\n",
            paint.warn("this gmsactl carries no agent: --agent-file FILE names one")
        ),
        Some(agent) => {
            let from = match &agent.path {
                None => "in gmsactl".to_owned(),
                Some(path) => path.display().to_string(),
            };
            format!(
                "agent {} ({from}, {} bytes)\n",
                short(&agent.sha256),
                agent.size
            )
        }
    };
    for host in &document.hosts {
        text += &on_host(host, paint);
    }
    text
}

fn on_host(row: &AgentOnHost, paint: &Paint) -> String {
    let state = match row.state {
        AgentState::Installed => paint.good("installed, and answers"),
        AgentState::Ready => paint.good("is there"),
        AgentState::Absent => paint.dim("is not there"),
        AgentState::Sent => paint.good("was sent"),
        AgentState::WouldBeSent => paint.warn("would be sent"),
        AgentState::Removed => paint.good("was removed"),
        AgentState::WouldBeRemoved => paint.warn("would be removed"),
        AgentState::Left => paint.bad("was left"),
        AgentState::Failed => paint.bad("failed"),
    };
    let mut text = format!("{} {state}", paint.strong(row.host.as_str()));
    if let Some(folder) = &row.folder {
        text += &format!(", {folder}");
    }
    if let Some(hello) = &row.hello {
        text += &format!(
            ", agent {}, protocol {}, {}",
            hello.version, hello.protocol, hello.os
        );
    }
    text += "\n";
    for file in &row.files {
        let which = if file.current {
            ""
        } else {
            " (not this gmsactl's)"
        };
        text += &format!("  {} {} bytes{which}\n", short_name(&file.name), file.size);
    }
    if row.others > 0 {
        text += &format!("  {} other things in the folder\n", row.others);
    }
    if let Some(error) = &row.error {
        text += &format!("  because {error}\n");
    }
    if let Some(advice) = &row.advice {
        text += &format!("  {} {advice}\n", paint.strong("what to do:"));
    }
    text
}

fn short(sha256: &str) -> String {
    sha256.chars().take(SHOWN).collect()
}

/// `gmsactl-agent-` and the beginning of the hash; `.part` stays to be seen.
fn short_name(name: &str) -> String {
    let (stem, end) = name.split_once('.').unwrap_or((name, ""));
    let (prefix, hash) = stem.rsplit_once('-').unwrap_or(("", stem));
    format!("{prefix}-{}….{end}", short(hash))
}
