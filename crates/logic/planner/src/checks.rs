//! Everything that an operator should know before a plan is applied.

mod delegation;
mod directory_rights;
mod forest;
mod logon_rights;
mod names;
mod place;
mod setup;
mod spns;

pub(crate) use directory_rights::{keeps, objects_of};
pub(crate) use forest::of_the_forest;

use model::finding::Finding;

use crate::conversion::Conversion;
use crate::findings as kind;
use delegation::{of_the_delegation, of_the_groups, of_the_groups_left};
use directory_rights::{of_protected_groups, of_the_rights};
use logon_rights::of_the_logon_rights;
use names::of_the_names;
use place::of_a_place;
use spns::of_the_spns;

/// What concerns one conversion.
pub(crate) fn of_a_conversion(conversion: &Conversion<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(profile) = conversion.profile else {
        let component = &conversion.wanted.component;
        let mut refused = conversion.refused.iter();
        if let Some(refusal) = refused.find(|refusal| refusal.component == *component) {
            let what = format!("the {} cannot be converted: {}", refusal.title, refusal.why);
            let mut finding =
                kind::COMPONENT_REFUSED.found(component.as_str(), what, &refusal.instead);
            finding.source.clone_from(&refusal.source);
            return vec![finding];
        }
        let known: Vec<_> = conversion.known_components().collect();
        return vec![kind::COMPONENT_UNKNOWN.found(
            conversion.wanted.component.as_str(),
            "is no component that this gmsactl knows",
            format!("known are: {}", known.join(", ")),
        )];
    };
    for place in &conversion.places {
        findings.extend(of_a_place(conversion, place));
        if let Some(view) = place.view(conversion) {
            findings.extend(profile.findings(&view));
        }
    }
    findings.extend(of_the_names(conversion));
    findings.extend(of_the_spns(conversion));
    findings.extend(of_the_delegation(conversion));
    findings.extend(of_the_rights(conversion));
    findings.extend(of_the_logon_rights(conversion));
    findings.extend(of_the_groups(conversion));
    findings.extend(of_protected_groups(conversion));
    findings.extend(of_the_groups_left(conversion));
    findings
}
