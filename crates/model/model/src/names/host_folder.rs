//! A folder of a Windows host that gmsactl keeps its agent in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidName;

name!(
    /// An absolute folder of a Windows host, such as `C:\ProgramData\gmsactl`, whose path every shell reads alike: without
    /// blanks, quotes or anything else that one of them would take for more than a letter.
    HostFolder, "folder", checked
);

impl HostFolder {
    /// Where the agent is put unless the estate says otherwise.
    pub const AGENT: &str = r"C:\ProgramData\gmsactl";

    /// A file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        format!(r"{}\{name}", self.0)
    }

    /// The folder as an SFTP server on Windows names it: `/C:/ProgramData/gmsactl`.
    #[must_use]
    pub fn for_sftp(&self) -> String {
        format!("/{}", self.0.replace('\\', "/"))
    }
}

impl Default for HostFolder {
    fn default() -> Self {
        Self(Self::AGENT.to_owned())
    }
}

/// Windows' own limit of a path is 260; the agent's file name takes 87 of them.
const LONGEST: usize = 150;

fn checked(text: &str) -> Result<String, &'static str> {
    let plain = |part: &str| {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !part.is_empty() && part.chars().all(letter) && !part.ends_with('.')
    };
    let (drive, path) = text
        .split_once(r":\")
        .ok_or("is not of the form C:\\folder")?;
    if drive.len() != 1 || !drive.chars().all(|c| c.is_ascii_alphabetic()) {
        return Err("is not of the form C:\\folder");
    }
    if text.len() > LONGEST {
        return Err("is too long");
    }
    if !path.split('\\').all(plain) {
        return Err("holds more than letters, digits and - _ . between its backslashes");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_could_misread_is_refused() {
        for text in [
            "",
            "C:",
            r"C:\",
            r"\\server\share",
            r"C:gmsactl",
            r"C:\Program Files\gmsactl",
            r"C:\a\..\b",
            r"C:\a\\b",
            r"C:\a'b",
            r"C:\a\",
            r"C:\%TEMP%",
            "C:/gmsactl",
            r"CD:\gmsactl",
        ] {
            assert!(text.parse::<HostFolder>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn it_is_named_for_files_and_for_sftp() {
        let folder = HostFolder::default();
        assert_eq!(folder.as_str().parse::<HostFolder>(), Ok(folder.clone()));
        assert_eq!(folder.file("a.exe"), r"C:\ProgramData\gmsactl\a.exe");
        assert_eq!(folder.for_sftp(), "/C:/ProgramData/gmsactl");
    }
}
