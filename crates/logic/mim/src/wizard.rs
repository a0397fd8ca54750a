//! The setups' wizards, page by page: `data/setup.toml`, filled in for one component on one host.

use model::intent::{Exchange, Mailbox};
use model::names::{ComponentId, LogonAccount};
use model::plan::{Wizard, WizardField, WizardPage};
use planner::HostView;

use crate::setup_data::{self, Page, When};

/// What stands in for the names in braces.
struct Filling<'a> {
    product: &'a str,
    gmsa: &'a LogonAccount,
    domain: &'a str,
    key_set: Option<&'a str>,
    saved_key_set: Option<&'a str>,
    mailbox: Option<&'a LogonAccount>,
}

/// Key set files that a wizard asks for.
pub(crate) struct KeySetFiles<'a> {
    /// The one to give it, if one is to be activated.
    pub exported: Option<&'a str>,
    /// Where to save its own.
    pub saved: Option<&'a str>,
}

/// The way through the wizard of a product for one of its components.
pub(crate) fn wizard(
    component: &ComponentId,
    product: &str,
    view: &HostView<'_>,
    files: &KeySetFiles<'_>,
) -> Option<Wizard> {
    let found = setup_data::of(product)?;
    let filling = Filling {
        product,
        gmsa: view.gmsa,
        domain: &view.inventory.domain.netbios_name,
        key_set: files.exported,
        saved_key_set: files.saved,
        mailbox: mailbox(view.conversion.exchange.as_ref()),
    };
    let own = found.page.into_iter();
    let own = own.filter(|page| page.component.as_ref() == Some(component));
    let own = own.filter(|page| !page.fields.is_empty() && filling.wants(page.when));
    let pages: Vec<_> = own.map(|page| filling.page(page)).collect();
    (!pages.is_empty()).then(|| Wizard {
        way_in: filling.text(&found.way_in),
        way_out: filling.text(&found.way_out),
        pages,
    })
}

fn mailbox(exchange: Option<&Exchange>) -> Option<&LogonAccount> {
    let exchange = exchange?;
    match exchange.mailbox {
        Mailbox::Online | Mailbox::OnPremise => exchange.account.as_ref(),
        Mailbox::None => None,
    }
}

impl Filling<'_> {
    fn wants(&self, when: Option<When>) -> bool {
        match when {
            None => true,
            Some(When::KeySet) => self.key_set.is_some(),
            Some(When::NoKeySet) => self.key_set.is_none(),
            Some(When::Mailbox) => self.mailbox.is_some(),
            Some(When::NoMailbox) => self.mailbox.is_none(),
        }
    }

    fn page(&self, page: Page) -> WizardPage {
        let fields = page.fields.into_iter();
        let fields = fields.filter(|field| self.wants(field.when));
        let fields = fields.map(|field| WizardField {
            entry: self.text(&field.entry),
            label: field.label,
        });
        WizardPage {
            title: page.title,
            fields: fields.collect(),
        }
    }

    fn text(&self, template: &str) -> String {
        let mailbox = self.mailbox.map(ToString::to_string).unwrap_or_default();
        setup_data::filled(template, &self.gmsa.to_string(), self.domain)
            .replace("{product}", self.product)
            .replace("{key-set}", self.key_set.unwrap_or_default())
            .replace("{saved-key-set}", self.saved_key_set.unwrap_or_default())
            .replace("{mailbox}", &mailbox)
    }
}

#[cfg(test)]
mod tests {
    use planner::Profile;

    use super::*;

    #[test]
    fn every_component_has_its_pages_in_the_setup_of_its_product() {
        let products = setup_data::products().unwrap();
        for component in crate::catalogue().unwrap() {
            let mut found = products.iter();
            let product = found.find(|product| product.name == component.entry.product);
            let mut pages = product.unwrap().page.iter();
            let named = |page: &Page| {
                page.component.as_ref() == Some(Profile::component(&component))
                    && page
                        .fields
                        .iter()
                        .any(|field| field.entry.contains("with the"))
            };
            assert!(pages.any(named), "{}", component.entry.title);
        }
    }

    #[test]
    fn no_name_in_braces_is_left() {
        let gmsa = LogonAccount::from(r"CONTOSO\MIMSyncGMSA$".to_owned());
        let filling = Filling {
            product: "a product",
            gmsa: &gmsa,
            domain: "CONTOSO",
            key_set: Some(r"C:\k.bin"),
            saved_key_set: Some(r"C:\saved.bin"),
            mailbox: Some(&gmsa),
        };
        for product in setup_data::products().unwrap() {
            let fields = product.page.iter().flat_map(|page| &page.fields);
            let entries = fields.map(|field| &field.entry);
            for text in entries.chain([&product.way_in, &product.way_out]) {
                let text = filling.text(text);
                assert!(!text.contains(['{', '}']), "{text}");
            }
        }
        assert_eq!(
            filling.text("{name} of {domain}"),
            "MIMSyncGMSA$ of CONTOSO"
        );
    }
}
