//! A plan that stores passwords anew under the gMSAs that components run as, without a conversion.

use model::plan::{Action, Fact, Plan, fingerprint};

use crate::conversion::Conversion;
use crate::planning::Planning;
use crate::{assembled, facts, steps};

/// Plans it for the conversions of the intent, whose components run as their gMSAs already.
pub fn plan_of_passwords(planning: &Planning<'_>) -> Plan {
    let wanted = planning.intent.conversions.iter();
    let conversions: Vec<_> = wanted
        .map(|wanted| Conversion::new(planning, wanted))
        .collect();
    let mut prior = facts::of_the_domain(planning.inventory);
    prior.extend(conversions.iter().flat_map(stored_before));
    let steps = steps::of_stored_passwords(&conversions);
    assembled(planning, prior, steps, Vec::new())
}

/// What is stored now: with the next password, it is another plan.
fn stored_before(conversion: &Conversion<'_>) -> Vec<Fact> {
    let places = conversion.places.iter();
    let before = places.filter_map(|place| {
        let view = place.view(conversion)?;
        let stored = conversion.profile?.stored_password(&view)?;
        let text = view.host.registry_text(&stored.key, &stored.value);
        let fact = |value: String| Fact {
            subject: place.name.to_string(),
            what: stored.value.clone(),
            value,
        };
        let text = fact(text.unwrap_or_default().to_owned());
        Some(fact(fingerprint(&[text])))
    });
    before.collect()
}

/// Whether a plan is one of these.
pub fn is_of_passwords(plan: &Plan) -> bool {
    let stores = |action: &Action| matches!(action, Action::StorePassword { .. });
    let around = |action: &Action| {
        matches!(
            action,
            Action::StopService { .. } | Action::StartService { .. }
        )
    };
    let mut steps = plan.steps.iter().map(|step| &step.action);
    steps.clone().any(stores) && steps.all(|action| stores(action) || around(action))
}
