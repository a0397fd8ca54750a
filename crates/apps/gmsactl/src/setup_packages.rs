//! The packages that an intent names as copies: what their tables say.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use model::host::PropertyName;
use model::intent::Intent;
use msi_package::{Kind, Package};
use planner::PackageFacts;
use sha2::{Digest, Sha256};

/// By the names that the intent gives them; why one cannot be read is for the plan to tell.
pub fn of(intent: &Intent) -> BTreeMap<String, Result<PackageFacts, String>> {
    let setups = intent
        .conversions
        .iter()
        .filter_map(|wanted| wanted.setup.as_ref());
    setups
        .map(|setup| (setup.copy.clone(), read(&setup.copy)))
        .collect()
}

fn read(path: &str) -> Result<PackageFacts, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let package = Package::read(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    if package.kind != Kind::Installer {
        return Err("it is a patch or a transform, not the package of a product".to_owned());
    }
    let fields = fields(&package);
    let names = package.properties.into_iter().map(|property| property.name);
    Ok(PackageFacts {
        sha256,
        name: package.product.name,
        version: package.product.version,
        code: package.product.code,
        properties: names.collect(),
        fields,
    })
}

/// What the fields of its pages set and a silent run can be told; never a password's.
fn fields(package: &Package) -> Vec<PropertyName> {
    let controls = package.dialogs.iter().flat_map(|page| &page.controls);
    let names = controls.filter(|control| !control.password);
    let names =
        names.filter_map(|control| PropertyName::parse(control.property.as_ref()?.as_str()).ok());
    let names = names.filter(|name| !name.is_of_a_password() && !name.is_of_every_package());
    names.collect::<BTreeSet<_>>().into_iter().collect()
}
