//! Keys: derivation, identifiers, parameters, envelopes.

use kds::{
    FfcDhParameters, GMSA_TARGET, GroupKeyEnvelope, GroupKeyId, KdfHash, KdfParameters, KdsError,
    RootKey, RootKeyAttributes, RootKeyData, RootKeyDescription, get_key_request_ndr64,
};
use security::FileTime;

use super::each;

#[test]
fn seed_keys_are_derived() {
    each("gkdi_seed_key", |vector| {
        let key = vector.root_key().derive(
            vector.group_key_id("/inputs/gkid"),
            &vector.bytes("/inputs/target_sd"),
        );
        assert_eq!(
            hex::encode(key.expose_bytes()),
            vector.text("/expected/key")
        );
    });
}

#[test]
fn what_is_no_key_is_refused_with_the_published_error() {
    each("gkdi_seed_key_reject", |vector| {
        let [l0, l1, l2] = vector.indexes("/inputs/gkid");
        let what = vector.text("/inputs/what");
        let version = vector
            .0
            .pointer("/inputs/root_key_version")
            .and_then(|version| version.as_u64())
            .unwrap_or(1);
        let derive = || -> Result<RootKey, KdsError> {
            let attributes = RootKeyAttributes {
                id: "89f70521-9d66-441f-c314-1b462f9b1052".parse().unwrap(),
                version: u32::try_from(version).unwrap(),
                kdf_algorithm: if what.contains("algorithm") {
                    "-1"
                } else {
                    "SP800_108_CTR_HMAC"
                },
                kdf_parameters: None,
                secret_agreement_algorithm: "DH",
                private_key_length: 512,
                public_key_length: 2048,
                domain_id: "",
                use_start_time: FileTime::from_ticks(1),
                create_time: FileTime::from_ticks(1),
            };
            let len = if what.contains("32 bytes short") {
                32
            } else {
                64
            };
            let root_key = RootKey::new(
                attributes.describe()?,
                RootKeyData::from_bytes(&vec![0; len])?,
            );
            let _ = root_key.derive(GroupKeyId::new(l0, l1, l2)?, &GMSA_TARGET);
            Ok(root_key)
        };
        let error = derive().expect_err(what);
        assert_eq!(
            error.windows_name(),
            Some(vector.text("/expected/error")),
            "{what}"
        );
    });
}

#[test]
fn every_key_of_the_chain_is_derived_and_leads_to_the_next() {
    each("gkdi_chain_computed", |vector| {
        let (root_key, target) = (vector.root_key(), vector.bytes("/inputs/target_sd"));
        let expected = vector.value("/expected").as_object().unwrap();
        assert_eq!(expected.len(), 1 + 32 + 32);
        let first = i32::try_from(vector.number("/inputs/l0")).unwrap();
        let newest_l1 = root_key.derive(GroupKeyId::new(first, 31, -1).unwrap(), &target);
        for (name, key) in expected {
            let indexes: Vec<i32> = name[3..name.len() - 1]
                .split(',')
                .map(|index| index.parse().unwrap())
                .collect();
            let id = GroupKeyId::new(indexes[0], indexes[1], indexes[2]).unwrap();
            assert_eq!(
                hex::encode(root_key.derive(id, &target).expose_bytes()),
                *key.as_str().unwrap(),
                "{name}"
            );
            if indexes[1] >= 0 {
                let older = newest_l1.older(id).unwrap();
                assert_eq!(
                    hex::encode(older.expose_bytes()),
                    *key.as_str().unwrap(),
                    "{name} from the L1 key"
                );
            }
        }
    });
}

#[test]
fn times_have_their_interval() {
    each("interval_id", |vector| {
        assert_eq!(
            GroupKeyId::at(vector.time("/inputs/filetime")),
            vector.group_key_id("/expected/gkid")
        );
    });
}

#[test]
fn intervals_have_their_start() {
    each("key_start_time", |vector| {
        let start = vector.group_key_id("/inputs/gkid").start();
        assert_eq!(start, Some(vector.time("/expected/filetime")));
    });
}

#[test]
fn kdf_parameters_are_written_and_read() {
    each("kdf_parameters", |vector| {
        let hash: KdfHash = vector.text("/inputs/hash").parse().unwrap();
        let bytes = vector.bytes("/expected/blob");
        assert_eq!(KdfParameters { hash }.to_bytes(), bytes);
        assert_eq!(KdfParameters::from_bytes(&bytes).unwrap().hash, hash);
    });
}

#[test]
fn ffc_dh_parameters_are_written_and_read() {
    each("ffc_dh_parameters", |vector| {
        let (field_order, generator) = (
            vector.bytes("/inputs/field_order"),
            vector.bytes("/inputs/generator"),
        );
        assert_eq!(
            field_order.len() as u64,
            vector.number("/inputs/key_length")
        );
        let parameters = FfcDhParameters::new(field_order, generator).unwrap();
        let bytes = vector.bytes("/expected/blob");
        assert_eq!(parameters.to_bytes(), bytes);
        assert_eq!(FfcDhParameters::rfc5114_2048_256(), parameters);
        assert_eq!(FfcDhParameters::from_bytes(&bytes), Ok(parameters));
    });
}

#[test]
fn a_real_root_key_object_is_described() {
    each("kds_root_key_object", |vector| {
        let kdf_parameters = vector.bytes("/expected/kdf_param");
        let number = |pointer| u32::try_from(vector.number(pointer)).unwrap();
        let attributes = RootKeyAttributes {
            id: vector.text("/expected/root_key_id").parse().unwrap(),
            version: number("/expected/version"),
            kdf_algorithm: vector.text("/expected/kdf_algorithm"),
            kdf_parameters: Some(&kdf_parameters),
            secret_agreement_algorithm: vector.text("/expected/secret_agreement_algorithm"),
            private_key_length: number("/expected/private_key_length"),
            public_key_length: number("/expected/public_key_length"),
            domain_id: vector.text("/expected/domain_id"),
            use_start_time: vector.time("/expected/use_start_time"),
            create_time: vector.time("/expected/create_time"),
        };
        let description = attributes.describe().unwrap();
        assert_eq!(description.hash, KdfHash::Sha512);
        assert_eq!(
            description.create_time.to_string(),
            "2022-02-17T14:03:12.051Z"
        );
        let json = serde_json::to_string(&description).unwrap();
        assert_eq!(
            serde_json::from_str::<RootKeyDescription>(&json).unwrap(),
            description
        );

        let group =
            FfcDhParameters::from_bytes(&vector.bytes("/expected/secret_agreement_param")).unwrap();
        assert_eq!(8 * group.field_order().len(), 2048);
        let data = vector.bytes("/expected/root_key_data");
        assert_eq!(
            RootKeyData::from_bytes(&data).unwrap().expose_bytes()[..],
            data
        );
        let serialized = vector.bytes("/inputs/golden_gmsa_blob");
        let exported = RootKey::from_golden_gmsa(&serialized).unwrap();
        assert_eq!(*exported.description(), description);
        for len in 0..serialized.len() {
            assert!(
                RootKey::from_golden_gmsa(&serialized[..len]).is_err(),
                "{len} bytes"
            );
        }
    });
}

#[test]
fn a_group_key_envelope_is_read_and_written() {
    each("group_key_envelope", |vector| {
        let bytes = vector.bytes("/inputs/blob");
        let envelope = GroupKeyEnvelope::from_bytes(&bytes).unwrap();
        assert_eq!(*envelope.to_bytes(), bytes);
        assert_eq!(
            u64::from(envelope.flags.0),
            vector.number("/expected/flags")
        );
        assert_eq!(envelope.id, vector.group_key_id("/expected/gkid"));
        assert_eq!(
            envelope.root_key_id.to_string(),
            vector.text("/expected/root_key_id")
        );
        let parameters = [
            hex::encode(envelope.kdf_parameters.to_bytes()),
            hex::encode(&envelope.secret_agreement_parameters),
            envelope.secret_agreement_algorithm.clone(),
            envelope.domain.clone(),
            envelope.forest.clone(),
        ];
        let names = [
            "kdf_parameters",
            "secret_agreement_parameters",
            "secret_agreement_algorithm",
            "domain",
            "forest",
        ];
        assert_eq!(
            parameters,
            names.map(|name| vector.text(&format!("/expected/{name}")).to_owned())
        );
        assert_eq!(
            u64::from(envelope.private_key_length),
            vector.number("/expected/private_key_length")
        );
        assert_eq!(
            u64::from(envelope.public_key_length),
            vector.number("/expected/public_key_length")
        );
        let (l1_key, l2_key) = (envelope.l1_key().unwrap(), envelope.l2_key().unwrap());
        assert_eq!(
            hex::encode(l1_key.expose_bytes()),
            vector.text("/expected/l1_key")
        );
        assert_eq!(
            hex::encode(l2_key.expose_bytes()),
            vector.text("/expected/l2_key")
        );
    });
}

#[test]
fn a_get_key_request_is_written() {
    each("gkdi_getkey_request_ndr64", |vector| {
        let root_key_id = vector.text("/inputs/root_key_id").parse().unwrap();
        let target = vector.bytes("/inputs/target_sd");
        let stub =
            get_key_request_ndr64(&target, Some(root_key_id), vector.indexes("/inputs/gkid"));
        assert_eq!(hex::encode(stub), vector.text("/expected/stub"));
    });
}
