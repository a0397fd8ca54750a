//! Findings about a setup that is run silently: its package, and what it is told.

use model::finding::Finding;
use model::intent::{Setup, Strategy};
use model::inventory::HostInventory;

use crate::conversion::{Conversion, Place};
use crate::findings as kind;
use crate::profile::{PackageFacts, SilentSetup};

/// What would go wrong on a host, as far as it can be seen before.
pub(super) fn of_the_setup(
    conversion: &Conversion<'_>,
    place: &Place<'_>,
    subject: &str,
) -> Vec<Finding> {
    let view = place.view(conversion);
    let setup = view.and_then(|view| conversion.silent_setup(&view));
    let (Strategy::Installer, Some(wanted), Some(host), Some(setup)) = (
        conversion.wanted.strategy,
        &conversion.wanted.setup,
        place.host,
        setup,
    ) else {
        return Vec::new();
    };
    let mut findings = of_the_settings(&setup, subject);
    match conversion.package {
        Some(Ok(package)) => {
            findings.extend(of_the_package(package, wanted, host, &setup));
            findings.extend(of_unknown_properties(package, &setup, subject));
            findings.extend(of_untold_fields(package, &setup, subject));
        }
        unread => {
            let why = match unread {
                Some(Err(why)) => why.as_str(),
                _ => "it was not read",
            };
            let what = format!("its copy {} cannot be read: {why}", wanted.copy);
            let advice = "copy the package from the product's media to where gmsactl runs, and name it as copy";
            findings.push(kind::SETUP_PACKAGE.found(&wanted.package, what, advice));
        }
    }
    findings
}

/// The file on the host, and whether it is for what is installed there.
fn of_the_package(
    package: &PackageFacts,
    wanted: &Setup,
    host: &HostInventory,
    setup: &SilentSetup,
) -> Option<Finding> {
    let subject = format!("{}, {}", host.name, wanted.package);
    let title = format!("{} {}", package.name, package.version);
    let mut installed = host
        .products
        .iter()
        .filter(|product| product.name == setup.product);
    let is_installed = |code: &str| {
        let mut products = host.products.iter();
        products.any(|product| product.code.eq_ignore_ascii_case(code))
    };
    let (what, advice) = match host.files.get(&wanted.package) {
        None => (
            "there is no such file on the host".to_owned(),
            "copy the whole folder of the product's media there: setup needs the files beside the package".to_owned(),
        ),
        Some(hash) if *hash != package.sha256 => (
            format!("it is another file than the copy {}: SHA-256 {hash}", wanted.copy),
            "take both from the same media".to_owned(),
        ),
        Some(_) if package.name != setup.product => (
            format!("it is {title}, not {}", setup.product),
            "name the package of this component's product".to_owned(),
        ),
        Some(_) if !is_installed(&package.code) => match installed.next() {
            Some(other) => (
                format!(
                    "it is {title} {}, installed is {} {}: setup would end with 1638",
                    package.code, other.version, other.code
                ),
                "take the package that it was installed from".to_owned(),
            ),
            None => (
                format!("{title} is not installed there: setup would end with 1605"),
                "look which product owns the service".to_owned(),
            ),
        },
        Some(_) => return None,
    };
    Some(kind::SETUP_PACKAGE.found(subject, what, advice))
}

fn of_the_settings(setup: &SilentSetup, subject: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !setup.unknown.is_empty() {
        let names: Vec<_> = setup.unknown.iter().map(ToString::to_string).collect();
        let what = format!(
            "neither the registry nor the web server tells {}",
            names.join(", ")
        );
        let advice = format!(
            "give each as it is now, in conversion.toml: setup.properties = {{ {} = '…' }}",
            names.first().map(String::as_str).unwrap_or_default()
        );
        findings.push(kind::SETUP_SETTING.found(subject, what, advice));
    }
    if let Some(first) = &setup.first {
        let what = format!(
            "{first} on the same host has a password account when setup is run for this component"
        );
        let advice = format!(
            "convert {first} first: before this one in conversion.toml, or in a run before"
        );
        findings.push(kind::SETUP_ORDER.found(subject, what, advice));
    }
    if !setup.untold.is_empty() {
        let others = setup.untold.join(", ");
        let what = format!(
            "setup is told nothing of {others} on the same host: they have password accounts then"
        );
        let advice =
            "look after the run that they still have their accounts; or convert them before";
        findings.push(kind::SETUP_UNTOLD.found(subject, what, advice));
    }
    findings
}

/// A property that the package does not know would be ignored without a word.
fn of_unknown_properties(
    package: &PackageFacts,
    setup: &SilentSetup,
    subject: &str,
) -> Option<Finding> {
    let told = setup.pages.iter().flat_map(|page| &page.properties);
    let known = |name: &str| package.properties.iter().any(|known| known == name);
    let unknown = told
        .map(|property| &property.name)
        .filter(|name| !name.is_of_every_package() && !known(name.as_str()));
    let unknown: Vec<_> = unknown.map(ToString::to_string).collect();
    (!unknown.is_empty()).then(|| {
        let what = format!(
            "{} {} has no property {}: it would be ignored without a word",
            package.name,
            package.version,
            unknown.join(", ")
        );
        let advice = "gmsactl msi inspect lists those that it has; take strategy = \"guided\" where the account's are missing";
        kind::SETUP_SETTING.found(subject, what, advice)
    })
}

/// What a person would see on a page and leave as it is, and a silent run resets.
fn of_untold_fields(package: &PackageFacts, setup: &SilentSetup, subject: &str) -> Option<Finding> {
    let told = setup.pages.iter().flat_map(|page| &page.properties);
    let told: Vec<_> = told.map(|property| &property.name).collect();
    let accounted = [&setup.unknown, &setup.left_out];
    let untold = package.fields.iter().filter(|field| {
        !told.contains(field) && !accounted.iter().any(|names| names.contains(field))
    });
    let untold: Vec<_> = untold.map(ToString::to_string).collect();
    let first = untold.first()?;
    let what = format!(
        "pages of the package set {} too: setup is not told them",
        untold.join(", ")
    );
    let advice = format!(
        "give each whose value now is another than the package begins with (gmsactl msi inspect): \
         setup.properties = {{ {first} = '…' }}"
    );
    Some(kind::SETUP_FIELDS.found(subject, what, advice))
}

#[cfg(test)]
mod tests {
    use model::host::PropertyName;

    use super::*;

    #[test]
    fn a_field_that_nobody_accounts_for_is_told() {
        let names = |names: &str| -> Vec<PropertyName> {
            let names = names.split_whitespace();
            names
                .map(|name| PropertyName::parse(name).unwrap())
                .collect()
        };
        let mut package = PackageFacts {
            sha256: String::new(),
            name: "a product".to_owned(),
            version: "1".to_owned(),
            code: String::new(),
            properties: Vec::new(),
            fields: names("RESET_PORT MAIL_SERVER RESET_ACCOUNT"),
        };
        let setup = SilentSetup {
            unknown: names("MAIL_SERVER"),
            left_out: names("RESET_ACCOUNT"),
            ..SilentSetup::default()
        };
        let found = of_untold_fields(&package, &setup, "a host").unwrap();
        assert!(found.what.contains("set RESET_PORT too"), "{found:?}");
        package.fields = names("MAIL_SERVER");
        assert_eq!(of_untold_fields(&package, &setup, "a host"), None);
    }
}
