//! Installed products, as the Uninstall keys of both registry views list them.

use agent_protocol::{Failure, FailureKind, Product, RegistryKey, RegistryValue, RegistryView};

use super::registry::OpenKey;

const UNINSTALL: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";

/// Products with a display name; the 64-bit view first.
pub fn all() -> Result<Vec<Product>, Failure> {
    let mut products = of_view(RegistryView::Bits64)?;
    for product in of_view(RegistryView::Bits32)? {
        // A 32-bit Windows shows the same key in both views.
        let same = |known: &Product| {
            Product {
                view: product.view,
                ..known.clone()
            } == product
        };
        if !products.iter().any(same) {
            products.push(product);
        }
    }
    Ok(products)
}

fn of_view(view: RegistryView) -> Result<Vec<Product>, Failure> {
    let key = path(UNINSTALL)?;
    let opened = match OpenKey::to_read(&key, view) {
        Err(failure) if failure.kind == FailureKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let codes = opened
        .subkeys()
        .map_err(|code| Failure::from_code(code, format!("list {key}")))?;
    let mut products = Vec::new();
    for code in codes {
        let entry = match OpenKey::to_read(&path(&format!(r"{UNINSTALL}\{code}"))?, view) {
            // Uninstalled since it was listed.
            Err(failure) if failure.kind == FailureKind::NotFound => continue,
            entry => entry?,
        };
        products.extend(product(code, &entry, view));
    }
    Ok(products)
}

/// `None` without a display name: updates and parts, which Windows does not list either.
fn product(code: String, entry: &OpenKey, view: RegistryView) -> Option<Product> {
    Some(Product {
        name: text(entry, "DisplayName")?,
        version: text(entry, "DisplayVersion"),
        publisher: text(entry, "Publisher"),
        install_location: text(entry, "InstallLocation"),
        install_date: text(entry, "InstallDate"),
        code,
        view,
    })
}

fn text(entry: &OpenKey, name: &str) -> Option<String> {
    match entry.value(name) {
        Ok(RegistryValue::Text(text) | RegistryValue::ExpandableText(text)) if !text.is_empty() => {
            Some(text)
        }
        _ => None,
    }
}

fn path(path: &str) -> Result<RegistryKey, Failure> {
    RegistryKey::local_machine(path).map_err(|e| Failure::new(FailureKind::Failed, e.to_string()))
}
