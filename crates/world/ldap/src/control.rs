//! Controls: what a request asks for beside its operation (RFC 4511 section 4.1.11).

use rasn::Decoder as _;

/// A control of a request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Object identifier in dotted decimals.
    pub oid: String,
    /// Whether a server that does not know the control must refuse the operation.
    pub critical: bool,
    /// The control's own BER value.
    pub value: Option<Vec<u8>>,
}

impl Control {
    /// RFC 2696, "LDAP Control Extension for Simple Paged Results Manipulation".
    pub(crate) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

    /// [MS-ADTS] 3.1.1.3.4.1.11 LDAP_SERVER_SD_FLAGS_OID: which parts of security descriptors are read or written.
    ///
    /// Without it, a read asks for the audit list too and those without that right get no descriptor at all.
    pub fn sd_flags(flags: SdFlags) -> Self {
        Self {
            oid: "1.2.840.113556.1.4.801".into(),
            critical: true,
            value: Some(vec![0x30, 3, 2, 1, flags.0 & 0x0f]),
        }
    }

    /// [MS-ADTS] 3.1.1.3.4.1.15 LDAP_SERVER_TREE_DELETE_OID: a delete takes everything below along.
    pub fn tree_delete() -> Self {
        Self {
            oid: "1.2.840.113556.1.4.805".into(),
            critical: true,
            value: None,
        }
    }

    /// [MS-ADTS] 3.1.1.3.4.1.14 LDAP_SERVER_SHOW_DELETED_OID: a search finds deleted objects too.
    pub fn show_deleted() -> Self {
        Self {
            oid: "1.2.840.113556.1.4.417".into(),
            critical: true,
            value: None,
        }
    }

    pub(crate) fn paged_results(size: u32, cookie: &[u8]) -> Self {
        let value = PagedResults {
            size: size.min(i32::MAX as u32),
            cookie: cookie.to_vec().into(),
        };
        // Two fields of known types: encoding cannot fail, and an empty control would be refused by the server.
        let value = rasn::ber::encode(&value).unwrap_or_default();
        Self {
            oid: Self::PAGED_RESULTS.into(),
            critical: true,
            value: Some(value),
        }
    }

    /// The cookie of a paged-results response; `None` when this is another control or malformed.
    pub(crate) fn page_cookie(&self) -> Option<Vec<u8>> {
        let value = self
            .value
            .as_deref()
            .filter(|_| self.oid == Self::PAGED_RESULTS)?;
        rasn::ber::decode::<PagedResults>(value)
            .ok()
            .map(|paged| paged.cookie.to_vec())
    }
}

/// [MS-ADTS] 3.1.1.3.4.1.11: parts of a security descriptor, as a bit set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SdFlags(pub u8);

impl SdFlags {
    /// Owner, group and discretionary list: what an administrator without the audit privilege can read.
    pub const OWNER_GROUP_DACL: Self = Self(0x7);
    /// The discretionary list.
    pub const DACL: Self = Self(0x4);
}

/// RFC 2696 section 2, `realSearchControlValue`.
#[derive(rasn::AsnType, rasn::Encode, rasn::Decode)]
struct PagedResults {
    size: u32,
    cookie: rasn::types::OctetString,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sd_flags_are_a_sequence_of_one_integer() {
        assert_eq!(
            Control::sd_flags(SdFlags::OWNER_GROUP_DACL).value.unwrap(),
            [0x30, 3, 2, 1, 7]
        );
    }

    #[test]
    fn a_cookie_comes_back() {
        let control = Control::paged_results(500, &[0xff; 300]);
        assert_eq!(control.page_cookie().unwrap(), [0xff; 300]);
        let first = Control::paged_results(500, &[]);
        assert_eq!(first.value.unwrap(), [0x30, 6, 2, 2, 0x01, 0xf4, 4, 0]);
        assert_eq!(Control::tree_delete().page_cookie(), None);
    }
}
