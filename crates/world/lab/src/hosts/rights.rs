//! User rights: what is set locally, and what a group policy puts in its place.

use std::collections::{BTreeMap, BTreeSet};

use security::Sid;
use serde::{Deserialize, Serialize};

use super::domain::Token;

/// Rights and denials that matter to services and tasks ([MS-LSAD] 2.2.1.1.2 and 3.1.1.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Right {
    /// SeServiceLogonRight.
    LogOnAsService,
    /// SeDenyServiceLogonRight.
    DenyLogOnAsService,
    /// SeBatchLogonRight.
    LogOnAsBatchJob,
    /// SeDenyBatchLogonRight.
    DenyLogOnAsBatchJob,
    /// SeDenyNetworkLogonRight.
    DenyNetworkLogon,
    /// SeDenyInteractiveLogonRight.
    DenyLogOnLocally,
    /// SeDenyRemoteInteractiveLogonRight.
    DenyRemoteDesktop,
}

/// Who has which right on a host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rights {
    effective: BTreeMap<Right, BTreeSet<Sid>>,
    policy: BTreeMap<Right, BTreeSet<Sid>>,
}

impl Rights {
    /// Gives a right locally: lost at the next refresh where a policy defines that right.
    pub fn grant(&mut self, right: Right, to: Sid) {
        self.effective.entry(right).or_default().insert(to);
    }

    /// Takes a right away locally.
    pub fn revoke(&mut self, right: Right, from: &Sid) {
        self.effective.entry(right).or_default().remove(from);
    }

    /// Defines a right by policy, with everybody who is to have it; in force from the next refresh on.
    pub fn define_by_policy(&mut self, right: Right, holders: impl IntoIterator<Item = Sid>) {
        self.policy.insert(right, holders.into_iter().collect());
    }

    /// Whether a policy defines that right.
    pub fn is_defined_by_policy(&self, right: Right) -> bool {
        self.policy.contains_key(&right)
    }

    /// Group policy refresh: a right that a policy defines has exactly the policy's holders afterwards.
    pub fn refresh(&mut self) {
        self.effective.extend(
            self.policy
                .iter()
                .map(|(right, holders)| (*right, holders.clone())),
        );
    }

    /// Whether somebody with these SIDs holds the right.
    pub fn holds(&self, right: Right, token: &Token) -> bool {
        self.effective
            .get(&right)
            .is_some_and(|holders| holders.iter().any(|holder| token.has(holder)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid(text: &str) -> Sid {
        text.parse().unwrap()
    }

    #[test]
    fn a_policy_replaces_what_was_granted_locally() {
        let (mine, theirs) = (sid("S-1-5-21-1-2-3-1104"), sid("S-1-5-21-1-2-3-1105"));
        let mut rights = Rights::default();
        rights.define_by_policy(Right::LogOnAsService, [theirs]);
        rights.grant(Right::LogOnAsService, mine);
        assert!(rights.holds(Right::LogOnAsService, &Token::of([mine])));
        rights.refresh();
        assert!(!rights.holds(Right::LogOnAsService, &Token::of([mine])));
        assert!(rights.holds(Right::LogOnAsService, &Token::of([theirs])));
    }

    #[test]
    fn a_denial_of_any_group_wins() {
        let (me, group) = (sid("S-1-5-21-1-2-3-1104"), sid("S-1-5-21-1-2-3-513"));
        let mut rights = Rights::default();
        rights.grant(Right::LogOnAsService, me);
        let token = Token::of([me, group]);
        let may = |rights: &Rights| {
            rights.holds(Right::LogOnAsService, &token)
                && !rights.holds(Right::DenyLogOnAsService, &token)
        };
        assert!(may(&rights));
        rights.grant(Right::DenyLogOnAsService, group);
        assert!(!may(&rights));
        rights.revoke(Right::DenyLogOnAsService, &group);
        rights.grant(Right::DenyLogOnAsService, sid("S-1-1-0"));
        assert!(!may(&rights));
    }
}
