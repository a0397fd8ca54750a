//! The packages of the rig's products as hosts see them, and how setup is run from them in change mode by hand.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::answer::Answer;
use super::scene::Scene;
use crate::rig::Rig;

/// A product's package, and the settings that setup in change mode is told so that they stay.
pub struct Media {
    variable: &'static str,
    /// Where the stand-in keeps settings that the product keeps in its database or in files.
    pub key: &'static str,
    /// Those that no registry value of the product has.
    pub settings: &'static [(&'static str, &'static str)],
    /// Those that one has.
    pub in_registry: &'static [(&'static str, &'static str)],
}

/// The Synchronization Service's.
pub const SYNC: Media = Media {
    variable: "RIG_PACKAGE",
    key: r"HKLM\SOFTWARE\Stand-in Synchronization Service\Settings",
    settings: &[
        ("GROUPADMINS", r"CONTOSO\MIMSyncAdmins"),
        ("GROUPOPERATORS", r"CONTOSO\MIMSyncOperators"),
        ("GROUPACCOUNTJOINERS", r"CONTOSO\MIMSyncJoiners"),
        ("GROUPBROWSE", r"CONTOSO\MIMSyncBrowse"),
        ("GROUPPASSWORDSET", r"CONTOSO\MIMSyncPasswordSet"),
    ],
    in_registry: &[
        ("STORESERVER", "localhost"),
        ("SQLDB", "FIMSynchronizationService"),
    ],
};

/// That of MIM Service, portals and PAM.
pub const SERVICE: Media = Media {
    variable: "RIG_SERVICE_PACKAGE",
    key: r"HKLM\SOFTWARE\Stand-in Service and Portal",
    settings: &[
        ("MAIL_SERVER", "mail.contoso.com"),
        ("SERVICEADDRESS", "mimservice.contoso.com"),
        ("SYNCHRONIZATION_SERVER", "mimsync01.contoso.com"),
    ],
    in_registry: &[
        ("SQLSERVER_SERVER", "localhost"),
        ("SQLSERVER_DATABASE", "FIMService"),
        ("EXISTINGDATABASE", "1"),
    ],
};

impl Media {
    /// The package where the tests run.
    pub fn copy(&self) -> PathBuf {
        Rig::get().path(self.variable)
    }

    /// The same file as the hosts see it.
    pub fn package(&self) -> String {
        windows_path(&self.copy())
    }

    /// The line for `conversion.toml` that has setup run silently, told everything that the registry does not have.
    pub fn by_setup(&self, also: &[(&str, &str)]) -> String {
        let settings = self.settings.iter().chain(also);
        let settings: Vec<_> = settings
            .map(|(name, value)| format!("{name} = '{value}'"))
            .collect();
        format!(
            "strategy = \"installer\"\nsetup = {{ package = '{}', copy = '{}', properties = {{ {} }} }}\n",
            self.package(),
            self.copy().display(),
            settings.join(", ")
        )
    }

    /// What restates every setting.
    pub fn restated(&self) -> Vec<(String, String)> {
        let settings = self.settings.iter().chain(self.in_registry);
        settings
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    /// `msi change` with these properties.
    pub fn change(
        &self,
        scene: &Scene,
        host: &str,
        properties: &[(String, String)],
        also: &[&str],
    ) -> Answer {
        let mut command = scene.gmsactl();
        command.args([
            "--json",
            "msi",
            "change",
            host,
            "--package",
            &self.package(),
        ]);
        command.arg("--copy").arg(self.copy());
        for (name, value) in properties {
            command.arg("--property").arg(format!("{name}={value}"));
        }
        scene.answer(command.args(also))
    }
}

/// A text in a host's registry.
pub fn registry_text(scene: &Scene, host: &str, key: &str, name: &str) -> String {
    let shown = scene.json(&["host", "registry", "show", host, key, name]);
    let shown = shown.ended(super::answer::DONE).json();
    let text = shown["value"]["REG_SZ"].as_str();
    text.unwrap_or_else(|| panic!("{name} of {key}: {shown}"))
        .to_owned()
}

/// The step of this kind on a host that a document tells of.
pub fn step_of<'a>(document: &'a Value, id: &str) -> &'a Value {
    let steps = document["steps"].as_array().unwrap();
    let step = steps
        .iter()
        .find(|step| step["id"].as_str().unwrap().starts_with(id));
    step.unwrap_or_else(|| panic!("no step {id}: {document:#}"))
}

/// The Z: drive of a Wine host is this machine's root.
fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', r"\"))
}
