//! When a managed password changes, and what a domain controller hands out at a given time.

use kds::{GMSA_TARGET, GroupKeyId, KdsError, MAX_CLOCK_SKEW, RootKey, preferred_root_key};
use security::{FileTime, Interval, Sid};

use crate::ManagedPasswordError;
use crate::blob::ManagedPasswordBlob;
use crate::interval::ManagedPasswordInterval;
use crate::password::ManagedPassword;
use crate::password_id::PasswordKeyId;

/// What the directory stores about a gMSA's password. None of it is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagedPasswordState {
    /// `objectSid`.
    pub sid: Sid,
    /// `whenCreated`.
    pub when_created: FileTime,
    /// `msDS-ManagedPasswordInterval`.
    pub interval: ManagedPasswordInterval,
    /// `msDS-ManagedPasswordId`.
    pub current: Option<PasswordKeyId>,
    /// `msDS-ManagedPasswordPreviousId`.
    pub previous: Option<PasswordKeyId>,
}

/// The outcome of reading `msDS-ManagedPassword`.
#[derive(Debug, PartialEq, Eq)]
pub struct Retrieval {
    /// What the reader gets.
    pub blob: ManagedPasswordBlob,
    /// What the domain controller stores because of it; `None` while the stored password is valid.
    pub update: Option<ManagedPasswordUpdate>,
}

/// New values of the stored attributes. The account's keys become those of `current`, which near a rollover is not
/// the password that is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagedPasswordUpdate {
    /// `msDS-ManagedPasswordId`.
    pub current: PasswordKeyId,
    /// `msDS-ManagedPasswordPreviousId`; `None` leaves it as it is.
    pub previous: Option<PasswordKeyId>,
}

/// The keys of a moment.
struct KeysNow {
    current: PasswordKeyId,
    /// `None` while the account is younger than its interval.
    previous: Option<PasswordKeyId>,
    expires: FileTime,
    update: Option<ManagedPasswordUpdate>,
}

impl ManagedPasswordState {
    /// What a domain controller answers at `now` to a reader of `msDS-ManagedPassword`, and what it stores.
    ///
    /// [MS-ADTS] 3.1.1.4.5.39 msDS-ManagedPassword, GetgMSAPasswordBlob, as Samba reads it:
    ///
    /// ```text
    /// query     = expires - now
    /// unchanged = query - 5 min
    /// within 5 min of expires: current = the key that starts at expires, previous = the present one,
    ///                          unchanged = query + interval - 5 min
    /// ```
    ///
    /// # Errors
    /// [`ManagedPasswordError::Interval`] for an interval of 0; [`ManagedPasswordError::RootKeyMissing`] when a
    /// stored identifier's root key is not in `root_keys`; [`KdsError::NoUsableRootKey`] when none can be used for a
    /// new password; what [`RootKey::guard`] answers; [`ManagedPasswordError::TimeOutOfRange`].
    pub fn retrieve(
        &self,
        now: FileTime,
        root_keys: &[RootKey],
    ) -> Result<Retrieval, ManagedPasswordError> {
        let interval = self.interval.rollover();
        if interval == Interval::ZERO {
            return Err(ManagedPasswordError::Interval(self.interval.into()));
        }
        let keys = self.keys_at(now, interval, root_keys)?;
        let derive = |key: PasswordKeyId| key.derive_at(now, root_keys, &self.sid);

        let query_interval = keys.expires.saturating_since(now);
        let out_of_range = ManagedPasswordError::TimeOutOfRange;
        let (current, previous, unchanged) = if query_interval <= MAX_CLOCK_SKEW {
            let next = preferred_key(keys.expires, root_keys)?;
            (
                next,
                Some(keys.current),
                query_interval.checked_add(interval).ok_or(out_of_range)?,
            )
        } else {
            (keys.current, keys.previous, query_interval)
        };
        let blob = ManagedPasswordBlob {
            current: derive(current)?,
            previous: previous.map(derive).transpose()?,
            query_interval,
            unchanged_interval: unchanged.saturating_sub(MAX_CLOCK_SKEW),
        };
        Ok(Retrieval {
            blob,
            update: keys.update,
        })
    }

    /// The present key and the one before: the stored ones, or new ones when those have expired.
    fn keys_at(
        &self,
        now: FileTime,
        interval: Interval,
        root_keys: &[RootKey],
    ) -> Result<KeysNow, ManagedPasswordError> {
        let out_of_range = || ManagedPasswordError::TimeOutOfRange;
        let has_previous = now.saturating_since(self.when_created) >= interval;
        let Some(current) = self.current else {
            // [MS-ADTS] takes whenCreated itself; but keys only start where key cycles do.
            let created = GroupKeyId::at(self.when_created)
                .start()
                .ok_or_else(out_of_range)?;
            return self.new_keys(now, created, interval, has_previous, root_keys);
        };
        let start = current.group_key_id.start().ok_or_else(out_of_range)?;
        let expires = start.checked_add(interval).ok_or_else(out_of_range)?;
        if now >= expires {
            return self.new_keys(now, expires, interval, has_previous, root_keys);
        }
        let previous = match self.previous {
            _ if !has_previous => None,
            Some(previous) => Some(previous),
            None => start
                .checked_sub(interval)
                .and_then(|start| preferred_key(start, root_keys).ok()),
        };
        Ok(KeysNow {
            current,
            previous,
            expires,
            update: None,
        })
    }

    /// Keys for the latest start that is not after `now`, counted in intervals from `first`.
    ///
    /// start = first + k · interval, k = ⌊(now − first) / interval⌋;  k = 0: the stored key becomes the previous one
    fn new_keys(
        &self,
        now: FileTime,
        first: FileTime,
        interval: Interval,
        has_previous: bool,
        root_keys: &[RootKey],
    ) -> Result<KeysNow, ManagedPasswordError> {
        let out_of_range = || ManagedPasswordError::TimeOutOfRange;
        let missed = now.saturating_since(first).as_ticks() / interval.as_ticks(); // not zero: `retrieve` has checked
        let advance = interval.checked_mul(missed).ok_or_else(out_of_range)?;
        let start = first.checked_add(advance).ok_or_else(out_of_range)?;
        let expires = start.checked_add(interval).ok_or_else(out_of_range)?;

        let current = preferred_key(start, root_keys)?;
        let follows_stored = self.current.filter(|_| missed == 0);
        let before = || {
            start
                .checked_sub(interval)
                .and_then(|start| preferred_key(start, root_keys).ok())
        };
        let previous = follows_stored.or_else(|| if has_previous { before() } else { None });
        Ok(KeysNow {
            current,
            previous: previous.filter(|_| has_previous),
            expires,
            update: Some(ManagedPasswordUpdate { current, previous }),
        })
    }
}

/// The key that starts at `start`, under the root key that is preferred for that time.
fn preferred_key(
    start: FileTime,
    root_keys: &[RootKey],
) -> Result<PasswordKeyId, ManagedPasswordError> {
    let root_key = preferred_root_key(root_keys, start).ok_or(KdsError::NoUsableRootKey(start))?;
    Ok(PasswordKeyId {
        root_key_id: root_key.description().id,
        group_key_id: GroupKeyId::at(start),
    })
}

impl PasswordKeyId {
    /// Derives the password that belongs to this key and the account `sid`, whatever the time.
    ///
    /// # Errors
    /// [`ManagedPasswordError::RootKeyMissing`], [`ManagedPasswordError::NotAnL2Key`].
    pub fn derive(
        &self,
        root_keys: &[RootKey],
        sid: &Sid,
    ) -> Result<ManagedPassword, ManagedPasswordError> {
        ManagedPassword::derive(
            &self
                .root_key(root_keys)?
                .derive(self.group_key_id, &GMSA_TARGET),
            sid,
        )
    }

    /// The same, as far as a domain controller does it at `now`.
    fn derive_at(
        &self,
        now: FileTime,
        root_keys: &[RootKey],
        sid: &Sid,
    ) -> Result<ManagedPassword, ManagedPasswordError> {
        self.root_key(root_keys)?.guard(self.group_key_id, now)?;
        self.derive(root_keys, sid)
    }

    fn root_key<'a>(&self, root_keys: &'a [RootKey]) -> Result<&'a RootKey, ManagedPasswordError> {
        let mut named = root_keys
            .iter()
            .filter(|key| key.description().id == self.root_key_id);
        named
            .next()
            .ok_or(ManagedPasswordError::RootKeyMissing(self.root_key_id))
    }
}

#[cfg(test)]
mod tests;
