//! A whole package.

use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use crate::custom_action::{self, CustomAction};
use crate::dialog::{self, Dialog};
use crate::error::PackageError;
use crate::property::{self, Property};
use crate::tables::Tables;

/// What a package says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// What sort of package it is.
    pub kind: Kind,
    /// What it installs.
    pub product: Product,
    /// The parts that can be chosen (`ADDLOCAL`).
    pub features: Vec<Feature>,
    /// Its parameters.
    pub properties: Vec<Property>,
    /// Its pages.
    pub dialogs: Vec<Dialog>,
    /// Its own code.
    pub custom_actions: Vec<CustomAction>,
    /// The services that it installs without code of its own.
    pub services: Vec<ServiceInstall>,
}

/// Sorts of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `.msi`: installs a product.
    Installer,
    /// `.msp`: changes an installed one. Its tables are about the change.
    Patch,
    /// `.mst`: changes a package when it is used.
    Transform,
}

/// The product's own names; empty where the package does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Product {
    /// `ProductName`
    pub name: String,
    /// `ProductVersion`
    pub version: String,
    /// `Manufacturer`
    pub manufacturer: String,
    /// `ProductCode`: a GUID in braces, another one with every major version.
    pub code: String,
    /// `UpgradeCode`: a GUID in braces that stays.
    pub upgrade_code: String,
}

/// A part of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// What `ADDLOCAL` calls it.
    pub name: String,
    /// The feature that it belongs to.
    pub parent: Option<String>,
    /// What people read.
    pub title: String,
    /// Installed unless somebody chooses otherwise: a level between 1 and `INSTALLLEVEL`, which is 1 by default.
    pub level: i32,
}

/// A row of the ServiceInstall table. What it holds may name properties as `[SERVICE_ACCOUNT]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceInstall {
    /// The service's name.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// The logon account; LocalSystem where there is none.
    pub account: Option<String>,
    /// Whether a password is given with it. Which one is not told.
    pub has_password: bool,
}

impl Package {
    /// Reads a package. Nothing in it is run.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn read(file: impl Read + Seek) -> Result<Self, PackageError> {
        // The library takes some of what a database may not contain for impossible, and panics.
        catch_unwind(AssertUnwindSafe(|| Self::read_tables(file)))
            .unwrap_or(Err(PackageError::Damaged))
    }

    fn read_tables(file: impl Read + Seek) -> Result<Self, PackageError> {
        let mut tables = Tables::open(file)?;
        let dialogs = dialog::read(&mut tables)?;
        let properties = property::read(&mut tables, &dialogs)?;
        Ok(Self {
            kind: match tables.package_type() {
                msi::PackageType::Installer => Kind::Installer,
                msi::PackageType::Patch => Kind::Patch,
                msi::PackageType::Transform => Kind::Transform,
            },
            product: product(&properties),
            features: features(&mut tables)?,
            custom_actions: custom_action::read(&mut tables)?,
            services: services(&mut tables)?,
            properties,
            dialogs,
        })
    }
}

fn product(properties: &[Property]) -> Product {
    let value = |name: &str| {
        let found = properties.iter().find(|property| property.name == name);
        found
            .and_then(|property| property.value.clone())
            .unwrap_or_default()
    };
    Product {
        name: value("ProductName"),
        version: value("ProductVersion"),
        manufacturer: value("Manufacturer"),
        code: value("ProductCode"),
        upgrade_code: value("UpgradeCode"),
    }
}

fn features<F: Read + Seek>(tables: &mut Tables<F>) -> Result<Vec<Feature>, PackageError> {
    let rows = tables.rows("Feature")?.into_iter();
    let feature = rows.map(|row| Feature {
        name: row.owned("Feature"),
        parent: row.text("Feature_Parent").map(str::to_owned),
        title: row.owned("Title"),
        level: row.number("Level").unwrap_or(0),
    });
    Ok(feature.collect())
}

fn services<F: Read + Seek>(tables: &mut Tables<F>) -> Result<Vec<ServiceInstall>, PackageError> {
    let rows = tables.rows("ServiceInstall")?.into_iter();
    let service = rows.map(|row| ServiceInstall {
        name: row.owned("Name"),
        display_name: row.owned("DisplayName"),
        account: row.text("StartName").map(str::to_owned),
        has_password: row.text("Password").is_some(),
    });
    Ok(service.collect())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::custom_action::Runs;
    use crate::test_package;

    fn read(bytes: &[u8]) -> Result<Package, PackageError> {
        Package::read(Cursor::new(bytes))
    }

    #[test]
    fn a_package_tells_its_product_properties_pages_and_actions() {
        let package = read(&test_package::bytes()).unwrap();
        assert_eq!(package.kind, Kind::Installer);
        assert_eq!(package.product.name, "Sample Service");
        assert_eq!(package.product.version, "4.6.34.0");
        assert_eq!(
            package.features[1].parent.as_deref(),
            Some("CommonServices")
        );
        let property = |name: &str| {
            let found = package.properties.iter().find(|known| known.name == name);
            found.unwrap_or_else(|| panic!("{name}")).clone()
        };
        let account = property("SERVICE_ACCOUNT_NAME");
        assert!(account.public && account.secure && !account.hidden);
        assert_eq!(account.value.as_deref(), Some("svc-sample"));
        assert!(!property("ProductName").public);
        let page = &package.dialogs[0];
        assert_eq!(page.leads_to, ["ReadyPage"]);
        assert_eq!(
            page.controls[0].property.as_deref(),
            Some("SERVICE_ACCOUNT_NAME")
        );
        let actions: Vec<_> = package
            .custom_actions
            .iter()
            .map(|action| (action.name.as_str(), action.runs, action.sequence))
            .collect();
        assert_eq!(
            actions,
            [
                ("SetData", Runs::AsUser, Some(3999)),
                ("ConfigureService", Runs::AsSystem, Some(4000)),
                ("TestAccount", Runs::AsUser, None),
            ]
        );
        assert_eq!(
            package.services[0].account.as_deref(),
            Some("[SERVICE_ACCOUNT_NAME]")
        );
        assert!(package.services[0].has_password);
    }

    #[test]
    fn what_is_hidden_stays_hidden() {
        let package = read(&test_package::bytes()).unwrap();
        for name in ["SERVICE_ACCOUNT_PASSWORD", "MAIL_SECRET"] {
            let found = package.properties.iter().find(|known| known.name == name);
            let found = found.unwrap();
            assert!(found.hidden && found.value.is_none(), "{found:?}");
        }
        let hidden = &package.custom_actions[1];
        assert_eq!(hidden.target, None);
        assert!(!format!("{package:?}").contains(test_package::SECRET));
    }

    #[test]
    fn what_is_no_package_is_refused() {
        for bytes in [&b""[..], b"MZ\x90\0", &[0xd0; 4096]] {
            assert!(matches!(read(bytes), Err(PackageError::NotAPackage(_))));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

        /// Whatever is read from a damaged package, it comes back, and shows nothing that was hidden.
        #[test]
        fn damage_never_escapes(at in 0..test_package::bytes().len(), with: u8, keep in 0_usize..2) {
            let mut bytes = test_package::bytes();
            bytes[at] = with;
            if keep == 0 {
                bytes.truncate(at);
            }
            drop(read(&bytes));
        }
    }
}
