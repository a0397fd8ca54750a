//! What the planner must know of a product to convert it.

use model::database::{DatabaseLocation, DatabasePlace};
use model::finding::Finding;
use model::host::{AccessTree, AccountRight, Namespace, PropertyName};
use model::intent::Conversion;
use model::inventory::{Carried, Carrier, HostInventory, Inventory};
use model::names::{
    ComponentId, DnsName, GmsaName, LogonAccount, SamAccountName, ServiceName, Spn,
};
use model::plan::{PasswordHelper, SetupPage, ToolRun, Wizard};

/// A product's component: one service or application pool that can run as a gMSA.
pub trait Profile: Sync {
    /// Its name in intents.
    fn component(&self) -> &ComponentId;

    /// Its name for people.
    fn title(&self) -> &str;

    /// What of it has a logon account.
    fn carrier(&self) -> &Carrier;

    /// Services beside its own that discovery must look at.
    fn watched_services(&self) -> &[ServiceName];

    /// Registry values that discovery must read for it: key and value name.
    fn registry(&self) -> Vec<(String, String)>;

    /// Namespaces of WMI that it brings.
    fn namespaces(&self) -> &[Namespace] {
        &[]
    }

    /// Folders and registry keys whose access lists may name its account, beside its program's folder.
    fn trees(&self) -> &[AccessTree] {
        &[]
    }

    /// Registry values that hold more such folders: key and value name.
    fn folders(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Denials that would break what it does, whatever the old account has.
    fn must_not_be_denied(&self, _view: &HostView<'_>) -> Vec<AccountRight> {
        Vec::new()
    }

    /// Whether an SPN of the old account belongs to this component and moves with it.
    fn owns(&self, spn: &Spn) -> bool;

    /// SPNs that some account is expected to hold for this component on a host; that nobody does is no defect.
    fn expected_spns(&self, host: &DnsName) -> Vec<Spn>;

    /// Names to propose for it.
    fn suggestion(&self) -> Suggestion;

    /// What its own rules have to say about converting it on a host.
    fn findings(&self, view: &HostView<'_>) -> Vec<Finding>;

    /// The installed version on a host, for the plan's prior state.
    fn version(&self, host: &HostInventory) -> Option<String>;

    /// The tools around its key set; `None` for a component that has none, or where its folder is not known.
    fn key_set(
        &self,
        view: &HostView<'_>,
        old: &LogonAccount,
        new: &LogonAccount,
    ) -> Option<KeySetTools>;

    /// Where the registry says which database it has.
    fn database_location(&self) -> Option<DatabaseLocation> {
        None
    }

    /// The role that its logon account needs in that database.
    fn database_role(&self) -> &str {
        ""
    }

    /// Its database on a host, as the registry there has it.
    fn database(&self, host: &HostInventory) -> Option<DatabasePlace> {
        host.database(&self.database_location()?)
    }

    /// The password that it stores for its logon account and the intent wants stored anew; `None` for a component that
    /// has none, or where its folder is not known.
    fn stored_password(&self, _view: &HostView<'_>) -> Option<StoredPassword> {
        None
    }

    /// Where its setup may save a key set by itself, for a component that has one: the first is where a person is told
    /// to save it.
    fn saved_key_sets(&self, _view: &HostView<'_>) -> Vec<String> {
        Vec::new()
    }

    /// What its setup is told in a silent run that gives it the gMSA; `None` where its setup is not known.
    fn setup(&self, _view: &HostView<'_>) -> Option<SilentSetup> {
        None
    }

    /// The way through its setup's wizard that gives it the gMSA; `None` where that is not known. `key_set` is the file
    /// to give it, `None` where none is to be activated.
    fn wizard(&self, _view: &HostView<'_>, _key_set: Option<&str>) -> Option<Wizard> {
        None
    }
}

/// What a silent setup is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SilentSetup {
    /// Name of the product that it sets up.
    pub product: String,
    /// By page: every setting whose value is known.
    pub pages: Vec<SetupPage>,
    /// Settings that it must be told and that nobody knows: the intent has to say them.
    pub unknown: Vec<PropertyName>,
    /// Components of the same product on the host whose accounts cannot be told, because they have passwords.
    pub untold: Vec<String>,
    /// A component that has to have its gMSA before.
    pub first: Option<String>,
    /// Settings that it is not told for a known reason: of what is not on the host or not named here, or of no value.
    pub left_out: Vec<PropertyName>,
    /// Settings that not every package has: of one that does not know them they are not told, and not asked for.
    pub where_known: Vec<PropertyName>,
}

impl SilentSetup {
    /// Without the settings that this package need not know, and does not.
    #[must_use]
    pub fn for_package(mut self, package: &PackageFacts) -> Self {
        let lacks = |name: &PropertyName| {
            let known = package
                .properties
                .iter()
                .any(|known| known == name.as_str());
            self.where_known.contains(name) && !known
        };
        for page in &mut self.pages {
            page.properties.retain(|property| !lacks(&property.name));
        }
        self.pages.retain(|page| !page.properties.is_empty());
        self.unknown.retain(|name| !lacks(name));
        self
    }
}

/// What a package's own tables say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFacts {
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Name of the product.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its product code.
    pub code: String,
    /// The names of its properties.
    pub properties: Vec<String>,
    /// What the fields of its pages set, but for passwords: the names of public properties.
    pub fields: Vec<PropertyName>,
}

/// A password that a product keeps encrypted for its logon account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// Whose password.
    pub account: LogonAccount,
    /// What encrypts it.
    pub helper: PasswordHelper,
    /// Key of the registry value that gets it.
    pub key: String,
    /// Name of that value.
    pub value: String,
    /// Name of the value beside it that must be empty then.
    pub empty: String,
}

/// A component that cannot run under a gMSA: refused by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its name in intents.
    pub component: ComponentId,
    /// Its name for people.
    pub title: String,
    /// Why not.
    pub why: String,
    /// What to do instead.
    pub instead: String,
    /// Where this knowledge comes from.
    pub source: String,
}

/// One host of one conversion.
#[derive(Debug, Clone, Copy)]
pub struct HostView<'a> {
    /// Everything that was found.
    pub inventory: &'a Inventory,
    /// The host.
    pub host: &'a HostInventory,
    /// The component's service or pool there.
    pub carried: Carried<'a>,
    /// What is wanted.
    pub conversion: &'a Conversion,
    /// What is wanted before it: done when this one's turn comes.
    pub before: &'a [Conversion],
    /// The gMSA as a logon account.
    pub gmsa: &'a LogonAccount,
}

/// Names to propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The gMSA.
    pub gmsa: GmsaName,
    /// The retrieval group.
    pub retrieval_group: SamAccountName,
    /// Where the key set goes, for a component that has one.
    pub key_set: Option<String>,
    /// Groups that the gMSA joins where the old account is a member of them.
    pub groups: Vec<SamAccountName>,
}

/// The command lines around a key set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySetTools {
    /// The file that it is exported to.
    pub file: String,
    /// That file's folder.
    pub folder: String,
    /// Exports it, while the old account is in place.
    pub export: ToolRun,
    /// Activates it for the gMSA.
    pub restore: ToolRun,
    /// Activates it for the old account again.
    pub way_back: ToolRun,
}

#[cfg(test)]
mod tests {
    use model::host::PropertyValue;
    use model::plan::PlannedProperty;

    use super::*;

    #[test]
    fn what_a_package_need_not_know_is_told_only_where_it_does() {
        let names = |names: &str| -> Vec<PropertyName> {
            let names = names.split_whitespace();
            names
                .map(|name| PropertyName::parse(name).unwrap())
                .collect()
        };
        let told = |name: &str| PlannedProperty {
            name: PropertyName::parse(name).unwrap(),
            value: PropertyValue::parse("8089").unwrap(),
            reason: String::new(),
            kept_in: None,
        };
        let page = |title: &str, properties: Vec<PlannedProperty>| SetupPage {
            title: title.to_owned(),
            properties,
        };
        let setup = SilentSetup {
            pages: vec![
                page("reset", vec![told("RESET_ACCOUNT"), told("RESET_PORT")]),
                page("rest", vec![told("MIMPAM_REST_API_PORT")]),
            ],
            unknown: names("REGISTRATION_PORT MAIL_SERVER"),
            where_known: names("RESET_PORT MIMPAM_REST_API_PORT REGISTRATION_PORT"),
            ..SilentSetup::default()
        };
        let mut package = PackageFacts {
            sha256: String::new(),
            name: "a product".to_owned(),
            version: "1".to_owned(),
            code: String::new(),
            properties: vec!["RESET_PORT".to_owned()],
            fields: Vec::new(),
        };
        let short = setup.clone().for_package(&package);
        let pages = [page(
            "reset",
            vec![told("RESET_ACCOUNT"), told("RESET_PORT")],
        )];
        assert_eq!(short.pages, pages, "what it must know stays");
        assert_eq!(short.unknown, names("MAIL_SERVER"));
        package.properties = ["MIMPAM_REST_API_PORT", "RESET_PORT", "REGISTRATION_PORT"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(setup.clone().for_package(&package), setup);
    }
}
