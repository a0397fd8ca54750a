//! Does on a Wine host what Windows does for services and Wine does not: logs them on as their account.
//!
//! A service of Wine runs whatever its logon account is. The programs here start only as Windows would start them: a
//! group managed service account's password is retrieved from the domain controller as the host's own account, a user
//! account's is the one that setup gave to the host; with either the account must log on by Kerberos. Else the service
//! ends with 1069, as Windows says it.
//!
//! One program does it all and does what its file is called, since products name their files themselves:
//!
//! | file | does |
//! |---|---|
//! | `stand-in-lsa.exe DOMAIN\name`, password on stdin | keeps the password of a user account, as the local security authority does |
//! | `stand-in-service-setup.exe SERVICE DOMAIN\name [PASSWORD]` | does what a product's setup does for a service in change mode |
//! | `w3wp.exe DOMAIN\name`, password on stdin | logs on once, as a worker process of a web server does |
//! | `Microsoft.IdentityManagement.KeyProtectService.exe` | the service that encrypts what it reads from its pipe |
//! | any other | a service that stays until it is stopped |

pub mod account;
pub mod logon;
pub mod program;
pub mod service_setup;
#[cfg(windows)]
pub mod windows;
