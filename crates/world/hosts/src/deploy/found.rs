//! What a script found on the host.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::names::HostFolder;
use security::{SecurityDescriptor, Sid};

use super::access::exposure;
use super::agent_file::AgentFile;
use super::answer::Said;
use super::error::DeployError;

/// FILE_ATTRIBUTE_DIRECTORY and FILE_ATTRIBUTE_REPARSE_POINT ([MS-FSCC] 2.6, "File Attributes").
const DIRECTORY: u32 = 0x10;
const REPARSE_POINT: u32 = 0x400;

/// Where agents are put on a host, as it was when it was looked at.
#[derive(Debug)]
pub struct Found {
    /// Who logged on.
    operator: Sid,
    /// `None` where there is no folder.
    folder: Option<FoundFolder>,
    /// Files that were removed, and those that could not be.
    removed: Vec<String>,
    kept: Vec<String>,
}

#[derive(Debug)]
struct FoundFolder {
    attributes: u32,
    access: SecurityDescriptor,
    files: Vec<FoundFile>,
    others: usize,
}

/// A file that has the name of an agent.
#[derive(Debug)]
pub struct FoundFile {
    /// Its name.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// SHA-256, 64 hexadecimal digits in lower case.
    pub sha256: String,
    access: SecurityDescriptor,
}

impl Found {
    /// Reads what a script printed.
    ///
    /// # Errors
    /// What the script says went wrong, or a line that is none of its own.
    pub(super) fn parse(text: &str) -> Result<Self, Said> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let (mut operator, mut folder, mut ended) = (None, None::<FoundFolder>, false);
        let (mut removed, mut kept) = (Vec::new(), Vec::new());
        for line in lines {
            let garbled = || Said::garbled(line);
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let mut words = rest.split(' ');
            let mut next = || words.next().ok_or_else(garbled);
            match (word, &mut folder) {
                ("error", _) => return Err(Said::Failed(rest.to_owned())),
                ("removed", _) => removed.push(next()?.to_owned()),
                ("kept", _) => kept.push(next()?.to_owned()),
                ("user", _) => operator = Some(next()?.parse().map_err(|_| garbled())?),
                ("folder", folder) => {
                    *folder = Some(FoundFolder {
                        attributes: next()?.parse().map_err(|_| garbled())?,
                        access: descriptor(next()?).ok_or_else(garbled)?,
                        files: Vec::new(),
                        others: 0,
                    });
                }
                ("file", Some(folder)) => folder.files.push(FoundFile {
                    name: next()?.to_owned(),
                    size: next()?.parse().map_err(|_| garbled())?,
                    sha256: next()?.to_lowercase(),
                    access: descriptor(next()?).ok_or_else(garbled)?,
                }),
                ("other", Some(folder)) => folder.others += 1,
                ("end", _) => ended = true,
                _ => return Err(garbled()),
            }
        }
        match operator {
            Some(operator) if ended => Ok(Self {
                operator,
                folder,
                removed,
                kept,
            }),
            _ => Err(Said::garbled(text)),
        }
    }

    /// Whether the folder is there.
    pub fn has_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// Names of the files that were just removed.
    pub fn removed(&self) -> &[String] {
        &self.removed
    }

    /// Names of those that could not be: they are in use.
    pub fn kept(&self) -> &[String] {
        &self.kept
    }

    /// Every agent there, whole or not, of any version.
    pub fn files(&self) -> &[FoundFile] {
        self.folder.as_ref().map_or(&[], |folder| &folder.files)
    }

    /// How many things are in the folder that no gmsactl put there.
    pub fn others(&self) -> usize {
        self.folder.as_ref().map_or(0, |folder| folder.others)
    }

    /// Whether the folder is one to put an agent into; true also while there is none.
    ///
    /// # Errors
    /// When it is no folder, leads elsewhere, or others may write to it.
    pub fn check_folder(&self, path: &HostFolder) -> Result<(), DeployError> {
        self.check_is_folder(path)?;
        match &self.folder {
            Some(folder) => self.check(path.to_string(), &folder.access),
            None => Ok(()),
        }
    }

    /// Whether it is a folder itself, or nothing.
    pub(super) fn check_is_folder(&self, path: &HostFolder) -> Result<(), DeployError> {
        let attributes = self.folder.as_ref().map(|folder| folder.attributes);
        match attributes {
            Some(bits) if bits & DIRECTORY == 0 || bits & REPARSE_POINT != 0 => {
                let path = path.to_string();
                Err(DeployError::NoFolder { path })
            }
            _ => Ok(()),
        }
    }

    /// Whether this agent is there, can be trusted and started.
    ///
    /// # Errors
    /// As [`Found::check_folder`], and when the file is another than its name says, or others may write to it.
    pub fn check_agent(&self, path: &HostFolder, agent: &AgentFile) -> Result<bool, DeployError> {
        self.check_folder(path)?;
        let name = agent.name();
        let Some(file) = self.files().iter().find(|file| file.name == name) else {
            return Ok(false);
        };
        self.check(path.file(&name), &file.access)?;
        if file.sha256 != agent.sha256() {
            return Err(DeployError::Tampered {
                path: path.file(&name),
                sha256: file.sha256.clone(),
            });
        }
        Ok(true)
    }

    fn check(&self, path: String, access: &SecurityDescriptor) -> Result<(), DeployError> {
        match exposure(access, self.operator) {
            None => Ok(()),
            Some(who) => Err(DeployError::Exposed { path, who }),
        }
    }
}

fn descriptor(base64: &str) -> Option<SecurityDescriptor> {
    SecurityDescriptor::from_bytes(&STANDARD.decode(base64).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> String {
        let safe = SecurityDescriptor::from_sddl("O:BAD:(A;;FA;;;BA)").unwrap();
        STANDARD.encode(safe.to_bytes())
    }

    #[test]
    fn hostile_answers_are_errors() {
        let access = access();
        for text in [
            String::new(),
            "end".to_owned(),
            "user S-1-5-18".to_owned(),
            "user nobody\nend".to_owned(),
            "user S-1-5-18\nfile a 1 00 x\nend".to_owned(),
            format!("user S-1-5-18\nfolder x {access}\nend"),
            "user S-1-5-18\nfolder 16 AAAA\nend".to_owned(),
            format!("user S-1-5-18\nfolder 16 {access}\nfile a 1\nend"),
            "bash: powershell.exe: command not found".to_owned(),
        ] {
            assert!(
                matches!(Found::parse(&text), Err(Said::Garbled(_))),
                "{text}"
            );
        }
        let failed = Found::parse("user S-1-5-18\r\nerror Access is denied.\r\n").unwrap_err();
        assert_eq!(failed, Said::Failed("Access is denied.".to_owned()));
    }

    #[test]
    fn links_and_files_are_no_folders() {
        let found = |attributes: u32| {
            let text = format!(
                "user S-1-5-18\nfolder {attributes} {}\nother\nend",
                access()
            );
            Found::parse(&text).unwrap()
        };
        let path = HostFolder::default();
        assert!(found(DIRECTORY).check_folder(&path).is_ok());
        assert_eq!(found(DIRECTORY).others(), 1);
        for attributes in [0x20, DIRECTORY | REPARSE_POINT] {
            let error = found(attributes).check_folder(&path);
            assert!(matches!(error, Err(DeployError::NoFolder { .. })));
        }
    }
}
