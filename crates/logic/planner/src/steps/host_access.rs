//! Steps that give the gMSA its own entry wherever an access list of a host names the old account: DCOM and WMI, by
//! which password reset calls the Synchronization Service; files and registry keys; reserved URLs.

use std::collections::BTreeMap;

use model::host::{AccessList, HostPath};
use model::inventory::{Account, HostAccess, HostInventory};
use model::names::StepId;
use model::plan::{Action, Step};
use security::Sid;

use super::{Draft, StepList, change_unless, created};
use crate::conversion::Place;
use crate::host_access_in_words;

impl StepList<'_> {
    /// One step for each list that names the old account itself, unless a step of this conversion does it already.
    pub(super) fn copy_host_access(
        &mut self,
        proved: Option<&StepId>,
        host: &HostInventory,
        old: &Account,
    ) -> Vec<StepId> {
        let mut steps = Vec::new();
        for (list, entries) in entries_of(host, &old.sid) {
            if !self.copies(host, list) {
                steps.push(self.copy_list(proved, host, old, list, &entries));
            }
        }
        steps
    }

    fn copy_list(
        &mut self,
        proved: Option<&StepId>,
        host: &HostInventory,
        old: &Account,
        list: &AccessList,
        entries: &[&HostAccess],
    ) -> StepId {
        let to = self.conversion.wanted.gmsa.sam_account_name();
        let held = self.conversion.inventory.account(&to);
        let held = held.map(|account| (account.sid, entries_of(host, &account.sid)));
        let has = held.is_some_and(|(sid, held)| {
            let own = held.get(list).map(Vec::as_slice).unwrap_or_default();
            let copies = entries.iter().map(|entry| entry.ace.for_trustee(sid));
            copies
                .flatten()
                .all(|copy| own.iter().any(|entry| entry.ace == copy))
        });
        let changes = entries.iter();
        let changes = changes
            .map(|entry| created(to.as_str(), &host_access_in_words(list, &entry.ace)))
            .collect();
        let what = in_words(
            list,
            entries.iter().find_map(|entry| entry.title.as_deref()),
        );
        let subject = format!("{to} may use {what} on {} as {} may", host.name, old.name);
        let slug = list.to_string().replace(['{', '}'], "").replace('\\', "-");
        let action = Action::CopyHostAccess {
            list: list.clone(),
            from: old.name.clone(),
            to,
            aces: entries.iter().map(|entry| entry.ace.clone()).collect(),
        };
        let place = Place::beside(host);
        let draft = Draft::on_host(&place, subject, action);
        self.push(Draft {
            id: format!("{}-{slug}", draft.id),
            requires: proved.cloned().into_iter().collect(),
            changes,
            status: change_unless(has),
            ..draft
        })
    }

    fn copies(&self, host: &HostInventory, list: &AccessList) -> bool {
        let same = |step: &Step| {
            matches!(&step.action, Action::CopyHostAccess { list: done, .. } if done == list)
                && step.host.as_ref() == Some(&host.name)
        };
        self.steps.iter().any(same)
    }
}

/// What the list guards.
fn in_words(list: &AccessList, title: Option<&str>) -> String {
    match list {
        AccessList::Machine(value) => format!("DCOM ({})", value.name()),
        AccessList::Application(id, value) => {
            let title = title.map_or_else(|| format!("{{{id}}}"), str::to_owned);
            format!("the DCOM application {title} ({})", value.name())
        }
        AccessList::Namespace(path) => format!("the WMI namespace {path}"),
        AccessList::File(path) if is_private_key(path) => format!("the private key {path}"),
        AccessList::File(path) => path.to_string(),
        AccessList::Key(key) => format!("the registry key {key}"),
        AccessList::Url(url) => format!("the reserved URL {url}"),
    }
}

/// "Key Storage and Retrieval": CNG and the older providers keep keys in files below one folder.
fn is_private_key(path: &HostPath) -> bool {
    let path = path.as_str().to_lowercase();
    path.contains(r"\microsoft\crypto\")
}

/// An account's entries, by the list that they stand in.
fn entries_of<'a>(
    host: &'a HostInventory,
    sid: &Sid,
) -> BTreeMap<&'a AccessList, Vec<&'a HostAccess>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in host.access.iter().filter(|entry| entry.sid == *sid) {
        found.entry(&entry.list).or_default().push(entry);
    }
    found
}
