//! Group seed keys, and the chain that leads to them.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::group_key_id::{GroupKeyId, KeyLevel};
use crate::kdf_parameters::KdfHash;
use crate::root_key::{RootKey, RootKeyId};
use crate::{KEY_LEN, KdsError, counter_mode};

/// [MS-ADTS] 3.1.1.4.5.39 msDS-ManagedPassword, GmsaSD: the security descriptor under which the keys of all gMSAs
/// are derived, `O:SYD:(A;;FRFW;;;S-1-5-9)`.
pub const GMSA_TARGET: [u8; 60] = [
    0x01, 0x00, 0x04, 0x80, 0x30, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x14, 0x00, 0x00, 0x00, 0x02, 0x00, 0x1c, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00,
    0x9f, 0x01, 0x12, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x09, 0x00, 0x00, 0x00,
    0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x12, 0x00, 0x00, 0x00,
];

/// `"KDS service"` in UTF-16LE with its NUL: the label of every step of the chain.
const LABEL: &[u8; 24] = b"K\0D\0S\0 \0s\0e\0r\0v\0i\0c\0e\0\0\0";

/// The secret Key(SD, RK, L0, L1, L2) of [MS-GKDI] 3.1.4.1.2 Generating a Group Key.
///
/// Whoever has it can derive every older key under the same L0 index: an L1 key gives the older L1 keys and all L2
/// keys below them, an L2 key the older L2 keys of its L1 index. For many derivations, take an L1 key once and go
/// down from there with [`GroupSeedKey::older`].
pub struct GroupSeedKey {
    root_key_id: RootKeyId,
    id: GroupKeyId,
    hash: KdfHash,
    key: Box<[u8; KEY_LEN]>,
}

impl RootKey {
    /// Derives the seed key `id` for the security descriptor `target`, self-relative and byte for byte.
    ///
    /// ```text
    /// Key(SD, RK, L0, -1, -1) = KDF(Hash, RK.msKds-RootKeyData,        "KDS service", RKID ‖ L0 ‖ -1 ‖ -1, 512)
    /// Key(SD, RK, L0, 31, -1) = KDF(Hash, Key(SD, RK, L0, -1, -1),     "KDS service", RKID ‖ L0 ‖ 31 ‖ -1 ‖ SD, 512)
    /// Key(SD, RK, L0,  n, -1) = KDF(Hash, Key(SD, RK, L0, n+1, -1),    "KDS service", RKID ‖ L0 ‖ n ‖ -1, 512)
    /// Key(SD, RK, L0, L1, 31) = KDF(Hash, Key(SD, RK, L0, L1, -1),     "KDS service", RKID ‖ L0 ‖ L1 ‖ 31, 512)
    /// Key(SD, RK, L0, L1,  n) = KDF(Hash, Key(SD, RK, L0, L1, n+1),    "KDS service", RKID ‖ L0 ‖ L1 ‖ n, 512)
    /// ```
    ///
    /// Nothing here looks at the time: [`RootKey::guard`] does.
    #[must_use]
    pub fn derive(&self, id: GroupKeyId, target: &[u8]) -> GroupSeedKey {
        let (root_key_id, hash) = (self.description().id, self.description().hash);
        let chain = Chain { root_key_id, hash };
        let mut key = Zeroizing::new(*self.data().expose_bytes());
        chain.step(&mut key, id.l0_key(), &[]);
        if id.level() != KeyLevel::L0 {
            let newest = id.with_l1(GroupKeyId::FANOUT - 1);
            chain.step(&mut key, newest, target);
            chain.descend(&mut key, newest, id);
        }
        GroupSeedKey::new(root_key_id, id, hash, &key)
    }
}

impl GroupSeedKey {
    pub(crate) fn new(
        root_key_id: RootKeyId,
        id: GroupKeyId,
        hash: KdfHash,
        key: &[u8; KEY_LEN],
    ) -> Self {
        let mut boxed = Box::new([0; KEY_LEN]);
        boxed.copy_from_slice(key);
        Self {
            root_key_id,
            id,
            hash,
            key: boxed,
        }
    }

    /// Derives the older key `id` from this one; the same steps as in [`RootKey::derive`].
    ///
    /// # Errors
    /// [`KdsError::NotDerivable`] for a newer key, and for one under another L0 index.
    pub fn older(&self, id: GroupKeyId) -> Result<Self, KdsError> {
        if !self.id.leads_to(id) {
            return Err(KdsError::NotDerivable {
                from: self.id,
                to: id,
            });
        }
        let mut key = Zeroizing::new(*self.key);
        let chain = Chain {
            root_key_id: self.root_key_id,
            hash: self.hash,
        };
        chain.descend(&mut key, self.id, id);
        Ok(Self::new(self.root_key_id, id, self.hash, &key))
    }

    /// Derives `N` bytes for a purpose: KDF(Hash, this key, `label`, `context`, 8·N) of [MS-GKDI] 3.1.4.1.2.
    ///
    /// `label` is UTF-16LE with its NUL.
    pub fn derive_bytes<const N: usize>(&self, label: &[u8], context: &[u8], out: &mut [u8; N]) {
        counter_mode::derive(self.hash, &self.key, label, [context, &[]], out);
    }

    /// The root key it was derived from.
    #[must_use]
    pub fn root_key_id(&self) -> RootKeyId {
        self.root_key_id
    }

    /// Which key of which time it is.
    #[must_use]
    pub fn id(&self) -> GroupKeyId {
        self.id
    }

    /// The hash it was derived with, and derives with.
    #[must_use]
    pub fn hash(&self) -> KdfHash {
        self.hash
    }

    /// The secret itself.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; KEY_LEN] {
        &self.key
    }
}

/// Names and keys stay together along the chain.
struct Chain {
    root_key_id: RootKeyId,
    hash: KdfHash,
}

impl Chain {
    /// Replaces the key `from` by the older key `to`, to which it leads.
    fn descend(&self, key: &mut [u8; KEY_LEN], from: GroupKeyId, to: GroupKeyId) {
        let ([_, from_l1, from_l2], [_, to_l1, to_l2]) = (from.indexes(), to.indexes());
        for l1 in (to_l1..from_l1).rev() {
            self.step(key, to.with_l1(l1), &[]);
        }
        if to.level() == KeyLevel::L2 {
            let newest = if from.level() == KeyLevel::L2 {
                from_l2
            } else {
                GroupKeyId::FANOUT
            };
            for l2 in (to_l2..newest).rev() {
                self.step(key, to.with_l2(l2), &[]);
            }
        }
    }

    /// key = KDF(Hash, key, "KDS service", RKID ‖ L0 ‖ L1 ‖ L2 ‖ SD, 512)
    fn step(&self, key: &mut [u8; KEY_LEN], id: GroupKeyId, target: &[u8]) {
        let mut context = [0; 16 /* RKID */ + 3 * 4 /* L0, L1, L2 */];
        let indexes = id.indexes().map(i32::to_le_bytes);
        let bytes = self.root_key_id.guid().to_bytes();
        context
            .iter_mut()
            .zip(bytes.iter().chain(indexes.as_flattened()))
            .for_each(|(slot, byte)| *slot = *byte);
        let mut next = Zeroizing::new([0; KEY_LEN]);
        counter_mode::derive(self.hash, key, LABEL, [&context, target], &mut next);
        *key = *next;
    }
}

impl PartialEq for GroupSeedKey {
    /// Compares the secret in constant time.
    fn eq(&self, other: &Self) -> bool {
        let same_name =
            (self.root_key_id, self.id, self.hash) == (other.root_key_id, other.id, other.hash);
        bool::from(self.key.ct_eq(&*other.key)) && same_name
    }
}

impl Eq for GroupSeedKey {}

impl fmt::Debug for GroupSeedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupSeedKey(..)")
    }
}

impl Drop for GroupSeedKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl ZeroizeOnDrop for GroupSeedKey {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_key::tests::root_key;
    use proptest::prelude::*;

    fn id(l0: i32, l1: i32, l2: i32) -> GroupKeyId {
        GroupKeyId::new(l0, l1, l2).unwrap()
    }

    #[test]
    fn derivation_never_goes_to_newer_keys() {
        let root = root_key(7, KdfHash::Sha512);
        let from = |from: GroupKeyId, to| {
            root.derive(from, &GMSA_TARGET)
                .older(to)
                .map(|key| key.id())
        };
        for (from_id, to_id) in [
            (id(5, -1, -1), id(5, 3, 3)),
            (id(5, 3, -1), id(5, -1, -1)),
            (id(5, 3, -1), id(5, 4, -1)),
            (id(5, 3, -1), id(4, 3, -1)),
            (id(5, 3, 3), id(5, 3, -1)),
            (id(5, 3, 3), id(5, 2, -1)),
            (id(5, 3, 3), id(5, 2, 3)),
            (id(5, 3, 3), id(5, 3, 4)),
        ] {
            assert_eq!(
                from(from_id, to_id),
                Err(KdsError::NotDerivable {
                    from: from_id,
                    to: to_id
                })
            );
        }
    }

    #[test]
    fn a_key_does_not_show_itself() {
        let key = root_key(7, KdfHash::Sha256).derive(id(1, 1, 1), &GMSA_TARGET);
        assert_eq!(format!("{key:?}"), "GroupSeedKey(..)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_path_down_the_chain_ends_in_the_same_key(
            hash in proptest::sample::select(vec![KdfHash::Sha1, KdfHash::Sha256, KdfHash::Sha384, KdfHash::Sha512]),
            l0 in 0..50_000, l1 in 0..32, l2 in 0..32, above_l1 in 0..32, above_l2 in 0..32, seed: u8, target: Vec<u8>,
        ) {
            let root = root_key(seed, hash);
            let direct = root.derive(id(l0, l1, l2), &target);
            let through_l1 = root.derive(id(l0, l1.max(above_l1), -1), &target);
            prop_assert!(through_l1.older(id(l0, l1, l2)).unwrap() == direct);
            prop_assert!(through_l1.older(id(l0, l1, -1)).unwrap().older(id(l0, l1, l2)).unwrap() == direct);
            let through_l2 = root.derive(id(l0, l1, l2.max(above_l2)), &target);
            prop_assert!(through_l2.older(id(l0, l1, l2)).unwrap() == direct);
        }
    }
}
