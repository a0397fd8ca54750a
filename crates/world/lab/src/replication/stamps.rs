//! Who wrote what last ([MS-DRSR] 4.1.13.1.15 "DS_REPL_ATTR_META_DATA", 4.1.13.1.25 "DS_REPL_VALUE_META_DATA_2").

use std::collections::HashMap;

use security::{FileTime, Guid};

use crate::store::schema::Attr;

/// What has a stamp of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Field {
    /// The object is gone.
    Deleted,
    /// Its relative name and its container.
    Name,
    Attribute(Attr),
    /// One value of a link, by the object that it points to.
    Link(Attr, Guid),
    /// What the account logs on with.
    Secret,
}

/// When and where a value was written. The greater one is the later one: more versions first, then by time in whole
/// seconds, then by domain controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    version: u32,
    time: FileTime,
    invocation: [u8; 16],
}

impl Stamp {
    /// Of everything that was there when the lab began.
    const FIRST: Self = Self {
        version: 1,
        time: FileTime::ZERO,
        invocation: [0; 16],
    };
}

/// All stamps of one replica.
#[derive(Debug, Clone, Default)]
pub(super) struct Stamps(HashMap<(Guid, Field), Stamp>);

impl Stamps {
    pub(super) fn of(&self, object: Guid, field: Field) -> Stamp {
        let known = self.0.get(&(object, field));
        known.copied().unwrap_or(Stamp::FIRST)
    }

    /// The object was here once, and is a tombstone.
    pub(super) fn is_deleted(&self, object: Guid) -> bool {
        self.0.contains_key(&(object, Field::Deleted))
    }

    pub(super) fn set(&mut self, object: Guid, field: Field, stamp: Stamp) {
        self.0.insert((object, field), stamp);
    }

    /// The stamp of a value that was written just now, here.
    pub(super) fn next(
        &mut self,
        object: Guid,
        field: Field,
        time: FileTime,
        invocation: Guid,
    ) -> Stamp {
        const SECOND: u64 = 10_000_000;
        let version = match self.0.get(&(object, field)) {
            Some(before) => before.version + 1,
            // The first version is that of the seed, or of nothing.
            None => 2,
        };
        let stamp = Stamp {
            version,
            time: FileTime::from_ticks(time.as_ticks() / SECOND * SECOND),
            invocation: invocation.to_bytes(),
        };
        self.set(object, field, stamp);
        stamp
    }
}
