//! A host's registry: names keep their spelling and are compared without regard to case.

use std::collections::BTreeMap;

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    Failure, Hive, Product, RegistryKey, RegistryKeyContent, RegistryValue, RegistryView,
};
use serde::{Deserialize, Serialize};

const FILE_NOT_FOUND: Win32Code = Win32Code(2);
const ACCESS_DENIED: Win32Code = Win32Code(5);
const INVALID_PARAMETER: Win32Code = Win32Code(87);
const MORE_DATA: Win32Code = Win32Code(234);

/// RegSetValueExW, `lpValueName`: 16,383 characters; key names: 255.
const VALUE_NAME_LIMIT: usize = 16_383;
const KEY_NAME_LIMIT: usize = 255;
/// Longest data that the lab keeps in one value, so that no client fills its memory.
const DATA_LIMIT: usize = 1 << 20;

const UNINSTALL: &str = r"Microsoft\Windows\CurrentVersion\Uninstall";

/// Keys by their path in lower case, hive first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Registry(BTreeMap<String, Key>);

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Key {
    /// Last part of the path, as it was created.
    name: String,
    /// In the order in which they were created; keys have few.
    values: Vec<(String, RegistryValue)>,
}

impl Key {
    fn value(&self, name: &str) -> Option<&RegistryValue> {
        let found = self.values.iter().find(|(own, _)| same(own, name));
        found.map(|(_, value)| value)
    }

    fn set(&mut self, name: &str, value: RegistryValue) {
        match self.values.iter_mut().find(|(own, _)| same(own, name)) {
            Some((_, present)) => *present = value,
            None => self.values.push((name.to_owned(), value)),
        }
    }

    /// Whether it was there.
    fn delete(&mut self, name: &str) -> bool {
        let before = self.values.len();
        self.values.retain(|(own, _)| !same(own, name));
        self.values.len() < before
    }
}

impl Registry {
    /// One value.
    ///
    /// # Errors
    /// 2 where key or value is not there.
    pub fn read(&self, key: &RegistryKey, name: &str) -> Result<&RegistryValue, Failure> {
        let what = || Failure::from_code(FILE_NOT_FOUND, format!("read value {name:?} of {key}"));
        self.key(key)?.value(name).ok_or_else(what)
    }

    /// Text of a value (REG_SZ or REG_EXPAND_SZ); `None` for anything else.
    pub fn text(&self, key: &str, name: &str) -> Option<&str> {
        let key = RegistryKey::parse(key).ok()?;
        match self.read(&key, name) {
            Ok(RegistryValue::Text(text) | RegistryValue::ExpandableText(text)) => Some(text),
            _ => None,
        }
    }

    /// What a key holds, one level deep.
    ///
    /// # Errors
    /// 2 where it is not there.
    pub fn list(&self, key: &RegistryKey) -> Result<RegistryKeyContent, Failure> {
        let content = self.key(key)?;
        let prefix = format!("{}\\", path(key));
        let below = self
            .0
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix));
        let direct = below.filter(|(path, _)| {
            path.strip_prefix(&prefix)
                .is_some_and(|rest| !rest.contains('\\'))
        });
        Ok(RegistryKeyContent {
            values: content.values.clone(),
            subkeys: direct.map(|(_, key)| key.name.clone()).collect(),
        })
    }

    /// Writes a value; `create` makes the key and its parents.
    ///
    /// # Errors
    /// 2 for a missing key, 5 for a new key directly below HKEY_USERS or HKEY_LOCAL_MACHINE, 87 and 234
    /// for names and data that are too long.
    pub fn write(
        &mut self,
        key: &RegistryKey,
        name: &str,
        value: RegistryValue,
        create: bool,
    ) -> Result<(), Failure> {
        let what = || format!("write value {name:?} of {key}");
        if name.encode_utf16().count() > VALUE_NAME_LIMIT {
            return Err(Failure::from_code(INVALID_PARAMETER, what()));
        }
        if size(&value) > DATA_LIMIT {
            return Err(Failure::from_code(MORE_DATA, what()));
        }
        if create {
            self.create(key)?;
        }
        let Some(found) = self.0.get_mut(&path(key)) else {
            return Err(Failure::from_code(FILE_NOT_FOUND, format!("open {key}")));
        };
        found.set(name, value);
        Ok(())
    }

    /// Deletes a value; whether it was there.
    pub fn delete(&mut self, key: &RegistryKey, name: &str) -> bool {
        let found = self.0.get_mut(&path(key));
        found.is_some_and(|key| key.delete(name))
    }

    /// Deletes a key and everything below it.
    pub fn delete_tree(&mut self, key: &str) {
        let (own, below) = (key.to_lowercase(), format!("{}\\", key.to_lowercase()));
        self.0
            .retain(|path, _| *path != own && !path.starts_with(&below));
    }

    /// Sets a value while a host is built: the key is created, and must be well formed.
    pub fn set(&mut self, key: &str, name: &str, value: RegistryValue) {
        if let Ok(key) = RegistryKey::parse(key) {
            self.insert(&key);
            if let Some(key) = self.0.get_mut(&path(&key)) {
                key.set(name, value);
            }
        }
    }

    /// As [`Registry::set`], for REG_SZ.
    pub fn set_text(&mut self, key: &str, name: &str, text: &str) {
        self.set(key, name, RegistryValue::Text(text.to_owned()));
    }

    /// Installed products: the subkeys of both `Uninstall` keys that have a display name.
    pub fn products(&self) -> Vec<Product> {
        let views = [
            (RegistryView::Bits64, format!(r"HKLM\SOFTWARE\{UNINSTALL}")),
            (
                RegistryView::Bits32,
                format!(r"HKLM\SOFTWARE\WOW6432Node\{UNINSTALL}"),
            ),
        ];
        let mut products = Vec::new();
        for (view, folder) in views {
            let key = RegistryKey::parse(folder.as_str());
            let codes = key
                .ok()
                .and_then(|key| self.list(&key).ok())
                .map(|found| found.subkeys);
            for code in codes.unwrap_or_default() {
                products.extend(self.product(&folder, code, view));
            }
        }
        products
    }

    fn product(&self, folder: &str, code: String, view: RegistryView) -> Option<Product> {
        let key = format!(r"{folder}\{code}");
        let text = |name| self.text(&key, name).filter(|text| !text.is_empty());
        Some(Product {
            name: text("DisplayName")?.to_owned(),
            version: text("DisplayVersion").map(str::to_owned),
            publisher: text("Publisher").map(str::to_owned),
            install_location: text("InstallLocation").map(str::to_owned),
            install_date: text("InstallDate").map(str::to_owned),
            code,
            view,
        })
    }

    fn key(&self, key: &RegistryKey) -> Result<&Key, Failure> {
        let missing = || Failure::from_code(FILE_NOT_FOUND, format!("open {key}"));
        self.0.get(&path(key)).ok_or_else(missing)
    }

    fn create(&mut self, key: &RegistryKey) -> Result<(), Failure> {
        if self.0.contains_key(&path(key)) {
            return Ok(());
        }
        let refuse = |code| Err(Failure::from_code(code, format!("create {key}")));
        if key
            .path()
            .split('\\')
            .any(|part| part.encode_utf16().count() > KEY_NAME_LIMIT)
        {
            return refuse(INVALID_PARAMETER);
        }
        let root = key.path().split('\\').next().unwrap_or_default();
        // Windows lets nobody create keys directly below these two hives.
        if RegistryKey::parse(format!("{}\\{root}", hive(key)))
            .is_ok_and(|root| self.key(&root).is_err())
        {
            return refuse(if key.hive() == Hive::Users {
                ACCESS_DENIED
            } else {
                INVALID_PARAMETER
            });
        }
        self.insert(key);
        Ok(())
    }

    fn insert(&mut self, key: &RegistryKey) {
        let mut walked = hive(key).to_owned();
        for part in key.path().split('\\') {
            walked = format!("{walked}\\{part}");
            let entry = self.0.entry(walked.to_lowercase());
            entry.or_insert_with(|| Key {
                name: part.to_owned(),
                values: Vec::new(),
            });
        }
    }
}

/// Whether two names are one: Windows compares them without regard to case.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase()
}

fn path(key: &RegistryKey) -> String {
    key.to_string().to_lowercase()
}

fn hive(key: &RegistryKey) -> &'static str {
    match key.hive() {
        Hive::LocalMachine => "HKLM",
        Hive::Users => "HKU",
    }
}

/// Length of the data in bytes, as Windows stores it.
fn size(value: &RegistryValue) -> usize {
    match value {
        RegistryValue::Text(text) | RegistryValue::ExpandableText(text) => {
            2 * text.encode_utf16().count() + 2
        }
        RegistryValue::MultiText(texts) => texts
            .iter()
            .map(|text| 2 * text.encode_utf16().count() + 2)
            .sum(),
        RegistryValue::Dword(_) => 4,
        RegistryValue::Qword(_) => 8,
        RegistryValue::Binary(data) | RegistryValue::Other { data, .. } => data.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> RegistryKey {
        RegistryKey::parse(text).unwrap()
    }

    fn text(text: &str) -> RegistryValue {
        RegistryValue::Text(text.to_owned())
    }

    #[test]
    fn names_are_found_in_any_spelling_and_keep_their_own() {
        let mut registry = Registry::default();
        registry.set_text(r"HKLM\SOFTWARE\Contoso\App", "Path", r"C:\App");
        assert_eq!(
            registry.text(r"hklm\software\CONTOSO\app", "PATH"),
            Some(r"C:\App")
        );
        let content = registry.list(&key(r"HKLM\software")).unwrap();
        assert_eq!(content.subkeys, ["Contoso"]);
        let content = registry.list(&key(r"HKLM\SOFTWARE\contoso\app")).unwrap();
        assert_eq!(content.values, [("Path".to_owned(), text(r"C:\App"))]);
    }

    #[test]
    fn keys_are_made_only_when_asked_and_only_below_the_hives_own_keys() {
        let mut registry = Registry::default();
        registry.set_text(r"HKLM\SOFTWARE", "", "");
        let deep = key(r"HKLM\SOFTWARE\A\B");
        assert_eq!(
            registry
                .write(&deep, "v", text("x"), false)
                .unwrap_err()
                .code,
            Some(FILE_NOT_FOUND)
        );
        registry.write(&deep, "v", text("x"), true).unwrap();
        assert_eq!(registry.read(&deep, "V").unwrap(), &text("x"));
        assert!(registry.delete(&deep, "v") && !registry.delete(&deep, "v"));
        assert!(registry.read(&deep, "v").is_err());
        assert!(
            registry
                .write(&key(r"HKLM\Mine"), "v", text("x"), true)
                .is_err()
        );
        assert!(
            registry
                .write(&key(r"HKU\S-1-5-18\x"), "v", text("x"), true)
                .is_err()
        );
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let mut registry = Registry::default();
        registry.set_text(r"HKLM\SOFTWARE", "", "");
        let software = key(r"HKLM\SOFTWARE");
        let long = RegistryValue::Binary(vec![0; DATA_LIMIT + 1]);
        assert_eq!(
            registry
                .write(&software, "v", long, false)
                .unwrap_err()
                .code,
            Some(MORE_DATA)
        );
        assert!(
            registry
                .write(&software, &"n".repeat(20_000), text(""), false)
                .is_err()
        );
        assert!(
            registry
                .write(
                    &key(&format!(r"HKLM\SOFTWARE\{}", "k".repeat(256))),
                    "",
                    text(""),
                    true
                )
                .is_err()
        );
    }

    #[test]
    fn products_are_the_uninstall_keys_with_a_name() {
        let mut registry = Registry::default();
        registry.set_text(
            &format!(r"HKLM\SOFTWARE\{UNINSTALL}\{{A}}"),
            "DisplayName",
            "Sync",
        );
        registry.set_text(
            &format!(r"HKLM\SOFTWARE\{UNINSTALL}\{{B}}"),
            "DisplayVersion",
            "1",
        );
        registry.set_text(
            &format!(r"HKLM\SOFTWARE\WOW6432Node\{UNINSTALL}\Old"),
            "DisplayName",
            "Old",
        );
        let found: Vec<_> = registry
            .products()
            .into_iter()
            .map(|p| (p.code, p.view))
            .collect();
        assert_eq!(
            found,
            [
                ("{A}".to_owned(), RegistryView::Bits64),
                ("Old".to_owned(), RegistryView::Bits32)
            ]
        );
    }
}
