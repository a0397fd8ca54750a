//! Pages and their fields.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use serde::Serialize;

use crate::error::PackageError;
use crate::tables::Tables;

/// msidbControlAttributesPasswordInput: what is typed is shown as asterisks ("Password Control Attribute").
const PASSWORD_INPUT: i32 = 0x0020_0000;

/// A page of the wizard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dialog {
    /// Its name in the package.
    pub name: String,
    /// What stands in its title bar; may name properties as `[ProductName]`.
    pub title: String,
    /// Fields, boxes and buttons, in the package's order.
    pub controls: Vec<Control>,
    /// The pages that its buttons open, by name.
    pub leads_to: Vec<String>,
}

/// A field, box, button or text of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Control {
    /// Its name on the page.
    pub name: String,
    /// `Edit`, `CheckBox`, `PushButton`, `Text` …
    pub kind: String,
    /// The property that it shows and sets.
    pub property: Option<String>,
    /// What stands on it.
    pub text: String,
    /// Whether what is typed stays invisible.
    pub password: bool,
}

/// All pages, in the order of their names.
pub(crate) fn read<F: Read + Seek>(tables: &mut Tables<F>) -> Result<Vec<Dialog>, PackageError> {
    let mut controls: BTreeMap<String, Vec<Control>> = BTreeMap::new();
    for row in tables.rows("Control")? {
        let control = Control {
            name: row.owned("Control"),
            kind: row.owned("Type"),
            property: row.text("Property").map(str::to_owned),
            text: row.owned("Text"),
            password: row.number("Attributes").unwrap_or(0) & PASSWORD_INPUT != 0,
        };
        controls
            .entry(row.owned("Dialog_"))
            .or_default()
            .push(control);
    }
    let mut leads_to: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in tables.rows("ControlEvent")? {
        let opens = matches!(row.text("Event"), Some("NewDialog" | "SpawnDialog"));
        let (true, Some(to)) = (opens, row.text("Argument")) else {
            continue;
        };
        let pages = leads_to.entry(row.owned("Dialog_")).or_default();
        if !pages.iter().any(|known| known == to) {
            pages.push(to.to_owned());
        }
    }
    let dialogs = tables.rows("Dialog")?.into_iter().map(|row| {
        let name = row.owned("Dialog");
        Dialog {
            title: row.owned("Title"),
            controls: controls.remove(&name).unwrap_or_default(),
            leads_to: leads_to.remove(&name).unwrap_or_default(),
            name,
        }
    });
    Ok(dialogs.collect())
}
