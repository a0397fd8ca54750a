//! A component of the catalogue, as the planner's profile.

use model::finding::{Finding, FindingKind, Severity};
use model::inventory::HostInventory;
use model::names::{
    ComponentId, DnsName, GmsaName, LogonAccount, SamAccountName, ServiceName, Spn,
};
use planner::{HostView, KeySetTools, Profile, Suggestion, findings as planner_findings};
use serde::Deserialize;

use crate::key_set::KeySet;
use crate::version::Version;

const DATA: &str = include_str!("../data/components.toml");

const VERSION_TOO_OLD: FindingKind = FindingKind {
    id: "MIM-001",
    severity: Severity::Blocks,
    why: "earlier builds cannot run under a gMSA: their key-set tools insist on a password",
    source: "Microsoft Learn, \"Identity Manager version release history\", 4.5.26.0 (KB4073679)",
};
const VERSION_UNKNOWN: FindingKind = FindingKind {
    id: "MIM-002",
    severity: Severity::Blocks,
    why: "builds before 4.5.26.0 cannot run under a gMSA",
    source: VERSION_TOO_OLD.source,
};

/// The kinds of findings that are MIM's own, in the order of their ids.
pub const FINDINGS: &[FindingKind] = &[VERSION_TOO_OLD, VERSION_UNKNOWN];

/// One component of Microsoft Identity Manager.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Component {
    id: ComponentId,
    title: String,
    service: ServiceName,
    product: String,
    minimum_version: Version,
    spn_classes: Vec<String>,
    gmsa: GmsaName,
    retrieval_group: SamAccountName,
    key_set: Option<KeySet>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    component: Vec<Component>,
}

/// All components that gmsactl can convert.
///
/// # Errors
/// Where the built-in data cannot be read: a defect of this build, which its tests exclude.
pub fn catalogue() -> Result<Vec<Component>, toml::de::Error> {
    Ok(toml::from_str::<Data>(DATA)?.component)
}

impl Profile for Component {
    fn component(&self) -> &ComponentId {
        &self.id
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn service(&self) -> &ServiceName {
        &self.service
    }

    fn registry(&self) -> Vec<(String, String)> {
        self.key_set.iter().map(KeySet::folder_location).collect()
    }

    fn owns(&self, spn: &Spn) -> bool {
        self.spn_classes
            .iter()
            .any(|class| class.eq_ignore_ascii_case(spn.class()))
    }

    fn expected_spns(&self, host: &DnsName) -> Vec<Spn> {
        self.spn_classes
            .iter()
            .filter_map(|class| format!("{class}/{host}").parse().ok())
            .collect()
    }

    fn suggestion(&self) -> Suggestion {
        Suggestion {
            gmsa: self.gmsa.clone(),
            retrieval_group: self.retrieval_group.clone(),
            key_set: self.key_set.as_ref().map(|key_set| key_set.file.clone()),
        }
    }

    fn findings(&self, view: &HostView<'_>) -> Vec<Finding> {
        let mut findings: Vec<_> = self.version_finding(view.host).into_iter().collect();
        findings.extend(self.key_set_finding(view));
        findings
    }

    fn version(&self, host: &HostInventory) -> Option<String> {
        host.products
            .iter()
            .find(|product| product.name == self.product)
            .map(|product| product.version.clone())
    }

    fn key_set(
        &self,
        view: &HostView<'_>,
        old: &LogonAccount,
        new: &LogonAccount,
    ) -> Option<KeySetTools> {
        self.key_set.as_ref()?.tools(view, old, new)
    }
}

impl Component {
    fn version_finding(&self, host: &HostInventory) -> Option<Finding> {
        let found = Profile::version(self, host);
        let subject = format!("{}, {}", host.name, self.product);
        let advice = format!(
            "install hotfix {} or later on it, then discover again",
            self.minimum_version
        );
        match found.as_deref().map(str::parse::<Version>) {
            Some(Ok(version)) if version >= self.minimum_version => None,
            Some(Ok(version)) => {
                let what = format!(
                    "it has build {version}, gMSA support begins with {}",
                    self.minimum_version
                );
                Some(VERSION_TOO_OLD.found(subject, what, advice))
            }
            Some(Err(error)) => Some(VERSION_UNKNOWN.found(subject, error.to_string(), advice)),
            None => {
                let what = "its build is not known: Windows does not list it as installed";
                Some(VERSION_UNKNOWN.found(
                    subject,
                    what,
                    "repair the installation, or look which product owns the service",
                ))
            }
        }
    }

    fn key_set_finding(&self, view: &HostView<'_>) -> Option<Finding> {
        let key_set = self.key_set.as_ref()?;
        let (key, value) = key_set.folder_location();
        let file = view.conversion.key_set.as_deref().unwrap_or(&key_set.file);
        let subject = format!("{}, key set", view.host.name);
        if view.service.logon_account.without_dollar() != view.service.logon_account.to_string() {
            return None; // Converted already: nothing is exported.
        }
        if key_set.folder(view.host).is_none() {
            let what = format!("the product's folder is not in the registry ({key}, {value})");
            return Some(planner_findings::KEY_SET_UNKNOWN.found(
                subject,
                what,
                "repair the installation of the product",
            ));
        }
        if KeySet::folder_of(file).is_none() {
            let what = format!("key-set = {file} is no absolute path");
            return Some(planner_findings::KEY_SET_UNKNOWN.found(
                subject,
                what,
                "name a file with its drive, such as C:\\MIMBackup\\miiskeys-1.bin",
            ));
        }
        view.host.files.get(file).map(|hash| {
            let what = format!("{file} is there already (SHA-256 {hash})");
            let advice =
                "move it to a safe place, or name another file as key-set in conversion.toml";
            planner_findings::KEY_SET_FILE_EXISTS.found(subject, what, advice)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_can_be_read_and_has_no_component_twice() {
        let catalogue = catalogue().unwrap();
        let mut ids: Vec<_> = catalogue
            .iter()
            .map(|component| component.id.clone())
            .collect();
        assert!(!ids.is_empty());
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), catalogue.len());
    }

    #[test]
    fn only_its_own_spns_belong_to_a_component() {
        let catalogue = catalogue().unwrap();
        let sync = catalogue
            .iter()
            .find(|component| component.id.as_str() == "sync")
            .unwrap();
        assert!(sync.owns(&"pcnsclnt/mimsync01.contoso.com".parse().unwrap()));
        assert!(!sync.owns(&"HTTP/mimsync01.contoso.com".parse().unwrap()));
    }
}
