//! Group key identifiers: which key of which time.

use std::fmt;

use security::FileTime;
use serde::{Deserialize, Serialize};

use crate::{KEY_CYCLE, KdsError};

/// [MS-GKDI] 3.1.4.1 GetKey (Opnum 0), L0KeyID, L1KeyID and L2KeyID: names a key by the time in which it is current.
///
/// An L2 key is current for 10 hours, an L1 key covers 32 of them, an L0 key 32 of those (about 426.7 days).
/// −1 stands for "not applicable": (362, 0, −1) is an L1 key. Serialized as `[l0, l1, l2]`.
///
/// INVARIANT: one of (≥0, −1, −1), (≥0, 0..31, −1), (≥0, 0..31, 0..31).
///
/// A key sorts behind all keys that can be derived from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "[i32; 3]", into = "[i32; 3]")]
pub struct GroupKeyId {
    l0: i32,
    l1: i32,
    l2: i32,
}

/// How far down the chain a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyLevel {
    /// (l0, −1, −1)
    L0,
    /// (l0, l1, −1)
    L1,
    /// (l0, l1, l2)
    L2,
}

impl GroupKeyId {
    /// L1 keys under an L0 key, and L2 keys under an L1 key.
    pub(crate) const FANOUT: i32 = 32;
    const NOT_APPLICABLE: i32 = -1;

    /// Takes three indexes, −1 where one does not apply.
    ///
    /// # Errors
    /// [`KdsError::InvalidGroupKeyId`] for every other combination than those of the invariant.
    pub fn new(l0: i32, l1: i32, l2: i32) -> Result<Self, KdsError> {
        let index = 0..Self::FANOUT;
        let l1_level =
            l2 == Self::NOT_APPLICABLE && (l1 == Self::NOT_APPLICABLE || index.contains(&l1));
        if l0 >= 0 && (l1_level || index.contains(&l1) && index.contains(&l2)) {
            Ok(Self { l0, l1, l2 })
        } else {
            Err(KdsError::InvalidGroupKeyId(l0, l1, l2))
        }
    }

    /// The L2 key that is current at `time`.
    ///
    /// n = time / 10 h;  L2 = n mod 32, L1 = n / 32 mod 32, L0 = n / 1024.
    #[must_use]
    pub fn at(time: FileTime) -> Self {
        let cycle = time.as_ticks() / KEY_CYCLE.as_ticks(); // below 2^26
        Self {
            l0: (cycle >> 10) as i32,
            l1: (cycle >> 5 & 31) as i32,
            l2: (cycle & 31) as i32,
        }
    }

    /// When this L2 key becomes current; `None` for L0 and L1 keys, and past the end of time.
    ///
    /// ((L0 · 32 + L1) · 32 + L2) · 10 h
    #[must_use]
    pub fn start(self) -> Option<FileTime> {
        let [l0, l1, l2] = [self.l0, self.l1, self.l2].map(u64::try_from);
        let cycle = (l0.ok()? * 32 + l1.ok()?) * 32 + l2.ok()?;
        KEY_CYCLE
            .checked_mul(cycle)
            .map(|since_1601| FileTime::from_ticks(since_1601.as_ticks()))
    }

    /// The three indexes, −1 where one does not apply.
    #[must_use]
    pub const fn indexes(self) -> [i32; 3] {
        [self.l0, self.l1, self.l2]
    }

    /// How far down the chain this key stands.
    #[must_use]
    pub const fn level(self) -> KeyLevel {
        match (self.l1, self.l2) {
            (Self::NOT_APPLICABLE, _) => KeyLevel::L0,
            (_, Self::NOT_APPLICABLE) => KeyLevel::L1,
            _ => KeyLevel::L2,
        }
    }

    /// Whether the key `older` can be derived from this one without the target security descriptor.
    ///
    /// An L1 key leads to itself, to older L1 keys and to all L2 keys below them; an L2 key to itself and to older
    /// L2 keys of the same L1 index; an L0 key to none.
    #[must_use]
    pub fn leads_to(self, older: Self) -> bool {
        let same_branch = match self.level() {
            KeyLevel::L0 => false,
            KeyLevel::L1 => self.l0 == older.l0,
            KeyLevel::L2 => self.l0 == older.l0 && self.l1 == older.l1,
        };
        same_branch && older <= self
    }

    /// The L0 key above this one.
    pub(crate) const fn l0_key(self) -> Self {
        Self {
            l0: self.l0,
            l1: Self::NOT_APPLICABLE,
            l2: Self::NOT_APPLICABLE,
        }
    }

    /// The L1 key `l1` under the same L0 key; INVARIANT: `l1` is in 0..32.
    pub(crate) const fn with_l1(self, l1: i32) -> Self {
        Self {
            l0: self.l0,
            l1,
            l2: Self::NOT_APPLICABLE,
        }
    }

    /// The L2 key `l2` under the same L1 key; INVARIANT: `l2` is in 0..32 and this is no L0 key.
    pub(crate) const fn with_l2(self, l2: i32) -> Self {
        Self {
            l0: self.l0,
            l1: self.l1,
            l2,
        }
    }

    fn rank(self) -> [i32; 3] {
        let last = |index| {
            if index == Self::NOT_APPLICABLE {
                Self::FANOUT
            } else {
                index
            }
        };
        [self.l0, last(self.l1), last(self.l2)]
    }
}

impl PartialOrd for GroupKeyId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GroupKeyId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl TryFrom<[i32; 3]> for GroupKeyId {
    type Error = KdsError;

    fn try_from([l0, l1, l2]: [i32; 3]) -> Result<Self, KdsError> {
        Self::new(l0, l1, l2)
    }
}

impl From<GroupKeyId> for [i32; 3] {
    fn from(id: GroupKeyId) -> Self {
        id.indexes()
    }
}

impl fmt::Display for GroupKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {}, {})", self.l0, self.l1, self.l2)
    }
}

impl fmt::Debug for GroupKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupKeyId{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_three_shapes_are_identifiers() {
        for (l0, l1, l2) in [
            (-1, -1, -1),
            (-2, -1, -1),
            (-1, 0, 0),
            (0, -1, 0),
            (0, 32, -1),
            (0, 0, 32),
            (0, -2, -1),
            (0, 0, -2),
        ] {
            assert_eq!(
                GroupKeyId::new(l0, l1, l2),
                Err(KdsError::InvalidGroupKeyId(l0, l1, l2))
            );
        }
        assert_eq!(
            GroupKeyId::new(i32::MAX, -1, -1).map(GroupKeyId::level),
            Ok(KeyLevel::L0)
        );
        assert_eq!(
            GroupKeyId::new(0, 31, -1).map(GroupKeyId::level),
            Ok(KeyLevel::L1)
        );
        assert_eq!(
            GroupKeyId::new(0, 31, 31).map(GroupKeyId::level),
            Ok(KeyLevel::L2)
        );
    }

    #[test]
    fn keys_without_a_start() {
        assert_eq!(GroupKeyId::new(362, 1, -1).unwrap().start(), None);
        assert_eq!(GroupKeyId::new(i32::MAX, 31, 31).unwrap().start(), None);
        assert!(GroupKeyId::new(50_039, 0, 0).unwrap().start().is_some());
    }

    #[test]
    fn a_key_sorts_behind_what_it_derives() {
        let id = |l0, l1, l2| GroupKeyId::new(l0, l1, l2).unwrap();
        let mut ids = [
            id(1, -1, -1),
            id(1, 1, -1),
            id(1, 1, 31),
            id(1, 1, 0),
            id(1, 0, -1),
            id(0, 31, 31),
        ];
        ids.sort();
        assert_eq!(
            ids,
            [
                id(0, 31, 31),
                id(1, 0, -1),
                id(1, 1, 0),
                id(1, 1, 31),
                id(1, 1, -1),
                id(1, -1, -1)
            ]
        );
    }

    proptest! {
        #[test]
        fn every_time_lies_in_its_own_cycle(ticks: u64) {
            let time = FileTime::from_ticks(ticks);
            let start = GroupKeyId::at(time).start().unwrap();
            prop_assert!(start <= time && time.saturating_since(start) < KEY_CYCLE);
            prop_assert_eq!(GroupKeyId::at(start), GroupKeyId::at(time));
        }

        #[test]
        fn json_round_trips(l0: i32, l1 in -2..34, l2 in -2..34) {
            let json = format!("[{l0},{l1},{l2}]");
            match GroupKeyId::new(l0, l1, l2) {
                Ok(id) => {
                    prop_assert_eq!(serde_json::to_string(&id).unwrap(), json.clone());
                    prop_assert_eq!(serde_json::from_str::<GroupKeyId>(&json).unwrap(), id);
                }
                Err(_) => prop_assert!(serde_json::from_str::<GroupKeyId>(&json).is_err()),
            }
        }
    }
}
