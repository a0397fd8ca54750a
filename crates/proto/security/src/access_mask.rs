//! Access rights.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use serde::{Deserialize, Serialize};

/// [MS-DTYP] 2.4.3 ACCESS_MASK; the low half as [MS-ADTS] 5.1.3.2 Access Rights names it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessMask(pub u32);

impl AccessMask {
    /// RIGHT_DS_CREATE_CHILD to RIGHT_DS_CONTROL_ACCESS, with all standard rights (0x000F01FF): what Windows'
    /// cmdlets grant to the principals allowed to retrieve a managed password.
    pub const FULL_CONTROL: Self = Self(0x000F_01FF);
    /// RIGHT_DS_READ_PROPERTY: what a domain controller asks for before it hands out a managed password.
    pub const READ_PROPERTY: Self = Self(0x0000_0010);
    /// RIGHT_DS_WRITE_PROPERTY.
    pub const WRITE_PROPERTY: Self = Self(0x0000_0020);
    /// RIGHT_DS_CONTROL_ACCESS: an extended right, or reading a confidential attribute.
    pub const CONTROL_ACCESS: Self = Self(0x0000_0100);
    /// RIGHT_READ_CONTROL.
    pub const READ_CONTROL: Self = Self(0x0002_0000);
    /// RIGHT_WRITE_DAC.
    pub const WRITE_DAC: Self = Self(0x0004_0000);

    /// Whether all of `rights` are in this mask.
    #[must_use]
    pub fn contains(self, rights: Self) -> bool {
        self.0 & rights.0 == rights.0
    }

    /// Whether some of `rights` are in this mask.
    #[must_use]
    pub fn intersects(self, rights: Self) -> bool {
        self.0 & rights.0 != 0
    }

    /// This mask without `rights`.
    #[must_use]
    pub fn without(self, rights: Self) -> Self {
        Self(self.0 & !rights.0)
    }
}

impl BitOr for AccessMask {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for AccessMask {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for AccessMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessMask({:#010x})", self.0)
    }
}
