//! An installation package, in short: what can be set, where, and what runs as whom.

use msi_package::{Dialog, Package, Property, Runs};

use super::Paint;
use crate::documents::host::SetupChange;

/// The product, its features, properties with the fields that set them, services, actions that run as the system.
pub fn package(package: &Package, paint: &Paint) -> String {
    let product = &package.product;
    let mut text = format!(
        "{} {} {} ({})\n  product code {}, upgrade code {}\n",
        paint.strong("Package"),
        product.name,
        product.version,
        product.manufacturer,
        or_none(&product.code),
        or_none(&product.upgrade_code),
    );
    for (title, about, lines) in [
        (
            "Features",
            "level above 1: only where asked for",
            features(package),
        ),
        (
            "Properties",
            "that a command line may set",
            properties(package),
        ),
        (
            "Services",
            "installed without code of its own",
            services(package),
        ),
        ("Custom actions", "that run as the system", actions(package)),
    ] {
        if !lines.is_empty() {
            text += &format!("{} {}\n{lines}", paint.strong(title), paint.dim(about));
        }
    }
    text
}

fn features(package: &Package) -> String {
    let mut text = String::new();
    for feature in &package.features {
        let parent = feature
            .parent
            .as_ref()
            .map_or(String::new(), |parent| format!(", part of {parent}"));
        text += &format!(
            "  {:<24} {}{parent} (level {})\n",
            feature.name, feature.title, feature.level
        );
    }
    text
}

/// Those that a command line may set; the private ones are in the JSON.
fn properties(package: &Package) -> String {
    let mut text = String::new();
    for property in package.properties.iter().filter(|found| found.public) {
        let value = match (&property.value, property.hidden) {
            (_, true) => "(hidden)".to_owned(),
            (Some(value), false) => format!("= {value}"),
            (None, false) => String::new(),
        };
        let fields = fields(&package.dialogs, property);
        let line = format!("  {:<40} {value} {fields}", property.name);
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// The fields that set it: `page.field (kind)`.
fn fields(dialogs: &[Dialog], property: &Property) -> String {
    let mut fields = Vec::new();
    for dialog in dialogs {
        let sets = dialog
            .controls
            .iter()
            .filter(|control| control.property.as_deref() == Some(&property.name));
        fields.extend(
            sets.map(|control| format!("{}.{} ({})", dialog.name, control.name, control.kind)),
        );
    }
    if fields.is_empty() {
        return String::new();
    }
    format!("set by {}", fields.join(", "))
}

fn services(package: &Package) -> String {
    let mut text = String::new();
    for service in &package.services {
        let account = service.account.as_deref().unwrap_or("LocalSystem");
        let password = if service.has_password {
            ", with a password"
        } else {
            ""
        };
        text += &format!("  {} as {account}{password}\n", service.name);
    }
    text
}

fn actions(package: &Package) -> String {
    let mut text = String::new();
    let system = package
        .custom_actions
        .iter()
        .filter(|action| action.runs == Runs::AsSystem);
    for action in system {
        let target = action.target.as_deref().unwrap_or("(hidden)");
        let when = action
            .condition
            .as_ref()
            .map_or(String::new(), |condition| format!(" when {condition}"));
        text += &format!(
            "  {} ({}): {} {target}{when}\n",
            action.name, action.what, action.source
        );
    }
    text
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

/// A setup that was run, or would be.
pub fn setup_change(document: &SetupChange, paint: &Paint) -> String {
    let what = match (document.succeeded, &document.meaning) {
        (Some(true), Some(meaning)) => paint.good(meaning),
        (_, Some(meaning)) => paint.bad(meaning),
        _ => paint.warn("would be run"),
    };
    let code = document.code.map(|code| format!(" ({code})"));
    let mut text = format!(
        "{} {}: {what}{}\n",
        paint.strong(document.host.as_str()),
        document.package,
        code.unwrap_or_default()
    );
    if let Some(product) = &document.product {
        text += &format!(
            "  changes {} {} {}\n",
            product.name, product.version, product.code
        );
    }
    for property in &document.properties {
        text += &format!("  {} = {}\n", property.name, property.value);
    }
    if let Some(name) = &document.secret_property {
        text += &format!("  {name} = (password)\n");
    }
    if document.succeeded == Some(false) {
        text += &format!("  {} on the host:\n", document.log_file);
        for line in &document.log {
            text += &format!("    {}\n", paint.dim(line));
        }
    }
    for advice in &document.advice {
        text += &format!("  {} {advice}\n", paint.warn("note:"));
    }
    text
}
