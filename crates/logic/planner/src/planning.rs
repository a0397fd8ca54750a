//! What a plan is made from.

use model::intent::Intent;
use model::inventory::Inventory;
use model::names::LogonAccount;

use crate::profile::{Profile, Refusal};

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
    /// Version of the gmsactl that plans.
    pub made_by: &'a str,
}
