//! The command lines of the Synchronization Service's key-set tools.
//!
//! `miiskmu /e FILE /u:"DOMAIN\user" * /q` exports; `*` makes it ask for the password, which reaches it through its
//! standard input. `miisactivate FILE "DOMAIN\name" [*] /q` activates: for a gMSA without a password, and in this one
//! place without the `$` (Microsoft Learn, "Prepare a domain for MIM with gMSA"). Not yet seen on Windows: whether
//! both tools take the answer to `*` from a redirected standard input.

use model::inventory::HostInventory;
use model::names::LogonAccount;
use model::plan::ToolRun;
use planner::{HostView, KeySetTools};
use serde::Deserialize;

/// Where the tools are and what they write.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct KeySet {
    folder_key: String,
    folder_value: String,
    export_tool: String,
    pub activate_tool: String,
    /// The file to export to, unless the intent names another.
    pub file: String,
    /// The name under which setup offers to save a key set of its own.
    saved_by_setup: String,
}

/// Where a program of Windows writes a file that is named without a folder; the export tool's own default.
const SYSTEM_FOLDER: &str = r"C:\Windows\System32";

impl KeySet {
    /// The registry value that holds the product's folder: key and value name.
    pub fn folder_location(&self) -> (String, String) {
        (self.folder_key.clone(), self.folder_value.clone())
    }

    /// The product's folder on a host, without a backslash at its end.
    pub fn folder<'a>(&self, host: &'a HostInventory) -> Option<&'a str> {
        let folder = host
            .registry_text(&self.folder_key, &self.folder_value)?
            .trim_end_matches('\\');
        (!folder.is_empty()).then_some(folder)
    }

    /// The folder of an absolute Windows path.
    pub fn folder_of(file: &str) -> Option<String> {
        let (folder, name) = file.rsplit_once('\\')?;
        let drive = folder.as_bytes().get(1) == Some(&b':')
            && folder.as_bytes().first()?.is_ascii_alphabetic();
        let root = folder.len() == 2;
        (drive && !name.is_empty()).then(|| {
            if root {
                format!("{folder}\\")
            } else {
                folder.to_owned()
            }
        })
    }

    /// Where setup may save a key set of its own: beside the exported one, which is what a person is told, in the
    /// product's folder, or where programs write that are told no folder. Nobody published where it does.
    pub fn saved_by_setup(&self, view: &HostView<'_>) -> Vec<String> {
        let exported = view.conversion.key_set.as_deref().unwrap_or(&self.file);
        let product = self.folder(view.host);
        let folders = [
            Self::folder_of(exported),
            product.map(|folder| format!("{folder}\\Bin")),
            product.map(str::to_owned),
            Some(SYSTEM_FOLDER.to_owned()),
        ];
        let folders = folders.into_iter().flatten();
        folders
            .map(|folder| format!("{}\\{}", folder.trim_end_matches('\\'), self.saved_by_setup))
            .filter(|file| !file.eq_ignore_ascii_case(exported))
            .collect()
    }

    /// The three command lines of a conversion; `None` where a folder is not known.
    pub fn tools(
        &self,
        view: &HostView<'_>,
        old: &LogonAccount,
        new: &LogonAccount,
    ) -> Option<KeySetTools> {
        let product = self.folder(view.host)?;
        let file = view
            .conversion
            .key_set
            .clone()
            .unwrap_or_else(|| self.file.clone());
        let folder = Self::folder_of(&file)?;
        let export = ToolRun {
            program: format!("{product}\\{}", self.export_tool),
            args: vec![
                "/e".into(),
                file.clone(),
                format!("/u:{old}"),
                "*".into(),
                "/q".into(),
            ],
            password_of: Some(old.clone()),
        };
        let activate = |arguments: &[String], password_of| ToolRun {
            program: format!("{product}\\{}", self.activate_tool),
            args: [std::slice::from_ref(&file), arguments, &["/q".to_owned()]].concat(),
            password_of,
        };
        Some(KeySetTools {
            restore: activate(&[new.without_dollar()], None),
            way_back: activate(&[old.to_string(), "*".to_owned()], Some(old.clone())),
            export,
            folder,
            file,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_absolute_paths_only() {
        assert_eq!(
            KeySet::folder_of(r"C:\MIMBackup\keys.bin").as_deref(),
            Some(r"C:\MIMBackup")
        );
        assert_eq!(KeySet::folder_of(r"D:\keys.bin").as_deref(), Some(r"D:\"));
        for path in [
            "keys.bin",
            r"MIMBackup\keys.bin",
            r"C:\MIMBackup\",
            "/tmp/keys.bin",
            r"\\server\share\keys.bin",
        ] {
            assert_eq!(KeySet::folder_of(path), None, "{path}");
        }
    }
}
