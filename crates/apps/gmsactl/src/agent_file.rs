//! Where the agent comes from that is put on hosts: the file that is named, the copy in gmsactl, a file beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hosts::AgentFile;

use crate::error::Failure;
use crate::options::Global;

/// What the build took in: see `build.rs`.
const CARRIED: Option<&[u8]> = include!(concat!(env!("OUT_DIR"), "/carried_agent.rs"));
/// Looked for beside gmsactl.
const FILE_NAME: &str = "gmsactl-agent.exe";

/// The agent, and where it is from.
pub struct FoundAgent {
    /// The agent.
    pub file: Arc<AgentFile>,
    /// `None` for the copy in gmsactl.
    pub path: Option<PathBuf>,
}

/// The first that there is; `None` where there is none.
pub fn find(global: &Global) -> Result<Option<FoundAgent>, Failure> {
    if let Some(path) = &global.agent_file {
        return read(path).map(Some);
    }
    if let Some(bytes) = CARRIED {
        let file = AgentFile::new(bytes.to_vec()).map_err(|why| {
            let message = format!("the agent in this gmsactl cannot be used: {why}");
            Failure::new("agent-file", message).hint("--agent-file FILE names another one")
        })?;
        let file = Arc::new(file);
        return Ok(Some(FoundAgent { file, path: None }));
    }
    let gmsactl = std::env::current_exe().ok();
    let beside = gmsactl.map(|gmsactl| gmsactl.with_file_name(FILE_NAME));
    match beside.filter(|path| path.is_file()) {
        Some(path) => read(&path).map(Some),
        None => Ok(None),
    }
}

fn read(path: &Path) -> Result<FoundAgent, Failure> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::file("agent-file", "the agent", path, &error))?;
    let file = AgentFile::new(bytes).map_err(|why| {
        let message = format!("{} is not the agent: {why}", path.display());
        Failure::new("agent-file", message)
            .hint("it is gmsactl-agent.exe, of the same version as gmsactl")
    })?;
    let (file, path) = (Arc::new(file), Some(path.to_owned()));
    Ok(FoundAgent { file, path })
}
