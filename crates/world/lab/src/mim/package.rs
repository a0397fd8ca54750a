//! The products' packages on the hosts: what their tables say of properties is all that they hold.

use std::io::{Cursor, Error};

use msi::{Column, Insert, Package, PackageType, Value};

/// Where the hosts have the Synchronization Service's.
pub const SYNC_PACKAGE: &str = r"D:\MIM\Synchronization Service.msi";
/// Where they have that of MIM Service, portals and PAM.
pub const SERVICE_PACKAGE: &str = r"D:\MIM\Service and Portal.msi";
/// The Synchronization Service's product code.
pub const SYNC_CODE: &str = "{5A7CB0A3-7AA2-4F40-8899-02B83694085F}";
/// The product code of MIM Service, portals and PAM.
pub const SERVICE_CODE: &str = "{0782FB14-023A-430F-B0D5-4AE1D1CCFCAA}";

const SYNC_PROPERTIES: &str = "ACCEPT_EULA;STORESERVER;SQLINSTANCE;SQLDB;SERVICEACCOUNT;SERVICEPASSWORD;SERVICEDOMAIN;\
    GROUPADMINS;GROUPOPERATORS;GROUPACCOUNTJOINERS;GROUPBROWSE;GROUPPASSWORDSET;FIREWALL_CONF;SQMOPTINSETTING;INSTALLDIR";
const SERVICE_PROPERTIES: &str = "ACCEPT_EULA;SQMOPTINSETTING;INSTALLDIR;SQLSERVER_SERVER;SQLSERVER_DATABASE;EXISTINGDATABASE;\
    SERVICE_ACCOUNT_NAME;SERVICE_ACCOUNT_PASSWORD;SERVICE_ACCOUNT_DOMAIN;SERVICE_ACCOUNT_EMAIL;\
    SERVICE_ACCOUNT_EMAIL_PASSWORD;USE_MANAGED_ACCOUNT_FOR_SERVICE;MAIL_SERVER;MAIL_SERVER_USE_SSL;\
    MAIL_SERVER_IS_EXCHANGE;MAIL_SERVER_IS_EXCHANGE_ONLINE;POLL_EXCHANGE_ENABLED;SYNCHRONIZATION_SERVER;\
    SYNCHRONIZATION_SERVER_ACCOUNT;SERVICEADDRESS;SERVICE_MANAGER_SERVER;REGISTRATION_ACCOUNT;\
    REGISTRATION_ACCOUNT_PASSWORD;REGISTRATION_HOSTNAME;REGISTRATION_PORT;RESET_ACCOUNT;RESET_ACCOUNT_PASSWORD;\
    RESET_HOSTNAME;RESET_PORT;PAM_REST_API_APPPOOL_ACCOUNT_NAME;PAM_REST_API_APPPOOL_ACCOUNT_DOMAIN;\
    PAM_REST_API_APPPOOL_ACCOUNT_PASSWORD;PAM_COMPONENT_SERVICE_ACCOUNT_NAME;PAM_COMPONENT_SERVICE_ACCOUNT_DOMAIN;\
    PAM_COMPONENT_SERVICE_ACCOUNT_PASSWORD;PAM_MONITORING_SERVICE_ACCOUNT_NAME;PAM_MONITORING_SERVICE_ACCOUNT_DOMAIN;\
    PAM_MONITORING_SERVICE_ACCOUNT_PASSWORD;MIMPAM_REST_API_PORT";

/// The Synchronization Service's.
///
/// # Errors
/// Where it cannot be put together in memory.
pub fn synchronization_service(version: &str) -> Result<Vec<u8>, Error> {
    package(
        "Microsoft Identity Manager Synchronization Service",
        SYNC_CODE,
        version,
        SYNC_PROPERTIES,
    )
}

/// That of MIM Service, portals and PAM.
///
/// # Errors
/// As [`synchronization_service`].
pub fn service_and_portal(version: &str) -> Result<Vec<u8>, Error> {
    package(
        "Microsoft Identity Manager Service and Portal",
        SERVICE_CODE,
        version,
        SERVICE_PROPERTIES,
    )
}

fn package(name: &str, code: &str, version: &str, properties: &str) -> Result<Vec<u8>, Error> {
    let mut package = Package::create(PackageType::Installer, Cursor::new(Vec::new()))?;
    let columns = vec![
        Column::build("Property").primary_key().id_string(72),
        Column::build("Value").nullable().string(0),
    ];
    package.create_table("Property", columns)?;
    let rows = [
        ("Manufacturer", "Microsoft Corporation"),
        ("ProductCode", code),
        ("ProductName", name),
        ("ProductVersion", version),
        ("SecureCustomProperties", properties),
    ];
    let row = |(name, value): (&str, &str)| vec![Value::from(name), Value::from(value)];
    let rows = rows.into_iter().map(row).collect();
    package.insert_rows(Insert::into("Property").rows(rows))?;
    Ok(package.into_inner()?.into_inner())
}
