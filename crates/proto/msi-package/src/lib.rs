//! What a Windows Installer package says about itself: product, features, properties, pages, custom actions.
//!
//! ```text
//! .msi ─▶ Tables ─▶ Package { product, features, properties, dialogs, custom_actions, services }
//! ```
//!
//! Before a set-up is run with properties on its command line, its own tables tell which properties there are, which
//! field of which page sets which of them, and which custom actions run as the system with what they were given.
//!
//! | type | table (Microsoft Learn, "Windows Installer: Database Tables") |
//! |---|---|
//! | [`Property`] | Property, with `SecureCustomProperties`, `AdminProperties`, `MsiHiddenProperties` |
//! | [`Feature`] | Feature |
//! | [`Dialog`], [`Control`] | Dialog, Control, ControlEvent |
//! | [`CustomAction`] | CustomAction, InstallExecuteSequence |
//! | [`ServiceInstall`] | ServiceInstall |
//!
//! INVARIANT: a value that the package marks as hidden, or that a password field sets, is never handed out.
//! INVARIANT: a damaged package ends in an error.

mod custom_action;
mod dialog;
mod error;
mod package;
mod property;
mod tables;
#[cfg(test)]
mod test_package;

pub use custom_action::{CustomAction, Runs};
pub use dialog::{Control, Dialog};
pub use error::PackageError;
pub use package::{Feature, Kind, Package, Product, ServiceInstall};
pub use property::Property;
