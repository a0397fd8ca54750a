//! Microsoft Identity Manager on the lab's hosts.
//!
//! | module           | product                                                          |
//! |------------------|------------------------------------------------------------------|
//! | `sync_service`   | Synchronization Service: starts only with a key set it can read   |
//! | `key_tools`      | `miiskmu.exe` and `miisactivate.exe`, as documented and no more   |
//! | `mim_service`    | MIM Service, SSPR portals, PAM services                          |
//! | `key_protect`    | `MIMKeyProtectService`, which encrypts the Exchange password        |
//! | `setup`          | their setup in change mode, by its public properties             |
//! | `package`        | the packages that these setups come from: their tables           |
//! | `reference`      | the reference estate's hosts                                     |
//! | `products`       | what hosts ask of all this: `hosts::Products`                     |
//! | `sql_server`     | databases, logins and roles, shared by all hosts                 |
//! | `sql_import`     | the same after an inventory                                      |

pub mod installation;
pub mod key_protect;
pub mod key_set;
pub mod key_tools;
pub mod mim_service;
pub mod package;
pub mod products;
pub mod reference;
pub mod setup;
mod sql_import;
pub mod sql_server;
pub mod sync_service;
#[cfg(test)]
mod tests;

pub use installation::{Installations, SyncInstallation};
pub use key_set::KeySetId;
pub use products::Mim;
pub use reference::{Preparation, prepare, reference_hosts};
pub use sql_import::import_databases;
pub use sql_server::{Content as SqlContent, Database, LoginDetails, Role, SqlServer, UserDetails};
