//! Named faults of the directory: what real estates suffer from, and how to end it.

use model::ports::Clock as _;
use security::{FileTime, Interval};

use crate::directory::Directory;
use crate::lab::Lab;
use crate::rules::add;
use crate::rules::token::Token;
use crate::store::Store;
use crate::store::class::ROOT_KEY;
use crate::store::object::{Object, ObjectId, Value};
use crate::store::schema::Attr;

/// A named fault of the directory. Lasts until [`Lab::mend`], or stays in the data where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryFault {
    /// Every KDS root key was created this moment: usable in ten hours. Stays in the data.
    KdsKeyNotEffective,
    /// Computers are in no group that somebody made, and leave again whenever they are added: so does an identity
    /// manager that strips what it does not know.
    HostNotInGroup,
    /// A third account has every service principal name of the user accounts, too. Stays in the data.
    SpnDuplicate,
    /// The last domain controller's clock is ten minutes ahead.
    ControllerClockOff,
    /// Nothing that is written elsewhere reaches the last domain controller, which hosts ask.
    ReplicationLag,
    /// The last domain controller, which hosts ask, has no KDS root keys: they have not reached it.
    KdsKeyMissingOnOne,
}

/// How far the clock of [`DirectoryFault::ControllerClockOff`] is ahead: twice what Kerberos allows.
const CLOCK_OFF_SECONDS: i64 = 600;
/// A root key is used so long after its effective time.
const USABLE_AFTER: Interval = Interval::from_hours(10);
/// Who has the names of [`DirectoryFault::SpnDuplicate`].
const THIRD_ACCOUNT: &str = "svc-forgotten";
/// Groups and accounts below it are in every domain.
const FIRST_OWN_RID: u32 = 1000;

impl DirectoryFault {
    /// All of them, with the names that operators give.
    pub const ALL: &[(&str, Self)] = &[
        ("kds-key-not-effective", Self::KdsKeyNotEffective),
        ("host-not-in-group", Self::HostNotInGroup),
        ("spn-duplicate", Self::SpnDuplicate),
        ("controller-clock-off", Self::ControllerClockOff),
        ("replication-lag", Self::ReplicationLag),
        ("kds-key-missing-on-one", Self::KdsKeyMissingOnOne),
    ];

    /// The fault with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::ALL
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, fault)| *fault)
    }

    /// How many writable domain controllers a lab has to have for it.
    #[must_use]
    pub fn controllers_needed(self) -> usize {
        match self {
            Self::ReplicationLag | Self::KdsKeyMissingOnOne => 2,
            _ => 1,
        }
    }
}

impl Lab {
    /// Lets the directory go wrong. `false`: this lab cannot, it has too few domain controllers.
    pub fn suffer(&self, fault: DirectoryFault) -> bool {
        if self.writable().count() < fault.controllers_needed() {
            return false;
        }
        let (directory, last) = (&self.first().directory, self.last());
        match fault {
            DirectoryFault::KdsKeyNotEffective => {
                let now = directory.now();
                directory.write(|store| set_key_times(store, now, now));
            }
            DirectoryFault::HostNotInGroup => directory.strip_computers(true),
            DirectoryFault::SpnDuplicate => {
                directory.write(|store| duplicate_spns(directory, store));
            }
            DirectoryFault::ControllerClockOff => last.set_clock_skew(CLOCK_OFF_SECONDS),
            DirectoryFault::ReplicationLag => last.stop_replication(),
            DirectoryFault::KdsKeyMissingOnOne => last.directory.write_here(|store| {
                for key in root_keys(store) {
                    store.remove(key);
                }
            }),
        }
        true
    }

    /// Ends what goes on going wrong. What faults have done to the data stays: see [`Lab::restore`].
    pub fn mend(&self) {
        self.mend_fault(DirectoryFault::HostNotInGroup);
        self.mend_fault(DirectoryFault::ControllerClockOff);
        self.mend_fault(DirectoryFault::ReplicationLag);
        self.mend_fault(DirectoryFault::KdsKeyMissingOnOne);
    }

    /// Ends one fault, as an administrator would: what it did to the data is made good, too. Who was taken out of a group
    /// stays out.
    pub fn mend_fault(&self, fault: DirectoryFault) {
        let (directory, last) = (&self.first().directory, self.last());
        let now = directory.now();
        match fault {
            DirectoryFault::KdsKeyNotEffective => {
                let long_ago = now.saturating_sub(USABLE_AFTER);
                directory.write(|store| set_key_times(store, long_ago, now));
            }
            DirectoryFault::HostNotInGroup => directory.strip_computers(false),
            DirectoryFault::SpnDuplicate => directory.write(|store| {
                for third in store
                    .find(Attr::SamAccountName, THIRD_ACCOUNT.as_bytes())
                    .to_vec()
                {
                    store.set(third, Attr::ServicePrincipalName, Vec::new());
                    store.touch(third, now);
                }
            }),
            DirectoryFault::ControllerClockOff => last.set_clock_skew(0),
            DirectoryFault::ReplicationLag => last.resume_replication(),
            DirectoryFault::KdsKeyMissingOnOne => self.send_lost_keys(),
        }
    }

    /// The last domain controller gets the root keys from the first, where it has none.
    fn send_lost_keys(&self) {
        let (first, last) = (&self.first().directory, &self.last().directory);
        if let (Some(from), Some(to)) = (&first.replication, &last.replication)
            && last.read(|store| root_keys(store).is_empty())
        {
            let sent = first.clock.now();
            first.read(|store| from.resend(store, &root_keys(store), sent, to));
        }
    }
}

fn root_keys(store: &Store) -> Vec<ObjectId> {
    store.find(Attr::ObjectClass, ROOT_KEY.as_bytes()).to_vec()
}

fn set_key_times(store: &mut Store, effective: FileTime, now: FileTime) {
    let time = Value::text(effective.as_ticks().to_string());
    for key in root_keys(store) {
        store.set(key, Attr::KdsUseStartTime, vec![time.clone()]);
        store.set(key, Attr::KdsCreateTime, vec![time.clone()]);
        store.touch(key, now);
    }
}

/// Past the rule that forbids it: two domain controllers can be told at the same time, and both agree.
fn duplicate_spns(directory: &Directory, store: &mut Store) {
    let is_user = |object: &&Object| object.class.is("user") && !object.class.is("computer");
    let users = store.ids().filter_map(|id| store.get(id)).filter(is_user);
    let mut names: Vec<Value> = users
        .filter(|user| user.text(Attr::SamAccountName) != Some(THIRD_ACCOUNT))
        .flat_map(|user| user.values(Attr::ServicePrincipalName).to_vec())
        .collect();
    names.dedup();
    let third = store.find(Attr::SamAccountName, THIRD_ACCOUNT.as_bytes());
    let Some(third) = third
        .first()
        .copied()
        .or_else(|| add_user(directory, store))
    else {
        return;
    };
    store.set(third, Attr::ServicePrincipalName, names);
    store.touch(third, directory.now());
}

fn add_user(directory: &Directory, store: &mut Store) -> Option<ObjectId> {
    let system = Token::system();
    let caller = directory.caller(&system, true);
    let name = format!("CN={THIRD_ACCOUNT},CN=Users,{}", directory.forest.domain);
    let attributes = [("objectClass", "user"), ("sAMAccountName", THIRD_ACCOUNT)];
    let attributes = attributes
        .map(|(name, value)| (name.to_owned(), vec![value.as_bytes().to_vec()]))
        .into();
    add::add(&caller, store, &name, &attributes).ok()
}

/// Takes every computer out of the groups that somebody made.
pub(crate) fn take_computers_out_of_groups(store: &mut Store, now: FileTime) {
    let is_own = |group: &Object| {
        let rid = group.sid().and_then(|sid| sid.rid());
        rid.is_some_and(|rid| rid >= FIRST_OWN_RID)
    };
    let computers = store.find(Attr::ObjectClass, b"computer").to_vec();
    for computer in computers {
        let groups: Vec<ObjectId> = store
            .get(computer)
            .map(|computer| computer.referrers(Attr::Member).collect())
            .unwrap_or_default();
        for group in groups {
            let Some(members) = store.get(group).filter(|group| is_own(group)) else {
                continue;
            };
            let stay = |member: &&Value| member.object() != Some(computer);
            let members = members.values(Attr::Member).iter().filter(stay).cloned();
            let members = members.collect();
            store.set(group, Attr::Member, members);
            store.touch(group, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_faults_are_found_by_their_names() {
        for (name, fault) in DirectoryFault::ALL {
            assert_eq!(DirectoryFault::named(name), Some(*fault));
        }
        assert_eq!(DirectoryFault::named("host"), None);
    }
}
