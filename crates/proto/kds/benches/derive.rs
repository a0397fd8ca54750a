//! How fast seed keys are derived, beside what the machine's HMAC-SHA512 allows.
//!
//! A cold derivation of the seed key (l0, l1, l2) takes 2 + (31 − l1) + (32 − l2) HMACs, each under a new key:
//! 65 in the worst case, 34 on average.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use kds::{
    GMSA_TARGET, GroupKeyId, KEY_LEN, KdfHash, RootKey, RootKeyAttributes, RootKeyData, RootKeyId,
};
use security::{FileTime, Guid};
use sha2::Sha512;
use std::hint::black_box;

fn root_key() -> Option<RootKey> {
    let attributes = RootKeyAttributes {
        id: RootKeyId::new(Guid::from_bytes([7; 16])),
        version: 1,
        kdf_algorithm: "SP800_108_CTR_HMAC",
        kdf_parameters: Some(
            &kds::KdfParameters {
                hash: KdfHash::Sha512,
            }
            .to_bytes(),
        ),
        secret_agreement_algorithm: "DH",
        private_key_length: 512,
        public_key_length: 2048,
        domain_id: "",
        use_start_time: FileTime::from_ticks(1),
        create_time: FileTime::from_ticks(1),
    };
    Some(RootKey::new(
        attributes.describe().ok()?,
        RootKeyData::from_bytes(&[7; KEY_LEN]).ok()?,
    ))
}

fn derivations(criterion: &mut Criterion) {
    let Some(root_key) = root_key() else { return };
    let mut group = criterion.benchmark_group("seed key, SHA512");
    group.throughput(Throughput::Elements(1));
    for (name, [l0, l1, l2]) in [
        ("cold, worst", [362, 0, 0]),
        ("cold, middle", [362, 16, 16]),
        ("cold, best", [362, 31, 31]),
    ] {
        let Ok(id) = GroupKeyId::new(l0, l1, l2) else {
            continue;
        };
        group.bench_function(name, |bench| {
            bench.iter(|| root_key.derive(black_box(id), &GMSA_TARGET))
        });
    }
    if let (Ok(l1), Ok(l2)) = (GroupKeyId::new(362, 16, -1), GroupKeyId::new(362, 16, 16)) {
        let l1_key = root_key.derive(l1, &GMSA_TARGET);
        group.bench_function("from the L1 key", |bench| {
            bench.iter(|| l1_key.older(black_box(l2)))
        });
    }
    group.finish();

    let mut limit = criterion.benchmark_group("limit");
    limit.throughput(Throughput::Elements(1));
    let message = [7; 61]; // what one step of the chain authenticates
    limit.bench_function("one HMAC-SHA512 under a new key", |bench| {
        bench.iter(|| {
            let key = hmac::digest::common::Key::<Hmac<Sha512>>::default();
            let mut hmac = Hmac::<Sha512>::new(black_box(&key));
            hmac.update(&message);
            hmac.finalize().into_bytes()
        });
    });
    limit.finish();
}

criterion_group!(benches, derivations);
criterion_main!(benches);
