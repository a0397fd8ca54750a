use super::*;
use kds::{KEY_CYCLE, KEY_LEN, RootKeyAttributes, RootKeyData, RootKeyId};
use proptest::prelude::*;
use security::Guid;

/// A boundary between key cycles.
const CREATED: FileTime = FileTime::from_ticks(372_000 * 360_000_000_000);
const TICK: Interval = Interval::from_ticks(1);

fn root_key(seed: u8, effective: FileTime) -> RootKey {
    let attributes = RootKeyAttributes {
        id: RootKeyId::new(Guid::from_bytes([seed; 16])),
        version: 1,
        kdf_algorithm: "SP800_108_CTR_HMAC",
        kdf_parameters: None,
        secret_agreement_algorithm: "DH",
        private_key_length: 512,
        public_key_length: 2048,
        domain_id: "",
        use_start_time: effective,
        create_time: effective,
    };
    RootKey::new(
        attributes.describe().unwrap(),
        RootKeyData::from_bytes(&[seed; KEY_LEN]).unwrap(),
    )
}

fn root_keys() -> Vec<RootKey> {
    vec![root_key(1, hours_before(CREATED, 5_000))]
}

fn hours_before(time: FileTime, hours: u32) -> FileTime {
    time.checked_sub(Interval::from_hours(hours)).unwrap()
}

fn hours_after(time: FileTime, hours: u32) -> FileTime {
    time.checked_add(Interval::from_hours(hours)).unwrap()
}

/// The key of root key 1 that is current at `time`.
fn key_at(time: FileTime) -> PasswordKeyId {
    PasswordKeyId {
        root_key_id: RootKeyId::new(Guid::from_bytes([1; 16])),
        group_key_id: GroupKeyId::at(time),
    }
}

/// An account of 30 days (720 hours), as it is when it was just created at [`CREATED`].
fn state() -> ManagedPasswordState {
    ManagedPasswordState {
        sid: "S-1-5-21-1-2-3-1104".parse().unwrap(),
        when_created: CREATED,
        interval: ManagedPasswordInterval::DEFAULT,
        current: Some(key_at(CREATED)),
        previous: None,
    }
}

fn password(key: PasswordKeyId) -> ManagedPassword {
    key.derive(&root_keys(), &state().sid).unwrap()
}

#[test]
fn a_new_account_has_no_previous_password() {
    let read = state()
        .retrieve(hours_after(CREATED, 1), &root_keys())
        .unwrap();
    assert_eq!(read.update, None);
    assert_eq!(
        (read.blob.current, read.blob.previous),
        (password(key_at(CREATED)), None)
    );
    assert_eq!(read.blob.query_interval, Interval::from_hours(719));
    assert_eq!(
        read.blob.unchanged_interval,
        Interval::from_hours(719).saturating_sub(MAX_CLOCK_SKEW)
    );
}

#[test]
fn five_minutes_before_its_end_the_next_password_is_handed_out_and_nothing_stored() {
    let expires = hours_after(CREATED, 720);
    let at = expires.checked_sub(MAX_CLOCK_SKEW).unwrap();
    let read = state().retrieve(at, &root_keys()).unwrap();
    assert_eq!(read.update, None);
    assert_eq!(read.blob.current, password(key_at(expires)));
    assert_eq!(read.blob.previous, Some(password(key_at(CREATED))));
    assert_eq!(
        (read.blob.query_interval, read.blob.unchanged_interval),
        (MAX_CLOCK_SKEW, Interval::from_hours(720))
    );

    let before = state()
        .retrieve(at.checked_sub(TICK).unwrap(), &root_keys())
        .unwrap();
    assert_eq!(before.blob.current, password(key_at(CREATED)));
    assert_eq!(before.blob.unchanged_interval, TICK);
}

#[test]
fn at_its_end_the_stored_key_becomes_the_previous_one() {
    let expires = hours_after(CREATED, 720);
    for at in [expires, hours_after(expires, 719)] {
        let read = state().retrieve(at, &root_keys()).unwrap();
        let (current, previous) = (key_at(expires), key_at(CREATED));
        assert_eq!(
            read.update,
            Some(ManagedPasswordUpdate {
                current,
                previous: Some(previous)
            })
        );
        assert_eq!(
            (read.blob.current, read.blob.previous),
            (password(current), Some(password(previous)))
        );
    }
}

#[test]
fn after_missed_rollovers_the_previous_key_is_the_one_that_would_have_been() {
    let read = state()
        .retrieve(hours_after(CREATED, 3 * 720 + 5), &root_keys())
        .unwrap();
    let (current, previous) = (
        key_at(hours_after(CREATED, 3 * 720)),
        key_at(hours_after(CREATED, 2 * 720)),
    );
    assert_eq!(
        read.update,
        Some(ManagedPasswordUpdate {
            current,
            previous: Some(previous)
        })
    );
    assert_eq!(
        (read.blob.current, read.blob.previous),
        (password(current), Some(password(previous)))
    );
    assert_eq!(read.blob.query_interval, Interval::from_hours(715));
}

#[test]
fn an_old_account_without_a_previous_id_gets_the_key_one_interval_earlier() {
    let old = ManagedPasswordState {
        when_created: hours_before(CREATED, 2_000),
        ..state()
    };
    let read = old.retrieve(hours_after(CREATED, 1), &root_keys()).unwrap();
    assert_eq!(
        read.blob.previous,
        Some(password(key_at(hours_before(CREATED, 720))))
    );
    let stored = key_at(hours_before(CREATED, 30));
    let read = ManagedPasswordState {
        previous: Some(stored),
        ..old
    }
    .retrieve(hours_after(CREATED, 1), &root_keys());
    assert_eq!(read.unwrap().blob.previous, Some(password(stored)));
}

#[test]
fn an_account_without_an_id_counts_from_its_creation_rounded_down() {
    let when_created = hours_after(CREATED, 7);
    let without = ManagedPasswordState {
        current: None,
        when_created,
        ..state()
    };
    let read = without
        .retrieve(hours_after(CREATED, 8), &root_keys())
        .unwrap();
    assert_eq!(
        read.update,
        Some(ManagedPasswordUpdate {
            current: key_at(CREATED),
            previous: None
        })
    );
    assert_eq!(read.blob.previous, None);
}

#[test]
fn a_newer_root_key_takes_over_at_a_rollover_and_not_before() {
    let mut keys = root_keys();
    keys.push(root_key(2, hours_after(CREATED, 300)));
    let id = |read: Result<Retrieval, _>| {
        read.unwrap()
            .update
            .map(|update| update.current.root_key_id)
    };
    let before = state().retrieve(hours_after(CREATED, 719), &keys);
    assert_eq!(
        before.as_ref().unwrap().blob.current,
        password(key_at(CREATED))
    );
    assert_eq!(id(before), None);
    let after = state().retrieve(hours_after(CREATED, 720), &keys);
    assert_eq!(
        after.as_ref().unwrap().blob.previous,
        Some(password(key_at(CREATED)))
    );
    assert_eq!(id(after), Some(RootKeyId::new(Guid::from_bytes([2; 16]))));
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let now = hours_after(CREATED, 1);
    let zero = ManagedPasswordState {
        interval: ManagedPasswordInterval::from_days(0).unwrap(),
        ..state()
    };
    assert_eq!(
        zero.retrieve(now, &root_keys()),
        Err(ManagedPasswordError::Interval(0))
    );
    let missing = key_at(CREATED).root_key_id;
    assert_eq!(
        state().retrieve(now, &[]),
        Err(ManagedPasswordError::RootKeyMissing(missing))
    );
    let expired = hours_after(CREATED, 720);
    assert_eq!(
        state().retrieve(expired, &[]),
        Err(KdsError::NoUsableRootKey(expired).into())
    );
    let ahead = ManagedPasswordState {
        current: Some(key_at(hours_after(now, 100))),
        ..state()
    };
    assert!(matches!(
        ahead.retrieve(now, &root_keys()),
        Err(ManagedPasswordError::Kds(KdsError::FromTheFuture { .. }))
    ));
    let end = FileTime::from_ticks(u64::MAX);
    let never = ManagedPasswordState {
        current: Some(key_at(end)),
        ..state()
    };
    assert_eq!(
        never.retrieve(end, &root_keys()),
        Err(ManagedPasswordError::TimeOutOfRange)
    );
}

proptest! {
    #[test]
    fn storing_the_update_changes_nothing_for_the_reader(
        days in 1i64..100, age_hours in 0u32..5_000, minutes in 0u32..600, created_in_cycle in 0u64..360_000_000_000, has_id: bool,
    ) {
        let when_created = CREATED.checked_add(Interval::from_ticks(created_in_cycle)).unwrap();
        let interval = ManagedPasswordInterval::from_days(days).unwrap();
        let current = has_id.then(|| key_at(when_created));
        let before = ManagedPasswordState { when_created, interval, current, ..state() };
        let now = hours_after(when_created, age_hours).checked_add(Interval::from_minutes(minutes)).unwrap();
        let read = before.retrieve(now, &root_keys()).unwrap();
        let Some(update) = read.update else {
            prop_assert!(read.blob.query_interval <= interval.rollover());
            return Ok(());
        };
        let start = update.current.group_key_id.start().unwrap();
        prop_assert!(start <= now && now.saturating_since(start) < interval.rollover());
        prop_assert_eq!(start.as_ticks() % KEY_CYCLE.as_ticks(), 0);
        let after = ManagedPasswordState { current: Some(update.current), previous: update.previous.or(before.previous), ..before };
        prop_assert_eq!(after.retrieve(now, &root_keys()).unwrap(), Retrieval { blob: read.blob, update: None });
    }
}
