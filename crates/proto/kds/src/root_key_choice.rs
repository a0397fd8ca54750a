//! Which of several root keys a domain controller takes.

use security::FileTime;

use crate::root_key::{RootKey, RootKeyDescription};
use crate::{KEY_CYCLE, MAX_CLOCK_SKEW};

/// The key that a domain controller prefers for a key interval that starts at `start`: the one created last, of
/// those that are effective by then.
///
/// [MS-GKDI] 3.1.4.1 GetKey (Opnum 0) with a NULL root key identifier. A key without an effective time is none, and
/// of two created at the same instant the one with the greater identifier is taken, so that the answer does not
/// depend on the order in which they were read.
#[must_use]
pub fn preferred_root_key<'a, K: AsRef<RootKeyDescription>>(
    keys: impl IntoIterator<Item = &'a K>,
    start: FileTime,
) -> Option<&'a K> {
    let effective = |key: &RootKeyDescription| {
        key.use_start_time != FileTime::ZERO && key.use_start_time <= start
    };
    let by_age = |key: &&K| (key.as_ref().create_time, key.as_ref().id);
    keys.into_iter()
        .filter(|key| effective((*key).as_ref()))
        .max_by_key(by_age)
}

/// The key under which a domain controller creates an account at `now`: as [`preferred_root_key`], of those that
/// have been effective for 10 h and 5 min.
///
/// The identifier of the new account's password is `GroupKeyId::at(now)`.
#[must_use]
pub fn root_key_for_new_account<'a, K: AsRef<RootKeyDescription>>(
    keys: impl IntoIterator<Item = &'a K>,
    now: FileTime,
) -> Option<&'a K> {
    preferred_root_key(
        keys,
        now.saturating_sub(KEY_CYCLE).saturating_sub(MAX_CLOCK_SKEW),
    )
}

impl AsRef<RootKeyDescription> for RootKeyDescription {
    fn as_ref(&self) -> &RootKeyDescription {
        self
    }
}

impl AsRef<RootKeyDescription> for RootKey {
    /// The description only: the secret has `expose_bytes`.
    fn as_ref(&self) -> &RootKeyDescription {
        self.description()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdf_parameters::KdfHash;
    use crate::root_key::Usability;
    use crate::root_key::tests::{NOW, root_key};
    use security::Interval;

    /// Keys made 1, 2 and 3 hours ago, each effective 10 hours before.
    fn keys() -> Vec<RootKeyDescription> {
        [3, 1, 2]
            .map(|hours| root_key(hours, KdfHash::Sha512).description().clone())
            .into()
    }

    fn create_time(key: Option<&RootKeyDescription>) -> Option<FileTime> {
        key.map(|key| key.create_time)
    }

    #[test]
    fn the_key_created_last_wins() {
        let hours_ago = |hours| Some(NOW.saturating_sub(Interval::from_hours(hours)));
        let keys = keys();
        assert_eq!(create_time(preferred_root_key(&keys, NOW)), hours_ago(1));
        let start = NOW.saturating_sub(Interval::from_hours(12));
        assert_eq!(create_time(preferred_root_key(&keys, start)), hours_ago(2));
        assert_eq!(create_time(preferred_root_key(&keys, FileTime::ZERO)), None);
        let reversed: Vec<_> = keys.iter().rev().collect();
        assert_eq!(create_time(preferred_root_key(reversed, NOW)), hours_ago(1));
    }

    #[test]
    fn a_new_account_gets_a_usable_key() {
        let keys = keys();
        let chosen = root_key_for_new_account(&keys, NOW).unwrap();
        assert_eq!(chosen.usability(NOW), Usability::Usable);
        let earlier = NOW.saturating_sub(Interval::from_hours(3));
        assert_eq!(root_key_for_new_account(&keys, earlier), None);
    }

    #[test]
    fn a_key_without_an_effective_time_is_none() {
        let mut keys = keys();
        keys.iter_mut()
            .for_each(|key| key.use_start_time = FileTime::ZERO);
        assert_eq!(preferred_root_key(&keys, NOW), None);
    }
}
