//! The Microsoft Identity Manager catalogue: components, versions, tools, rules.
//!
//! What can be data is data: `data/components.toml`, each fact with its source. What is left is code: how the tools'
//! command lines are put together (`key_set.rs`) and which versions can run under a gMSA (`version.rs`).

mod component;
mod key_set;
mod version;

pub use component::{Component, FINDINGS, catalogue};
