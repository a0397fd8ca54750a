//! The products' packages: what their copies say, and the files on the hosts.

use std::collections::BTreeMap;

use model::host::{PropertyName, PropertyValue};
use model::intent::Setup;
use planner::PackageFacts;

use super::state::State;

/// The packages of both products, as their copies say.
pub fn all() -> BTreeMap<String, Result<PackageFacts, String>> {
    let facts = |name: &str, code: &str, file: &str, properties: &str| {
        let names = properties.split(' ').map(str::to_owned);
        let facts = PackageFacts {
            sha256: hex::encode(file), // As good as a hash in this world.
            name: name.to_owned(),
            version: "4.6.34.0".to_owned(),
            code: code.to_owned(),
            properties: names.collect(),
            fields: Vec::new(),
        };
        (file.to_owned(), Ok(facts))
    };
    BTreeMap::from([
        facts(
            "Microsoft Identity Manager Synchronization Service",
            "{5A7CB0A3-7AA2-4F40-8899-02B83694085F}",
            "sync.msi",
            "ACCEPT_EULA STORESERVER SQLDB SERVICEACCOUNT SERVICEDOMAIN GROUPADMINS GROUPOPERATORS GROUPACCOUNTJOINERS \
             GROUPBROWSE GROUPPASSWORDSET",
        ),
        facts(
            "Microsoft Identity Manager Service and Portal",
            "{0782FB14-023A-430F-B0D5-4AE1D1CCFCAA}",
            "service.msi",
            "ACCEPT_EULA SQLSERVER_SERVER SQLSERVER_DATABASE EXISTINGDATABASE MAIL_SERVER SYNCHRONIZATION_SERVER \
             SERVICEADDRESS RESET_ACCOUNT",
        ),
    ])
}

/// Puts them on every host.
pub fn put_on_hosts(state: &mut State) {
    for host in state.hosts.values_mut() {
        for file in all().into_keys() {
            host.files.insert(format!(r"d:\mim\{file}"), file);
        }
    }
}

/// What the setup of a component is told beside what the registry has.
pub fn setup(component: &str) -> Setup {
    let (file, names) = match component {
        "sync" => (
            "sync.msi",
            "STORESERVER SQLDB GROUPADMINS GROUPOPERATORS GROUPACCOUNTJOINERS GROUPBROWSE GROUPPASSWORDSET",
        ),
        _ => (
            "service.msi",
            "SQLSERVER_SERVER SQLSERVER_DATABASE MAIL_SERVER SYNCHRONIZATION_SERVER SERVICEADDRESS",
        ),
    };
    let value = |name: &str| {
        let value = PropertyValue::parse("as it was").unwrap();
        (PropertyName::parse(name).unwrap(), value)
    };
    Setup {
        package: format!(r"D:\MIM\{file}"),
        copy: file.to_owned(),
        properties: names.split(' ').map(value).collect(),
    }
}
