//! Who a caller is: the account's SID and those of its groups.

use std::collections::HashSet;

use security::Sid;

use super::accounts;

use crate::store::Store;
use crate::store::object::{Object, ObjectId};
use crate::store::schema::Attr;

/// The SIDs that a caller acts with, as they were when its ticket was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Token {
    /// The account first, then its groups and the well-known ones; empty for an anonymous caller.
    pub(crate) sids: Vec<Sid>,
}

impl Token {
    /// The domain controller itself.
    pub(crate) fn system() -> Self {
        Self {
            sids: vec![Sid::LOCAL_SYSTEM, Sid::BUILTIN_ADMINISTRATORS],
        }
    }

    pub(crate) fn of(store: &Store, account: ObjectId) -> Self {
        let mut sids: Vec<Sid> = store
            .get(account)
            .and_then(|account| account.sid())
            .into_iter()
            .collect();
        sids.extend(group_sids(store, account));
        sids.extend([Sid::EVERYONE, Sid::AUTHENTICATED_USERS]);
        Self { sids }
    }

    pub(crate) fn account(&self) -> Option<Sid> {
        self.sids.first().copied()
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        self.sids.is_empty()
    }

    pub(crate) fn has(&self, sid: &Sid) -> bool {
        self.sids.contains(sid)
    }

    /// The user right "Enable computer and user accounts to be trusted for delegation", which administrators have.
    pub(crate) fn may_enable_delegation(&self) -> bool {
        self.has(&Sid::BUILTIN_ADMINISTRATORS) || self.has(&Sid::LOCAL_SYSTEM)
    }
}

/// All groups of an account, nested ones and the primary group included: `tokenGroups` ([MS-ADTS] 3.1.1.4.5.19).
pub(crate) fn group_sids(store: &Store, account: ObjectId) -> Vec<Sid> {
    let mut sids = Vec::new();
    let mut seen = HashSet::from([account]);
    let mut next: Vec<ObjectId> = store
        .get(account)
        .into_iter()
        .flat_map(|it| it.referrers(Attr::Member))
        .collect();
    next.extend(primary_group(store, account));
    while let Some(group) = next.pop() {
        if !seen.insert(group) {
            continue;
        }
        let secures = |group: &&Object| {
            let kind = group.number(Attr::GroupType);
            kind.is_none_or(|kind| kind & accounts::SECURITY != 0)
        };
        if let Some(group) = store.get(group).filter(secures) {
            sids.extend(group.sid());
            next.extend(group.referrers(Attr::Member));
        }
    }
    sids
}

/// The group that `primaryGroupID` names; its members do not stand in `member`.
pub(crate) fn primary_group(store: &Store, account: ObjectId) -> Option<ObjectId> {
    let account = store.get(account)?;
    let rid = u32::try_from(account.number(Attr::PrimaryGroupId)?).ok()?;
    let sid = account.sid()?.domain()?.with_rid(rid).ok()?;
    store
        .find(Attr::ObjectSid, &sid.to_bytes())
        .first()
        .copied()
}
