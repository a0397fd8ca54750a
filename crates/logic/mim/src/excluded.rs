//! What of MIM cannot run under a gMSA: refused by name, and recognised where it is installed.

use model::inventory::HostInventory;
use model::names::ComponentId;
use planner::Refusal;
use serde::Deserialize;

/// A part of MIM that keeps its password accounts.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Excluded {
    pub(crate) id: ComponentId,
    pub(crate) title: String,
    pub(crate) why: String,
    pub(crate) instead: String,
    pub(crate) source: String,
    found: Signs,
}

/// How it shows; one sign is enough.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Signs {
    /// Key and name of a registry value.
    registry: Option<(String, String)>,
    /// Name of an application pool.
    pool: Option<String>,
    /// Words in the name of an installed product.
    product: Option<String>,
    /// A component that it always is beside.
    beside: Option<ComponentId>,
}

/// A sign that was seen, and the account that it runs as where that shows.
pub(crate) struct Seen {
    pub evidence: String,
    pub account: Option<model::names::LogonAccount>,
}

impl Excluded {
    /// Its refusal, for the planner.
    pub fn refusal(&self) -> Refusal {
        Refusal {
            component: self.id.clone(),
            title: self.title.clone(),
            why: self.why.clone(),
            instead: self.instead.clone(),
            source: self.source.clone(),
        }
    }

    /// The registry value that discovery must read to recognise it.
    pub fn registry(&self) -> Option<&(String, String)> {
        self.found.registry.as_ref()
    }

    /// What shows on a host that it is there.
    pub(crate) fn seen_on(&self, host: &HostInventory) -> Vec<Seen> {
        let signs = &self.found;
        let mut seen = Vec::new();
        let mut add = |evidence, account| seen.push(Seen { evidence, account });
        if let Some((key, value)) = &signs.registry
            && let Some(text) = host.registry_text(key, value)
        {
            add(format!("{key}, {value}: {text}"), None);
        }
        let named = |name: &str| {
            let mut pools = host.app_pools.iter();
            pools.find(|pool| pool.name.eq_ignore_ascii_case(name))
        };
        if let Some(pool) = signs.pool.as_deref().and_then(named) {
            let evidence = format!("application pool {}", pool.name);
            add(evidence, Some(pool.account.clone()));
        }
        let words = signs.product.iter();
        for product in words.flat_map(|words| installed(host, words)) {
            add(product, None);
        }
        if let Some(beside) = &signs.beside
            && host.components.contains(beside)
        {
            add(format!("{beside} is installed, which runs them"), None);
        }
        seen
    }

    /// The application pool that would show it.
    pub(crate) fn pool(&self) -> Option<&str> {
        self.found.pool.as_deref()
    }
}

/// Installed products with these words in their name.
fn installed(host: &HostInventory, words: &str) -> Vec<String> {
    let words = words.to_lowercase();
    let products = host.products.iter();
    products
        .filter(|product| product.name.to_lowercase().contains(&words))
        .map(|product| format!("{} {} is installed", product.name, product.version))
        .collect()
}
