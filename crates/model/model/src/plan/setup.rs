//! A product's setup in change mode: what its wizard is given by hand.

use serde::{Deserialize, Serialize};

use crate::host::{PropertyName, PropertyValue};
use crate::names::ServiceName;

/// What has the account that setup changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlannedCarrier {
    /// A service, by its key name.
    Service(ServiceName),
    /// An application pool.
    Pool(String),
}

/// The way through a wizard, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Wizard {
    /// How to get to the first page.
    pub way_in: String,
    /// The pages on which something is to be entered, in their order.
    pub pages: Vec<WizardPage>,
    /// What to do on all others, and at the end.
    pub way_out: String,
}

/// A page of a wizard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WizardPage {
    /// Its title, or what it asks.
    pub title: String,
    /// What to enter.
    pub fields: Vec<WizardField>,
}

/// A field of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WizardField {
    /// Its label.
    pub label: String,
    /// What to do with it; a password is named, never given.
    pub entry: String,
}

/// What a silent setup is given, for one page of its wizard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SetupPage {
    /// The page that asks for it.
    pub title: String,
    /// The properties behind its fields.
    pub properties: Vec<PlannedProperty>,
}

/// A property that a silent setup is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlannedProperty {
    /// Its name.
    pub name: PropertyName,
    /// Its value; never a password.
    pub value: PropertyValue,
    /// Why this value.
    pub reason: String,
    /// The registry value that must have it afterwards, where one is known: key and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_in: Option<(String, String)>,
}

/// Two registry values that setup writes: one that holds something afterwards, and one that is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StoredValues {
    /// Their key.
    pub key: String,
    /// Name of the one that holds something.
    pub filled: String,
    /// Name of the one that is empty.
    pub empty: String,
}
