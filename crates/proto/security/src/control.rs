//! The control bits of a security descriptor.

/// Control of [MS-DTYP] 2.4.6 SECURITY_DESCRIPTOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Control(pub u16);

impl Control {
    /// DP: a DACL is present.
    pub const DACL_PRESENT: Self = Self(0x0004);
    /// SP: a SACL is present.
    pub const SACL_PRESENT: Self = Self(0x0010);
    /// DC (AR in SDDL): inheritance of the DACL was asked for.
    pub const DACL_AUTO_INHERIT_REQ: Self = Self(0x0100);
    /// SC (AR in SDDL): inheritance of the SACL was asked for.
    pub const SACL_AUTO_INHERIT_REQ: Self = Self(0x0200);
    /// DI (AI in SDDL): the DACL was inherited.
    pub const DACL_AUTO_INHERITED: Self = Self(0x0400);
    /// SI (AI in SDDL): the SACL was inherited.
    pub const SACL_AUTO_INHERITED: Self = Self(0x0800);
    /// PD (P in SDDL): the DACL is protected from inheritance.
    pub const DACL_PROTECTED: Self = Self(0x1000);
    /// PS (P in SDDL): the SACL is protected from inheritance.
    pub const SACL_PROTECTED: Self = Self(0x2000);
    /// SR: the descriptor is self-relative.
    pub const SELF_RELATIVE: Self = Self(0x8000);

    /// Whether all of `bits` are set.
    #[must_use]
    pub fn contains(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    pub(crate) fn with(self, bits: Self, set: bool) -> Self {
        if set {
            Self(self.0 | bits.0)
        } else {
            Self(self.0 & !bits.0)
        }
    }
}
