//! What is done on the host with its own means, before there is an agent: scripts for Windows PowerShell.
//!
//! A script comes encoded in the command line ("about_PowerShell_exe", EncodedCommand), so that no shell between reads it.
//! What it is given is a folder and names without any letter that PowerShell would take for more than one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::names::HostFolder;

use super::agent_file::AgentFile;

/// The program that runs the scripts.
pub(crate) const POWERSHELL: &str = "powershell.exe";

const COMMON: &str = include_str!("scripts/common.ps1");

/// One script.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Script<'a> {
    /// Tells what is there, and changes nothing.
    Look,
    /// Makes the folder, unless it is there, for administrators and the system only; then tells what is there.
    Create,
    /// Writes base64 lines of its standard input into a file with another name, over whatever was there.
    Receive(&'a AgentFile),
    /// Gives an uploaded file its name if its content is whole, and deletes it if not; then tells what is there.
    Settle(&'a AgentFile),
    /// Deletes one agent, or every one that gmsactl ever put there, and the folder if nothing else is in it.
    Remove(Option<&'a AgentFile>),
}

impl Script<'_> {
    /// What it is for, as in "cannot …".
    pub(crate) fn doing(&self) -> &'static str {
        match self {
            Self::Look => "look for the agent",
            Self::Create => "make the agent's folder",
            Self::Receive(_) => "receive the agent",
            Self::Settle(_) => "check the agent that was sent",
            Self::Remove(_) => "remove the agent",
        }
    }

    /// Arguments of [`POWERSHELL`].
    pub(crate) fn arguments(&self, folder: &HostFolder) -> Vec<String> {
        let utf16: Vec<u8> = self
            .text(folder)
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let options = [
            "-NoLogo",
            "-NoProfile",
            "-NonInteractive",
            "-EncodedCommand",
        ];
        let mut arguments: Vec<String> = options.map(str::to_owned).to_vec();
        arguments.push(STANDARD.encode(utf16));
        arguments
    }

    fn text(&self, folder: &HostFolder) -> String {
        let (common, own, agent) = match self {
            Self::Look => (COMMON, include_str!("scripts/look.ps1"), None),
            Self::Create => (COMMON, include_str!("scripts/create.ps1"), None),
            // Alone, since a script with these blocks may have nothing else.
            Self::Receive(agent) => ("", include_str!("scripts/receive.ps1"), Some(*agent)),
            Self::Settle(agent) => (COMMON, include_str!("scripts/settle.ps1"), Some(*agent)),
            Self::Remove(agent) => (COMMON, include_str!("scripts/remove.ps1"), *agent),
        };
        let text = [common, own].concat().replace("@FOLDER@", folder.as_str());
        match agent {
            None => text.replace("@WHICH@", "*"),
            Some(agent) => text
                .replace("@NAME@", &agent.name())
                .replace("@SHA256@", agent.sha256())
                .replace("@WHICH@", &format!("{}*", agent.name())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// cmd.exe, which OpenSSH for Windows starts programs with, takes 8,191 characters ("Command prompt line string
    /// limitation").
    #[test]
    fn every_script_fits_a_command_line() {
        let agent = AgentFile::for_tests(b"agent");
        let folder: HostFolder = format!(r"C:\{}", "x".repeat(140)).parse().unwrap();
        for script in [
            Script::Look,
            Script::Create,
            Script::Receive(&agent),
            Script::Settle(&agent),
            Script::Remove(None),
            Script::Remove(Some(&agent)),
        ] {
            let length: usize = script
                .arguments(&folder)
                .iter()
                .map(|word| word.len() + 1)
                .sum();
            assert!(length + POWERSHELL.len() < 8000, "{script:?}: {length}");
            assert!(!script.text(&folder).contains('@'), "{script:?}");
        }
    }
}
