//! How fast a root key becomes a password, and a password a Kerberos key.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kds::{
    GMSA_TARGET, GroupKeyId, KEY_LEN, KdfHash, KdfParameters, RootKey, RootKeyAttributes,
    RootKeyData, RootKeyId,
};
use managed_password::{KerberosKeys, ManagedPassword, NtHash, Salt};
use security::{FileTime, Guid, Sid};
use std::hint::black_box;

fn root_key() -> Option<RootKey> {
    let attributes = RootKeyAttributes {
        id: RootKeyId::new(Guid::from_bytes([7; 16])),
        version: 1,
        kdf_algorithm: "SP800_108_CTR_HMAC",
        kdf_parameters: Some(
            &KdfParameters {
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

fn passwords(criterion: &mut Criterion) {
    let (Some(root_key), Ok(sid)) = (root_key(), "S-1-5-21-1-2-3-1104".parse::<Sid>()) else {
        return;
    };
    let mut group = criterion.benchmark_group("root key to password, SHA512");
    group.throughput(Throughput::Elements(1));
    for (name, [l0, l1, l2]) in [("worst", [362, 0, 0]), ("middle", [362, 16, 16])] {
        let Ok(id) = GroupKeyId::new(l0, l1, l2) else {
            continue;
        };
        let derive =
            || ManagedPassword::derive(&root_key.derive(black_box(id), &GMSA_TARGET), &sid);
        group.bench_function(name, |bench| bench.iter(derive));
    }
    group.finish();

    let Ok(password) = ManagedPassword::from_bytes(&[b'a'; ManagedPassword::LEN]) else {
        return;
    };
    let salt = Salt::for_computer("CONTOSO.COM", "MIMSync$", "contoso.com");
    criterion.bench_function("NT hash", |bench| {
        bench.iter(|| NtHash::of(black_box(&password)))
    });
    criterion.bench_function("both AES keys", |bench| {
        bench.iter(|| KerberosKeys::derive(black_box(&password), &salt))
    });
}

criterion_group!(benches, passwords);
criterion_main!(benches);
