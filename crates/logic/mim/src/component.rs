//! A component of the catalogue, as the planner's profile.

use model::database::DatabaseLocation;
use model::finding::Finding;
use model::host::{AccessTree, AccountRight, Namespace};
use model::inventory::{Carried, Carrier, HostInventory, WebFolder};
use model::names::{
    ComponentId, DnsName, GmsaName, LogonAccount, SamAccountName, ServiceName, Spn,
};
use model::plan::Wizard;
use planner::{HostView, KeySetTools, Profile, SilentSetup, StoredPassword, Suggestion};
use serde::Deserialize;

use crate::exchange;
use crate::key_set::KeySet;
use crate::rules;
use crate::setup_data;
use crate::silent;
use crate::version::Version;
use crate::wizard;

/// One component of Microsoft Identity Manager.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Entry")]
pub struct Component {
    pub(crate) entry: Entry,
    carrier: Carrier,
    watched: Vec<ServiceName>,
}

/// A component as the catalogue's file has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Entry {
    pub id: ComponentId,
    pub title: String,
    service: Option<ServiceName>,
    pool_at: Option<RegistryValue>,
    pool_of_folder: Option<String>,
    pub product: String,
    pub minimum_version: Version,
    /// Namespaces of WMI that come with it.
    #[serde(default)]
    namespaces: Vec<Namespace>,
    /// Folders and registry keys whose access lists may name its account.
    #[serde(default)]
    trees: Vec<AccessTree>,
    /// Classes of the SPNs that are the component's.
    #[serde(default)]
    spn_classes: Vec<String>,
    /// Those of them that are expected with the host's own name.
    #[serde(default)]
    host_spn_classes: Vec<String>,
    gmsa: GmsaName,
    retrieval_group: SamAccountName,
    #[serde(default)]
    pub groups: Vec<SamAccountName>,
    /// What setup in change mode may do beside the account.
    pub setup_also: Vec<String>,
    pub database: Option<Database>,
    pub key_set: Option<KeySet>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryValue {
    key: String,
    value: String,
}

/// Where the registry says which database a component has.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Database {
    pub key: String,
    pub server_value: String,
    pub instance_value: Option<String>,
    pub name_value: String,
    pub role: String,
}

impl TryFrom<Entry> for Component {
    type Error = String;

    fn try_from(entry: Entry) -> Result<Self, String> {
        let carrier = match (&entry.service, &entry.pool_at, &entry.pool_of_folder) {
            (Some(service), None, None) => Carrier::Service(service.clone()),
            (None, Some(at), None) => {
                Carrier::Pool(WebFolder::Registry(at.key.clone(), at.value.clone()))
            }
            (None, None, Some(folder)) => Carrier::Pool(WebFolder::Named(folder.clone())),
            _ => return Err(format!("{} is not found in exactly one way", entry.id)),
        };
        let watched = rules::watched_services(&entry.id);
        Ok(Self {
            entry,
            carrier,
            watched,
        })
    }
}

impl Component {
    /// Whether a host is taken for a warm standby: activating its key set would make it the active server, and what
    /// does not run is left alone, since only its operator knows better.
    pub(crate) fn stands_by(&self, carried: Carried<'_>) -> bool {
        self.entry.key_set.is_some() && !carried.runs()
    }
}

impl Profile for Component {
    fn component(&self) -> &ComponentId {
        &self.entry.id
    }

    fn title(&self) -> &str {
        &self.entry.title
    }

    fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    fn watched_services(&self) -> &[ServiceName] {
        &self.watched
    }

    fn registry(&self) -> Vec<(String, String)> {
        let mut values = self.folders();
        if let Some(database) = self.database_location() {
            let names = database.values();
            values.extend(names.map(|name| (database.key.clone(), name.to_owned())));
        }
        values.extend(rules::registry(&self.entry.id));
        values.extend(setup_data::registry(&self.entry.product));
        values.sort();
        values.dedup();
        values
    }

    fn namespaces(&self) -> &[Namespace] {
        &self.entry.namespaces
    }

    fn trees(&self) -> &[AccessTree] {
        &self.entry.trees
    }

    fn folders(&self) -> Vec<(String, String)> {
        let key_set = self.entry.key_set.iter();
        let mut folders: Vec<_> = key_set.map(KeySet::folder_location).collect();
        if let Carrier::Pool(WebFolder::Registry(key, value)) = &self.carrier {
            folders.push((key.clone(), value.clone()));
        }
        folders
    }

    fn must_not_be_denied(&self, view: &HostView<'_>) -> Vec<AccountRight> {
        rules::must_not_be_denied(view)
    }

    fn owns(&self, spn: &Spn) -> bool {
        has_class(&self.entry.spn_classes, spn)
    }

    fn expected_spns(&self, host: &DnsName) -> Vec<Spn> {
        self.entry
            .host_spn_classes
            .iter()
            .filter_map(|class| format!("{class}/{host}").parse().ok())
            .collect()
    }

    fn suggestion(&self) -> Suggestion {
        let entry = &self.entry;
        Suggestion {
            gmsa: entry.gmsa.clone(),
            retrieval_group: entry.retrieval_group.clone(),
            key_set: entry.key_set.as_ref().map(|key_set| key_set.file.clone()),
            groups: entry.groups.clone(),
        }
    }

    fn findings(&self, view: &HostView<'_>) -> Vec<Finding> {
        rules::findings(self, view)
    }

    fn version(&self, host: &HostInventory) -> Option<String> {
        host.products
            .iter()
            .find(|product| product.name == self.entry.product)
            .map(|product| product.version.clone())
    }

    fn key_set(
        &self,
        view: &HostView<'_>,
        old: &LogonAccount,
        new: &LogonAccount,
    ) -> Option<KeySetTools> {
        self.entry.key_set.as_ref()?.tools(view, old, new)
    }

    fn saved_key_sets(&self, view: &HostView<'_>) -> Vec<String> {
        let key_set = self.entry.key_set.as_ref();
        key_set.map_or_else(Vec::new, |key_set| key_set.saved_by_setup(view))
    }

    fn setup(&self, view: &HostView<'_>) -> Option<SilentSetup> {
        silent::setup(self, view)
    }

    fn wizard(&self, view: &HostView<'_>, key_set: Option<&str>) -> Option<Wizard> {
        let saved = self.saved_key_sets(view).into_iter().next();
        let files = wizard::KeySetFiles {
            exported: key_set,
            saved: saved.as_deref(),
        };
        wizard::wizard(&self.entry.id, &self.entry.product, view, &files)
    }

    fn database_location(&self) -> Option<DatabaseLocation> {
        let place = self.entry.database.as_ref()?;
        Some(DatabaseLocation {
            key: place.key.clone(),
            server_value: place.server_value.clone(),
            instance_value: place.instance_value.clone(),
            name_value: place.name_value.clone(),
        })
    }

    fn database_role(&self) -> &str {
        let place = self.entry.database.as_ref();
        place.map_or("", |place| &place.role)
    }

    fn stored_password(&self, view: &HostView<'_>) -> Option<StoredPassword> {
        (self.entry.id.as_str() == rules::SERVICE).then(|| exchange::stored_password(view))?
    }
}

fn has_class(classes: &[String], spn: &Spn) -> bool {
    classes
        .iter()
        .any(|class| class.eq_ignore_ascii_case(spn.class()))
}
