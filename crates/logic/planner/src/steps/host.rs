//! Steps around one host: the proofs before and after, and between them the switch.

use model::inventory::{Carried, Service};
use model::names::StepId;
use model::plan::{Action, StepStatus};

use super::switch::Switch;
use super::{Draft, StepList, change_unless, from_to};
use crate::conversion::Place;

impl<'a> StepList<'a> {
    pub(super) fn host(&mut self, place: &'a Place<'a>, carried: Carried<'a>) {
        let converted = place.is_converted(self.conversion);
        let proved = self.prove_retrieval(place, converted);
        let last = match (self.conversion.old_account(place), carried) {
            (_, Carried::Service(service)) if place.has_its_gmsa(self.conversion) => {
                self.keep_gmsa(place, service, proved)
            }
            (Some(old), _) => {
                self.switch(&Switch::new(self.conversion, place, carried, old), proved)
            }
            // It has its gMSA, or a finding says why there is nothing to switch.
            (None, _) => proved,
        };
        self.prove_logon(place, converted, last);
    }

    fn prove_retrieval(&mut self, place: &Place<'_>, converted: bool) -> StepId {
        let gmsa = &self.conversion.wanted.gmsa;
        let group = &self.conversion.wanted.retrieval_group;
        let subject = format!(
            "{} can retrieve the password of {}",
            place.name,
            gmsa.sam_account_name()
        );
        let own = self.steps.iter().filter(|step| step.host.is_none());
        let own = own.map(|step| step.id.clone());
        let requires = self.shared.joined(group, place).into_iter().chain(own);
        let requires = requires.collect();
        self.push(Draft {
            requires,
            status: gate(converted),
            ..Draft::on_host(
                place,
                subject,
                Action::ProveRetrieval { gmsa: gmsa.clone() },
            )
        })
    }

    /// The account is right; its flag may be missing, and without that the service fails at the next rollover.
    fn keep_gmsa(&mut self, place: &Place<'_>, service: &Service, after: StepId) -> StepId {
        let account = self.conversion.gmsa_account();
        let subject = format!("{} runs as {account} on {}", service.name, place.name);
        let action = Action::SetLogonAccount {
            service: service.name.clone(),
            from: account.clone(),
            to: account.clone(),
        };
        self.push(Draft {
            requires: vec![after],
            changes: vec![from_to("managed-account flag", "false", "true")],
            status: change_unless(place.is_converted(self.conversion)),
            ..Draft::on_host(place, subject, action)
        })
    }

    fn prove_logon(&mut self, place: &Place<'_>, converted: bool, after: StepId) {
        let action = Action::ProveLogon {
            gmsa: self.conversion.wanted.gmsa.clone(),
        };
        let subject = format!(
            "the password that {} retrieves is the derived one and logs on",
            place.name
        );
        self.push(Draft {
            requires: vec![after],
            status: gate(converted),
            privilege: "read KDS root keys: Domain Admins (without it, the derivation is not compared)",
            ..Draft::on_host(place, subject, action)
        });
    }
}

/// Proofs are looked at while something changes; afterwards `verify` is the place for them.
fn gate(converted: bool) -> StepStatus {
    if converted {
        StepStatus::NoOp
    } else {
        StepStatus::Check
    }
}
