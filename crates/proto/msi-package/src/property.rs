//! Properties: the parameters of a set-up.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use serde::Serialize;

use crate::dialog::Dialog;
use crate::error::PackageError;
use crate::tables::Tables;

/// A property that has a value in the package, is listed or used by it, or is set by one of its pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Property {
    /// Its name; case matters.
    pub name: String,
    /// Its value before anybody sets it; `None` where it has none, or a hidden one.
    pub value: Option<String>,
    /// Whether a command line may set it: no small letter in its name ("Public Properties").
    pub public: bool,
    /// Whether it reaches the part that runs as the system (`SecureCustomProperties`).
    pub secure: bool,
    /// Whether its value is kept out of logs (`MsiHiddenProperties`) or typed into a password field.
    pub hidden: bool,
}

impl Property {
    /// Whether a name is that of a public property.
    #[must_use]
    pub fn is_public(name: &str) -> bool {
        !name.contains(|letter: char| letter.is_ascii_lowercase())
    }
}

/// Columns whose texts put properties to use, as `[NAME]` ("Formatted").
const USED_IN: [(&str, &str); 6] = [
    ("ServiceInstall", "StartName"),
    ("ServiceInstall", "Password"),
    ("ServiceInstall", "Arguments"),
    ("Registry", "Key"),
    ("Registry", "Value"),
    ("CustomAction", "Target"),
];

/// All properties, in the order of their names.
pub(crate) fn read<F: Read + Seek>(
    tables: &mut Tables<F>,
    dialogs: &[Dialog],
) -> Result<Vec<Property>, PackageError> {
    let mut values = std::collections::BTreeMap::new();
    for row in tables.rows("Property")? {
        values.insert(row.owned("Property"), row.text("Value").map(str::to_owned));
    }
    let listed = |list: &str| -> BTreeSet<String> {
        let names = values.get(list).and_then(Option::as_deref).unwrap_or("");
        names
            .split(';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let secure = listed("SecureCustomProperties");
    let mut hidden = listed("MsiHiddenProperties");
    let fields = dialogs.iter().flat_map(|dialog| &dialog.controls);
    let fields = fields.filter_map(|control| Some((control.property.clone()?, control.password)));
    let mut names: BTreeSet<String> = values.keys().cloned().collect();
    names.extend(secure.iter().chain(&hidden).cloned());
    for (table, column) in USED_IN {
        for row in tables.rows(table)? {
            let used = mentioned(row.text(column).unwrap_or_default());
            if column == "Password" {
                hidden.extend(used.clone().map(str::to_owned));
            }
            names.extend(used.map(str::to_owned));
        }
    }
    for (name, password) in fields {
        if password {
            hidden.insert(name.clone());
        }
        names.insert(name);
    }
    let property = |name: String| Property {
        public: Property::is_public(&name),
        secure: secure.contains(&name),
        hidden: hidden.contains(&name),
        value: values
            .get(&name)
            .cloned()
            .flatten()
            .filter(|_| !hidden.contains(&name)),
        name,
    };
    Ok(names.into_iter().map(property).collect())
}

/// The properties that a text of the type "Formatted" names: `[NAME]`, and no folder, file or column.
fn mentioned(text: &str) -> impl Iterator<Item = &str> + Clone {
    let candidates = text.split('[').skip(1);
    let names = candidates.filter_map(|rest| rest.split_once(']').map(|(name, _)| name));
    names.filter(|name| {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_properties_are_mentioned() {
        let mentioned = |text| mentioned(text).collect::<Vec<_>>();
        assert_eq!(
            mentioned(r"[SERVICEDOMAIN]\[SERVICEACCOUNT]"),
            ["SERVICEDOMAIN", "SERVICEACCOUNT"]
        );
        for text in [
            "[#miiserver]",
            "[!file]",
            "[$Service]",
            "[%PATH]",
            "[1]",
            "[",
            "[[]",
            "[~]",
        ] {
            assert_eq!(mentioned(text), [""; 0], "{text}");
        }
    }
}
