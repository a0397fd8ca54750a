//! Steps that give the gMSA what the old account has beside its log-on: delegation and groups.

use model::names::StepId;
use model::plan::{Action, StepStatus};
use model::ports::{AccountControl, Delegation};

use super::{Draft, StepList, change_unless, created};
use model::intent::DelegationWish;

impl StepList<'_> {
    /// Copies the old accounts' delegation; a gMSA has no tab for it.
    pub(super) fn delegation(&mut self, after: &StepId) {
        let conversion = self.conversion;
        let had = conversion.delegation_of(&conversion.wanted.gmsa.sam_account_name());
        let wanted = conversion.wanted_delegation();
        let gmsa = conversion.wanted.gmsa.sam_account_name();
        for service in &wanted.services {
            let held = had.is_some_and(|had| had.services.iter().any(|own| own.same_as(service)));
            let action = Action::AllowDelegation {
                account: gmsa.clone(),
                service: service.clone(),
            };
            let subject = format!("{gmsa} may delegate to {service}");
            self.delegate(after, service.as_str(), subject, held, action);
        }
        for caller in &wanted.callers {
            let held = had.is_some_and(|had| had.callers.contains(caller));
            let action = Action::AllowDelegationFrom {
                account: gmsa.clone(),
                caller: *caller,
            };
            let subject = format!("{caller} may delegate to {gmsa}");
            self.delegate(after, &caller.to_string(), subject, held, action);
        }
        let flags = [
            (
                wanted.protocol_transition,
                had.is_some_and(|had| had.protocol_transition),
                AccountControl::TrustedToAuthForDelegation,
                "may delegate without the user's own Kerberos log-on (use any protocol)",
            ),
            (
                wanted.unconstrained,
                had.is_some_and(|had| had.unconstrained),
                AccountControl::TrustedForDelegation,
                "may delegate to any service",
            ),
        ];
        for (_, held, control, words) in flags.into_iter().filter(|flag| flag.0) {
            let action = Action::SetAccountControl {
                account: gmsa.clone(),
                control,
            };
            let subject = format!("{gmsa} {words}");
            self.delegate(after, &format!("{control:?}"), subject, held, action);
        }
    }

    fn delegate(&mut self, after: &StepId, of: &str, subject: String, held: bool, action: Action) {
        let change = match &action {
            Action::AllowDelegation { service, .. } => {
                created("constrained delegation to", service.as_str())
            }
            Action::AllowDelegationFrom { caller, .. } => {
                created("resource-based delegation from", &caller.to_string())
            }
            _ => created("userAccountControl", of),
        };
        self.push(Draft {
            requires: vec![after.clone()],
            changes: vec![change],
            status: change_unless(held),
            privilege: "Enable computer and user accounts to be trusted for delegation, on the domain controllers",
            ..Draft::in_directory(Some(of), subject, action)
        });
    }

    /// Groups that the intent names.
    pub(super) fn join_groups(&mut self, after: &StepId) {
        let conversion = self.conversion;
        let member = conversion.wanted.gmsa.sam_account_name();
        let account = conversion.inventory.account(&member);
        for group in &conversion.wanted.groups {
            let found = conversion.inventory.group(group);
            let held = found
                .zip(account)
                .is_some_and(|(group, account)| group.members.contains(&account.dn));
            let action = Action::AddMember {
                group: group.clone(),
                member: member.clone(),
            };
            self.push(Draft {
                requires: vec![after.clone()],
                changes: vec![created(&format!("member of {group}"), member.as_str())],
                status: if found.is_some() {
                    change_unless(held)
                } else {
                    StepStatus::Change
                },
                privilege: "write the group's member attribute",
                ..Draft::in_directory(
                    Some(group.as_str()),
                    format!("{member} is a member of {group}"),
                    action,
                )
            });
        }
    }
}

impl crate::conversion::Conversion<'_> {
    /// The delegation that the gMSA is to have beside what it has: the old accounts', as far as the intent wants it.
    pub(crate) fn wanted_delegation(&self) -> Delegation {
        let mut all = Delegation::default();
        if self.wanted.delegation == DelegationWish::None {
            return all;
        }
        let netbios = &self.inventory.domain.netbios_name;
        let old = self.old_accounts();
        let names = old.iter().filter_map(|old| old.in_domain(netbios));
        for found in names.filter_map(|name| self.delegation_of(name)) {
            all.protocol_transition |= found.protocol_transition;
            all.services.extend(found.services.iter().cloned());
            all.callers.extend(&found.callers);
        }
        all.services.sort();
        all.services.dedup();
        all.callers.sort();
        all.callers.dedup();
        all.unconstrained = self.wanted.delegation == DelegationWish::Unconstrained;
        all
    }
}
