//! What a plan is made from.

use std::collections::BTreeMap;

use model::intent::Intent;
use model::inventory::Inventory;
use model::names::LogonAccount;

use crate::profile::{PackageFacts, Profile, Refusal};

/// Everything that a plan depends on.
pub struct Planning<'a> {
    /// What was found.
    pub inventory: &'a Inventory,
    /// What is wanted.
    pub intent: &'a Intent,
    /// The products that are known.
    pub profiles: &'a [&'a dyn Profile],
    /// What is known and refused.
    pub refused: &'a [Refusal],
    /// Accounts whose password the operator can supply.
    pub credentials: &'a [LogonAccount],
    /// The packages that the intent names as copies: by the name that it gives them, what they say or why they cannot be
    /// read.
    pub packages: &'a BTreeMap<String, Result<PackageFacts, String>>,
    /// Version of the gmsactl that plans.
    pub made_by: &'a str,
}
