//! `data/setup.toml`: the products' setups, page by page.

use model::host::PropertyName;
use model::names::ComponentId;
use serde::Deserialize;

const DATA: &str = include_str!("../data/setup.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    product: Vec<Product>,
}

/// A product and its setup.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Product {
    pub name: String,
    pub way_in: String,
    pub way_out: String,
    pub page: Vec<Page>,
}

/// A page, of one component or of the product.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    pub component: Option<ComponentId>,
    pub title: String,
    pub when: Option<When>,
    #[serde(default)]
    pub fields: Vec<Field>,
    #[serde(default)]
    pub properties: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub label: String,
    pub entry: String,
    pub when: Option<When>,
}

/// What limits a page or a field.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum When {
    KeySet,
    NoKeySet,
    Mailbox,
    NoMailbox,
}

/// A property, and where its value comes from: a text, else a registry value, else where the component's site listens,
/// else the intent alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    pub name: PropertyName,
    pub value: Option<String>,
    pub registry: Option<(String, String)>,
    pub site: Option<PartOfSite>,
    #[serde(default)]
    pub optional: bool,
    pub reason: String,
}

/// What of the place where a component's site listens.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PartOfSite {
    Port,
    HostName,
}

/// All products.
///
/// # Errors
/// Where the built-in data cannot be read: a defect of this build, which its tests exclude.
pub(crate) fn products() -> Result<Vec<Product>, toml::de::Error> {
    Ok(toml::from_str::<Data>(DATA)?.product)
}

/// The setup of that product.
pub(crate) fn of(product: &str) -> Option<Product> {
    let mut products = products().ok()?.into_iter(); // A test reads it too.
    products.find(|found| found.name == product)
}

/// The registry values that discovery must read for it.
pub(crate) fn registry(product: &str) -> Vec<(String, String)> {
    let pages = of(product).into_iter().flat_map(|found| found.page);
    let told = pages.flat_map(|page| page.properties);
    told.filter_map(|told| told.registry).collect()
}

/// What stands for an account in a text: `{account}`, `{name}`, `{domain}`.
pub(crate) fn filled(template: &str, account: &str, domain: &str) -> String {
    let name = account.rsplit('\\').next().unwrap_or_default();
    template
        .replace("{account}", account)
        .replace("{name}", name)
        .replace("{domain}", domain)
}
