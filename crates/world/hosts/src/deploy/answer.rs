//! From what a script printed to what it means.

use super::error::DeployError;
use super::script::Script;
use super::shell::Printed;

/// What of an answer that is not understood is repeated to people, in characters.
const REPEATED: usize = 200;

/// What a script printed instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It failed, and says so.
    Failed(String),
    /// Something else talks.
    Garbled(String),
}

impl Said {
    /// Of these words.
    pub(crate) fn garbled(text: &str) -> Self {
        let printable = text.trim().chars().filter(|c| !c.is_control());
        Self::Garbled(printable.take(REPEATED).collect())
    }
}

/// The answer of a script that has nothing to tell.
pub(crate) fn only_end(text: &str) -> Result<(), Said> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match lines.next() {
        Some("end") => Ok(()),
        Some(line) => Err(match line.strip_prefix("error ") {
            Some(why) => Said::Failed(why.to_owned()),
            None => Said::garbled(line),
        }),
        None => Err(Said::garbled("")),
    }
}

impl Printed {
    /// What it means.
    pub(crate) fn understood<T, E: From<DeployError>>(
        &self,
        script: Script<'_>,
        read: impl FnOnce(&str) -> Result<T, Said>,
    ) -> Result<T, E> {
        let doing = script.doing();
        let text = String::from_utf8_lossy(&self.stdout);
        read(&text).map_err(|said| {
            let error = match said {
                Said::Failed(said) => DeployError::Host { doing, said },
                Said::Garbled(said) => DeployError::NoAnswer {
                    doing,
                    said: [said.as_str(), &self.end]
                        .iter()
                        .filter(|words| !words.is_empty())
                        .map(|words| format!("; {words}"))
                        .collect(),
                },
            };
            error.into()
        })
    }
}
