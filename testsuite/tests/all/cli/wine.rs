//! A Windows host of the rig, asked past gmsactl: Wine's own programs in its prefix.

use std::path::PathBuf;
use std::process::Command;

use crate::rig::Rig;

/// A host: the end of its prefix's name.
#[derive(Debug, Clone, Copy)]
pub struct Wine(pub &'static str);

impl Wine {
    /// The folder that is the host.
    pub fn prefix(&self) -> PathBuf {
        Rig::get().path("RIG_WINE_PREFIXES").join(self.0)
    }

    /// What a program of Wine says. Wine's own tools fail now and then on a host where programs have just ended.
    #[track_caller]
    pub fn says(&self, arguments: &[&str]) -> String {
        let again = |_| self.try_says(arguments);
        self.try_says(arguments)
            .or_else(again)
            .or_else(again)
            .unwrap_or_else(|why| panic!("{why}"))
    }

    /// The same, tried once; where it fails, what it said.
    fn try_says(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("wine")
            .args(arguments)
            .env("WINEPREFIX", self.prefix())
            .env("WINEDEBUG", "-all")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        let why = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}: {arguments:?}: {said} {why}", self.0))
    }
}
