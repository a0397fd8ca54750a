//! Steps that let the gMSA do in the directory what the old account may do there by name.

use std::collections::BTreeMap;

use model::names::{Dn, SamAccountName, StepId};
use model::plan::Action;
use security::{Ace, Sid};

use super::{Draft, StepList, change_unless, created};
use crate::conversion::Conversion;
use crate::rights_in_words;

impl StepList<'_> {
    /// One step for each object whose own access list names an old account.
    pub(super) fn copy_directory_rights(&mut self, after: &StepId) {
        let conversion = self.conversion;
        let to = conversion.wanted.gmsa.sam_account_name();
        let held = conversion.inventory.account(&to);
        let held = held.map(|account| (account.sid, conversion.rights_of(&account.sid)));
        for old in conversion.old_accounts() {
            let Some(old) = conversion.account(&old) else {
                continue;
            };
            for (object, aces) in conversion.rights_of(&old.sid) {
                let has = held.as_ref().is_some_and(|(sid, held)| {
                    let own = held.get(object).map(Vec::as_slice).unwrap_or_default();
                    let copies = aces.iter().map(|ace| ace.for_trustee(*sid));
                    copies.flatten().all(|copy| own.contains(&copy))
                });
                self.copy_rights(after, object, (&old.name, &to), aces, has);
            }
        }
    }

    fn copy_rights(
        &mut self,
        after: &StepId,
        object: &Dn,
        (from, to): (&SamAccountName, &SamAccountName),
        aces: Vec<Ace>,
        held: bool,
    ) {
        let changes = aces.iter();
        let changes = changes.map(|ace| created(to.as_str(), &rights_in_words(ace)));
        let changes = changes.collect();
        let subject = format!("{to} may do to {object} what {from} may");
        let action = Action::CopyDirectoryRights {
            object: object.clone(),
            from: from.clone(),
            to: to.clone(),
            aces,
        };
        self.push(Draft {
            requires: vec![after.clone()],
            changes,
            status: change_unless(held),
            privilege: "modify permissions of the object: Domain Admins; of the shadow principals' container: Enterprise Admins",
            ..Draft::in_directory(Some(object.as_str()), subject, action)
        });
    }
}

impl<'a> Conversion<'a> {
    /// The entries of an account, by the objects that they stand on.
    pub(crate) fn rights_of(&self, sid: &Sid) -> BTreeMap<&'a Dn, Vec<Ace>> {
        let mut rights: BTreeMap<_, Vec<Ace>> = BTreeMap::new();
        let all = self.inventory.directory_rights.iter();
        for right in all.filter(|right| right.sid == *sid) {
            let aces = rights.entry(&right.object).or_default();
            aces.push(right.ace.clone());
        }
        rights
    }
}
