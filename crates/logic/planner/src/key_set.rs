//! A plan that exports key sets, without a conversion.

use model::plan::{Action, Fact, Plan};

use crate::conversion::Conversion;
use crate::planning::Planning;
use crate::{assembled, facts, steps};

/// Plans it for the components and hosts of the intent, to the files that it names; of the rest of the intent nothing
/// is looked at.
pub fn plan_of_key_sets(planning: &Planning<'_>) -> Plan {
    let wanted = planning.intent.conversions.iter();
    let conversions: Vec<_> = wanted
        .map(|wanted| Conversion::new(planning, wanted))
        .collect();
    let mut prior = facts::of_the_domain(planning.inventory);
    prior.extend(conversions.iter().flat_map(accounts));
    assembled(
        planning,
        prior,
        steps::of_key_sets(&conversions),
        Vec::new(),
    )
}

/// Whom each service runs as: with another account, it is another plan.
fn accounts(conversion: &Conversion<'_>) -> Vec<Fact> {
    let places = conversion.places.iter();
    let accounts = places.filter_map(|place| {
        let carried = place.carried?;
        Some(Fact {
            subject: place.name.to_string(),
            what: format!("logon account of {}", carried.name()),
            value: carried.logon_account().to_string(),
        })
    });
    accounts.collect()
}

/// Whether a plan is one of these.
pub fn is_of_key_sets(plan: &Plan) -> bool {
    let mut actions = plan.steps.iter().map(|step| &step.action);
    let of_key_sets = |action: &Action| {
        matches!(
            action,
            Action::ExportKeySet { .. } | Action::SealKeySet { .. } | Action::RemoveKeySet { .. }
        )
    };
    !plan.steps.is_empty() && actions.all(of_key_sets)
}
