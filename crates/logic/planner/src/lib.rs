//! Inventory and intent in, plan and findings out.
//!
//! | function | reads | makes |
//! |---|---|---|
//! | [`plan`] | inventory, intent, profiles | plan with findings |
//! | [`propose`] | inventory, profiles | a first intent |
//! | [`proposal_text`] | inventory, intent, profiles | that intent as a file with comments |
//! | [`plan_of_passwords`] | the same | plan that stores passwords anew and changes nothing else |
//! | [`plan_of_key_sets`] | the same | plan that exports key sets and changes nothing else |
//! | [`plan_of_retirement`] | inventory, accounts | plan that disables password accounts |
//! | [`questions`] | estate, intent, profiles | what discovery must look for |
//! | [`rights_in_words`], [`host_access_in_words`] | an entry of an access list | the same in an administrator's words |
//! | [`database::judge`] | what a database server has of two accounts | what one lacks, and the T-SQL that gives it |
//!
//! INVARIANT: pure and deterministic: no clock, no I/O; the same input gives the same plan, byte for byte.
//!
//! What a product is like (its service, its tools, its versions) is a [`Profile`]; crate `mim` has those of
//! Microsoft Identity Manager. What a step does when it runs is `engine`'s business.

mod checks;
mod conversion;
pub mod database;
mod facts;
pub mod findings;
mod key_set;
mod planning;
mod profile;
mod proposal;
mod proposal_text;
mod retirement;
mod rights_in_words;
mod steps;
mod store_password;

pub use key_set::{is_of_key_sets, plan_of_key_sets};
pub use planning::Planning;
pub use profile::{
    HostView, KeySetTools, PackageFacts, Profile, Refusal, SilentSetup, StoredPassword, Suggestion,
};
pub use proposal::{Wanted, gmsas_of, propose, questions};
pub use proposal_text::proposal_text;
pub use retirement::{is_of_retirement, plan_of_retirement};
pub use rights_in_words::{host_access_in_words, rights_in_words};
pub use store_password::{is_of_passwords, plan_of_passwords};

use model::finding::Finding;
use model::plan::{Fact, Plan, PlannedEstate, Step, fingerprint};

use conversion::Conversion;

/// Plans the way from what was found to what is wanted.
///
/// A plan with a blocking finding is still whole as far as it could be made: it can be read and saved, not applied.
pub fn plan(planning: &Planning<'_>) -> Plan {
    let inventory = planning.inventory;
    let mut findings = checks::of_the_forest(inventory, planning.intent);
    let mut prior = facts::of_the_domain(inventory);
    let wanted = planning.intent.conversions.iter();
    let conversions: Vec<_> = wanted
        .map(|wanted| Conversion::new(planning, wanted))
        .collect();
    for conversion in &conversions {
        findings.extend(checks::of_a_conversion(conversion));
        prior.extend(facts::of_a_conversion(conversion));
    }
    prior.sort();
    prior.dedup();
    findings.sort_by(|a, b| {
        (b.severity, &a.id, &a.subject, &a.what).cmp(&(a.severity, &b.id, &b.subject, &b.what))
    });
    findings.dedup();
    assembled(
        planning,
        prior,
        steps::of_conversions(&conversions),
        findings,
    )
}

fn assembled(
    planning: &Planning<'_>,
    prior: Vec<Fact>,
    steps: Vec<Step>,
    findings: Vec<Finding>,
) -> Plan {
    Plan {
        format: Plan::FORMAT,
        made_by: planning.made_by.to_owned(),
        estate: PlannedEstate::of(planning.inventory),
        fingerprint: fingerprint(&prior),
        intent: planning.intent.clone(),
        prior,
        steps,
        findings,
    }
}
