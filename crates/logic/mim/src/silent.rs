//! A silent run of a product's setup: what it is told, property by property, with the reason.
//!
//! None of it is documented by Microsoft: names and values are those of published unattended runs. In change mode setup
//! resets what it is not told, so everything is told: the account of the component whose turn it is, those of the others
//! that have gMSAs by then, and every setting, from the registry, the web server or the intent.

use model::host::{PropertyName, PropertyValue, SiteBinding};
use model::intent;
use model::inventory::{AccountClass, AppPool};
use model::names::{ComponentId, LogonAccount};
use model::plan::{PlannedProperty, SetupPage};
use planner::{HostView, Profile, SilentSetup};

use crate::component::Component;
use crate::setup_data::{self, Page, PartOfSite, Told, filled};

/// The component whose account every silent run must tell: the product's own rule.
const FIRST: &str = "service";

/// What the setup of a component's product is told on a host.
pub(crate) fn setup(component: &Component, view: &HostView<'_>) -> Option<SilentSetup> {
    let product = setup_data::of(&component.entry.product)?;
    let components = crate::catalogue().ok()?; // A test reads it too.
    let mut setup = SilentSetup {
        product: product.name.clone(),
        ..SilentSetup::default()
    };
    let mut named = Vec::new();
    for page in product
        .page
        .iter()
        .filter(|page| !page.properties.is_empty())
    {
        let Some(id) = &page.component else {
            named.extend(names_of(page));
            tell(&mut setup, page, view, &view.gmsa.to_string(), None);
            continue;
        };
        let mut known = components.iter();
        let Some(of_page) = known.find(|known| Profile::component(*known) == id) else {
            continue;
        };
        let Some(carried) = view.host.carried(of_page.carrier()) else {
            setup.left_out.extend(names_of(page)); // Not on this host: nothing to tell.
            continue;
        };
        let then = match id == Profile::component(component) {
            true => Some(view.gmsa.clone()),
            false => account_then(view, id, carried.logon_account()),
        };
        let Some(account) = then else {
            setup.left_out.extend(names_of(page));
            match id.as_str() {
                FIRST => setup.first = Some(Profile::title(of_page).to_owned()),
                _ => setup.untold.push(Profile::title(of_page).to_owned()),
            }
            continue;
        };
        let site = carried.pool().and_then(AppPool::http_binding);
        named.extend(names_of(page));
        tell(&mut setup, page, view, &account.to_string(), site);
    }
    tell_the_rest(&mut setup, &named, view);
    Some(setup)
}

fn names_of(page: &Page) -> impl Iterator<Item = PropertyName> {
    page.properties.iter().map(|told| told.name.clone())
}

/// The gMSA that another component has when setup runs; `None` where it still has a password account.
fn account_then(view: &HostView<'_>, id: &ComponentId, now: &LogonAccount) -> Option<LogonAccount> {
    let domain = &view.inventory.domain.netbios_name;
    let mut before = view.before.iter();
    let here = |wanted: &&intent::Conversion| {
        wanted.component == *id && wanted.hosts.contains(&view.host.name)
    };
    if let Some(wanted) = before.find(here) {
        return Some(LogonAccount::domain(domain, wanted.gmsa.sam_account_name()));
    }
    let account = view.inventory.account(now.in_domain(domain)?)?;
    (account.class == AccountClass::Gmsa).then(|| now.clone())
}

fn tell(
    setup: &mut SilentSetup,
    page: &Page,
    view: &HostView<'_>,
    account: &str,
    site: Option<&SiteBinding>,
) {
    let mut properties = Vec::new();
    for told in &page.properties {
        if told.site.is_some() && given(view, &told.name).is_none() {
            setup.where_known.push(told.name.clone());
        }
        match value(told, view, account, site) {
            Some((value, reason)) => properties.push(PlannedProperty {
                name: told.name.clone(),
                value,
                reason,
                kept_in: kept_in(told, view),
            }),
            None if told.optional => setup.left_out.push(told.name.clone()),
            None => setup.unknown.push(told.name.clone()),
        }
    }
    if !properties.is_empty() {
        setup.pages.push(SetupPage {
            title: page.title.clone(),
            properties,
        });
    }
}

/// The registry value that has the setting now; of components that are not on the host it has none.
fn kept_in(told: &Told, view: &HostView<'_>) -> Option<(String, String)> {
    let (key, name) = told.registry.as_ref()?;
    let now = view.host.registry_text(key, name)?;
    (!now.is_empty()).then(|| (key.clone(), name.clone()))
}

/// The intent's word first, then what the file has, then the registry or the web server.
fn value(
    told: &Told,
    view: &HostView<'_>,
    account: &str,
    site: Option<&SiteBinding>,
) -> Option<(PropertyValue, String)> {
    if let Some(given) = given(view, &told.name) {
        return Some((
            given.clone(),
            format!("{}; as conversion.toml has it", told.reason),
        ));
    }
    if let Some(template) = &told.value {
        let text = filled(template, account, &view.inventory.domain.netbios_name);
        return Some((PropertyValue::parse(text).ok()?, told.reason.clone()));
    }
    if let Some(part) = told.site {
        let site = site?;
        let text = match part {
            PartOfSite::Port => site.port()?.to_string(),
            PartOfSite::HostName => site.host()?.to_owned(),
        };
        let reason = format!("{}; as its site has it ({site})", told.reason);
        return Some((PropertyValue::parse(text).ok()?, reason));
    }
    let (key, name) = told.registry.as_ref()?;
    let text = view
        .host
        .registry_text(key, name)
        .filter(|text| !text.is_empty())?;
    let reason = format!("{}; as the registry has it ({name})", told.reason);
    Some((PropertyValue::parse(text).ok()?, reason))
}

fn given<'a>(view: &HostView<'a>, name: &PropertyName) -> Option<&'a PropertyValue> {
    view.conversion.setup.as_ref()?.properties.get(name)
}

/// What the intent has beside that.
fn tell_the_rest(setup: &mut SilentSetup, named: &[PropertyName], view: &HostView<'_>) {
    let given = view
        .conversion
        .setup
        .iter()
        .flat_map(|setup| &setup.properties);
    let rest = given.filter(|(name, _)| !named.contains(name));
    let rest = rest.map(|(name, value)| PlannedProperty {
        name: name.clone(),
        value: value.clone(),
        reason: "as conversion.toml has it".to_owned(),
        kept_in: None,
    });
    let properties: Vec<_> = rest.collect();
    if !properties.is_empty() {
        setup.pages.push(SetupPage {
            title: "other settings".to_owned(),
            properties,
        });
    }
}
