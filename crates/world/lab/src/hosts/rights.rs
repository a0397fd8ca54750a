//! User rights: what is set locally, and what a group policy puts in its place.

use std::collections::{BTreeMap, BTreeSet};

pub use agent_protocol::AccountRight as Right;
use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AccountName, Failure, PolicyDefinition, Reply, RightHolders, RightsRequest, Trustee,
};
use security::Sid;
use serde::{Deserialize, Serialize};

use super::domain::Token;
use super::logon::{Principal, principal};
use super::machine::Machine;

const NONE_MAPPED: Win32Code = Win32Code(1332);
/// Where Windows keeps the security templates of the policies that it has applied.
const TEMPLATE: &str = r"C:\Windows\security\templates\policies\gpt00000.inf";

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

    /// Who holds a right, sorted.
    pub fn holders(&self, right: Right) -> impl Iterator<Item = &Sid> {
        self.effective.get(&right).into_iter().flatten()
    }

    /// Defines a right by policy, with everybody who is to have it; in force from the next refresh on.
    pub fn define_by_policy(&mut self, right: Right, holders: impl IntoIterator<Item = Sid>) {
        self.policy.insert(right, holders.into_iter().collect());
    }

    /// Takes a policy's definition away. Who holds the right stays as it is.
    pub fn leave_to_the_host(&mut self, right: Right) {
        self.policy.remove(&right);
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

impl Machine<'_> {
    /// Does a request about account rights.
    pub fn account_rights(&mut self, request: RightsRequest) -> Reply {
        let rights = &mut self.state.rights;
        match request {
            RightsRequest::Read => {
                Reply::Rights(Right::ALL.map(|right| self.right_holders(right)).to_vec())
            }
            RightsRequest::Grant { right, sid } => {
                let held = rights.holders(right).any(|holder| *holder == sid);
                rights.grant(right, sid);
                Reply::Existed(held)
            }
            RightsRequest::Revoke { right, sid } => {
                let held = rights.holders(right).any(|holder| *holder == sid);
                rights.revoke(right, &sid);
                Reply::Existed(held)
            }
        }
    }

    fn right_holders(&self, right: Right) -> RightHolders {
        let policy = self.state.rights.policy.get(&right);
        let define = |sids: &BTreeSet<Sid>| PolicyDefinition {
            template: TEMPLATE.to_owned(),
            sids: sids.iter().copied().collect(),
            names: Vec::new(),
        };
        RightHolders {
            right,
            holders: self
                .state
                .rights
                .holders(right)
                .map(|sid| self.trustee(*sid))
                .collect(),
            policies: policy.map(define).into_iter().collect(),
        }
    }

    /// A SID with its name, as far as the host has met the account.
    pub fn trustee(&self, sid: Sid) -> Trustee {
        let services = self.state.services.iter().map(|found| &found.account);
        let pools = self.state.app_pools.iter();
        let pools = pools.filter_map(|pool| pool.identity.user());
        let tasks = self.state.tasks.iter().map(|task| &task.account);
        let mut met = services.chain(pools).chain(tasks);
        let name = met.find(|account| match principal(account.as_str(), self.domain) {
            Some(Principal::Domain(found)) => found.sid == sid,
            _ => false,
        });
        Trustee {
            sid,
            name: name.map(|name| name.as_str().to_owned()),
        }
    }

    /// The SID of an account.
    ///
    /// # Errors
    /// Not found for a name that nobody has.
    pub fn resolve(&self, account: &AccountName) -> Result<Reply, Failure> {
        match principal(account.as_str(), self.domain) {
            Some(Principal::Domain(found)) => Ok(Reply::Sid(found.sid)),
            _ => Err(Failure::from_code(
                NONE_MAPPED,
                format!("look up account {account}"),
            )),
        }
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
