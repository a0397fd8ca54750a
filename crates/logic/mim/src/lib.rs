//! The Microsoft Identity Manager catalogue: components, versions, tools, rules.
//!
//! What can be data is data: `data/components.toml`, each fact with its source. What is left is code: how the tools'
//! command lines are put together (`key_set.rs`), which versions can run under a gMSA (`version.rs`), and what an
//! operator should know beforehand (`rules.rs`), what of MIM an inventory shows (`detect.rs`). The wizards of the setups
//! are data too: `data/setup.toml`.

mod catalogue;
mod component;
mod detect;
mod exchange;
mod excluded;
mod key_set;
mod rules;
mod setup_data;
mod silent;
mod version;
mod wizard;

pub use catalogue::{catalogue, refused};
pub use component::Component;
pub use detect::{AccountKind, Detected, Detection, Node, Other, Role, Staying, detect};
pub use exchange::mailbox_of;
pub use excluded::Excluded;
pub use rules::FINDINGS;
