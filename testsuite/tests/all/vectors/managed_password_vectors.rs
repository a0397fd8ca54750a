//! Passwords: derivation, blobs, identifiers, rollover, keys.

use kds::{GMSA_TARGET, GroupKeyId};
use managed_password::{
    KerberosKey, KerberosKeys, ManagedPassword, ManagedPasswordBlob, ManagedPasswordId,
    ManagedPasswordInterval, ManagedPasswordState, NtHash, PasswordKeyId, Salt,
};
use security::Interval;

use super::{Vector, each};

/// The password of the vector's root key, key identifier and SID.
fn derive(vector: &Vector) -> ManagedPassword {
    let key = vector
        .root_key()
        .derive(vector.group_key_id("/inputs/gkid"), &GMSA_TARGET);
    ManagedPassword::derive(&key, &vector.sid("/inputs/sid")).unwrap()
}

fn nt_hash(password: &ManagedPassword) -> String {
    hex::encode(NtHash::of(password).expose_bytes())
}

#[test]
fn passwords_are_derived() {
    each("gmsa_password", |vector| {
        let password = derive(vector);
        let expected = |names: [&str; 2]| {
            let name = names
                .into_iter()
                .map(|name| format!("/expected/{name}"))
                .find(|name| vector.has(name));
            vector.text(&name.unwrap()).to_owned()
        };
        assert_eq!(
            hex::encode(password.expose_bytes()),
            expected(["password", "password_computed"])
        );
        assert_eq!(
            nt_hash(&password),
            expected(["nt_hash", "nt_hash_computed"])
        );
        assert_eq!(
            vector.sid("/inputs/sid").to_bytes(),
            vector.bytes("/inputs/sid_bytes")
        );
        if vector.has("/inputs/current_time_filetime") {
            let now = vector.time("/inputs/current_time_filetime");
            assert_eq!(
                vector
                    .root_key()
                    .guard(vector.group_key_id("/inputs/gkid"), now),
                Ok(())
            );
        }
        if vector.has("/inputs/effective_filetime") {
            assert_eq!(rolled_over(vector), password);
        }
    });
}

/// What a domain controller hands out at the vector's effective time, for an account that was never read before.
fn rolled_over(vector: &Vector) -> ManagedPassword {
    let root_key = vector.root_key();
    let when_created = vector.time("/inputs/creation_filetime");
    let days = i64::try_from(vector.number("/inputs/managed_password_interval_days")).unwrap();
    let state = ManagedPasswordState {
        sid: vector.sid("/inputs/sid"),
        when_created,
        interval: ManagedPasswordInterval::from_days(days).unwrap(),
        current: Some(PasswordKeyId {
            root_key_id: root_key.description().id,
            group_key_id: GroupKeyId::at(when_created),
        }),
        previous: None,
    };
    state
        .retrieve(vector.time("/inputs/effective_filetime"), &[root_key])
        .unwrap()
        .blob
        .current
}

#[test]
fn a_zero_unit_becomes_one() {
    each("gmsa_password_nul_unit_computed", |vector| {
        let password = derive(vector);
        assert_eq!(
            hex::encode(password.expose_bytes()),
            vector.text("/expected/password")
        );
        assert_eq!(nt_hash(&password), vector.text("/expected/nt_hash"));
        assert_eq!(
            hex::encode(&*password.expose_utf8()),
            vector.text("/expected/utf8")
        );
        let raw = vector.bytes("/expected/raw_kdf_output");
        let changed: Vec<usize> = (0..256)
            .step_by(2)
            .filter(|at| raw[*at..at + 2] != password.expose_bytes()[*at..at + 2])
            .collect();
        let zero_units: Vec<usize> =
            serde_json::from_value(vector.value("/expected/zero_unit_indexes").clone()).unwrap();
        assert_eq!(
            changed,
            zero_units.iter().map(|unit| 2 * unit).collect::<Vec<_>>()
        );
    });
}

#[test]
fn real_blobs_are_read_and_written() {
    each("managed_password_blob", |vector| {
        let bytes = vector.bytes("/inputs/blob");
        let blob = ManagedPasswordBlob::from_bytes(&bytes).unwrap();
        assert_eq!(*blob.to_bytes(), bytes);
        assert_eq!(blob.encoded_len() as u64, vector.number("/expected/length"));
        assert_eq!(
            u64::from(ManagedPasswordBlob::VERSION),
            vector.number("/expected/version")
        );
        assert_eq!(
            hex::encode(blob.current.expose_bytes()),
            vector.text("/expected/current_password")
        );
        assert_eq!(
            nt_hash(&blob.current),
            vector.text("/expected/nt_hash_current")
        );
        assert_eq!(
            blob.previous.is_some(),
            vector.has("/expected/previous_password")
        );
        if let Some(previous) = &blob.previous {
            assert_eq!(
                hex::encode(previous.expose_bytes()),
                vector.text("/expected/previous_password")
            );
            assert_eq!(nt_hash(previous), vector.text("/expected/nt_hash_previous"));
        }
        let interval = |name| Interval::from_ticks(vector.number(name));
        assert_eq!(
            blob.query_interval,
            interval("/expected/query_password_interval")
        );
        assert_eq!(
            blob.unchanged_interval,
            interval("/expected/unchanged_password_interval")
        );
    });
}

#[test]
fn a_real_password_id_is_read_and_written() {
    each("managed_password_id", |vector| {
        let bytes = vector.bytes("/inputs/blob");
        let id = ManagedPasswordId::from_bytes(&bytes).unwrap();
        assert_eq!(id.to_bytes(), bytes);
        assert_eq!(bytes.len() as u64, vector.number("/expected/length"));
        assert_eq!(u64::from(id.flags.0), vector.number("/expected/flags"));
        assert_eq!(id.key.group_key_id, vector.group_key_id("/expected/gkid"));
        assert_eq!(
            id.key.group_key_id.start(),
            Some(vector.time("/expected/key_start_filetime_computed"))
        );
        assert_eq!(
            id.key.root_key_id.to_string(),
            vector.text("/expected/root_key_id")
        );
        assert_eq!(
            id.additional_info.len() as u64,
            vector.number("/expected/additional_info_len")
        );
        assert_eq!(
            [&*id.domain, &*id.forest],
            [
                vector.text("/expected/domain"),
                vector.text("/expected/forest")
            ]
        );
        assert_eq!(
            ManagedPasswordId::for_gmsa(id.key, &id.domain, &id.forest),
            id
        );
    });
}

#[test]
fn intervals_are_whole_key_cycles() {
    each("rollover_interval", |vector| {
        let days = vector
            .value("/inputs/managed_password_interval_days")
            .as_i64()
            .unwrap();
        let rollover = ManagedPasswordInterval::from_days(days).unwrap().rollover();
        assert_eq!(
            rollover.as_ticks(),
            vector.number("/expected/interval_100ns")
        );
    });
}

#[test]
fn intervals_that_cannot_be_counted_are_refused() {
    each("rollover_interval_reject", |vector| {
        let days = vector
            .value("/inputs/managed_password_interval_days")
            .as_i64()
            .unwrap();
        assert!(ManagedPasswordInterval::from_days(days).is_err(), "{days}");
    });
}

#[test]
fn lone_surrogates_become_replacement_characters() {
    each("utf16_to_utf8_password", |vector| {
        let password =
            ManagedPassword::from_bytes(&vector.bytes("/inputs/password_utf16")).unwrap();
        assert_eq!(
            hex::encode(&*password.expose_utf8()),
            vector.text("/expected/password_utf8")
        );
    });
}

#[test]
fn aes_keys_are_derived() {
    each("kerberos_aes_string_to_key", |vector| {
        let (password, salt) = (
            vector.bytes("/inputs/password_utf8"),
            vector.text("/inputs/salt"),
        );
        let iterations = u32::try_from(vector.number("/inputs/iterations")).unwrap();
        let from_password = match vector.number("/inputs/key_bytes") {
            16 => KerberosKey::aes128_from_password,
            32 => KerberosKey::aes256_from_password,
            other => panic!("no key has {other} bytes"),
        };
        let key = from_password(&password, salt.as_bytes(), iterations);
        assert_eq!(
            hex::encode(key.expose_bytes()),
            vector.text("/expected/key")
        );
    });
}

#[test]
fn the_salt_of_a_gmsa_is_that_of_a_computer() {
    each("kerberos_salt", |vector| {
        let realm = vector.text("/inputs/realm");
        let salt = Salt::for_computer(realm, vector.text("/inputs/sam_account_name"), realm);
        assert_eq!(salt.as_str(), vector.text("/expected/salt"));
    });
}

#[test]
fn both_keys_of_a_password_come_from_one_stretching() {
    each("utf16_to_utf8_password", |vector| {
        let password =
            ManagedPassword::from_bytes(&vector.bytes("/inputs/password_utf16")).unwrap();
        let salt = Salt::for_computer("CONTOSO.COM", "MIMSync$", "contoso.com");
        let keys = KerberosKeys::derive(&password, &salt);
        let (utf8, salt) = (password.expose_utf8(), salt.as_str().as_bytes());
        assert_eq!(
            keys.aes256,
            KerberosKey::aes256_from_password(&utf8, salt, 4_096)
        );
        assert_eq!(
            keys.aes128,
            KerberosKey::aes128_from_password(&utf8, salt, 4_096)
        );
    });
}
