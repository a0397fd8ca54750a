//! Security descriptors as text: [MS-DTYP] 2.5.1 Security Descriptor Description Language.
//!
//! What is printed can be read back. Aliases that depend on a domain (`DA`, `LA`, …) are neither printed nor read:
//! the text means the same in every domain. Two extensions keep it total: data behind the SID of an ACE (conditions,
//! resource attributes) is printed as `#` and hexadecimal digits, and so is the whole of an ACE of unknown type,
//! as `(0x63;flags;#…)`.

mod names;
mod parse;
mod print;

/// Why text is not a security descriptor in SDDL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SddlError {
    /// The text does not follow the grammar from here on.
    #[error("sddl is malformed at {0:?}")]
    Syntax(String),
    /// A component stands twice.
    #[error("sddl has two components {0:?}")]
    Twice(char),
    /// Not a SID, and not an alias that means the same in every domain.
    #[error("sddl names no sid or domain-independent alias: {0:?}")]
    Trustee(String),
    /// Not a combination of rights.
    #[error("sddl names no access rights: {0:?}")]
    Rights(String),
    /// Well-formed, but larger than a descriptor can be.
    #[error("the security descriptor that the sddl describes cannot be encoded")]
    Descriptor(#[from] crate::security_descriptor_error::SecurityDescriptorError),
}

#[cfg(test)]
mod tests {
    use crate::security_descriptor::SecurityDescriptor;
    use crate::security_descriptor::tests::any_descriptor;
    use proptest::prelude::*;

    #[test]
    fn real_descriptors_print_as_windows_prints_them() {
        for sddl in [
            "O:SYG:BAD:PAI(A;OICI;FA;;;SY)(A;;LCRPLORC;;;AU)S:ARAI(AU;SAFA;WPWDWO;;;WD)",
            "O:BAD:(OA;;RP;e362ed86-b728-0842-b27d-2dea7a9df218;;WD)",
            "O:SYD:(OU;CIIOIDSA;RP;0e78295a-c6d3-0a40-b491-d62251ffa0a6;bf967a86-0de6-11d0-a285-00aa003049e2;WD)",
            "D:(A;;GA;;;ED)(D;;0x12019f;;;S-1-5-21-1-2-3-1104)",
            "D:NO_ACCESS_CONTROL",
            "D:",
            "",
            "D:(XA;;FX;;;S-1-1-0;#61727478)",
            "D:(0x63;IO;#0102ff)",
        ] {
            let descriptor = SecurityDescriptor::from_sddl(sddl).unwrap();
            assert_eq!(descriptor.to_sddl(), sddl.replace("S-1-1-0", "WD"));
        }
    }

    #[test]
    fn malformed_sddl_is_refused() {
        for sddl in [
            "X:BA",
            "O:",
            "O:DA",
            "O:LA",
            "D:(A;;RP;;;BA",
            "D:(A;;RP;;BA)",
            "D:(A;;RP;;;BA)x",
            "D:(A;ZZ;RP;;;BA)",
            "D:(A;;R;;;BA)",
            "D:(A;;RPXX;;;BA)",
            "D:(A;;0x;;;BA)",
            "D:(A;;0x100000000;;;BA)",
            "D:(A;;RP;e362ed86;;BA)",
            "O:BAO:BA",
            "D:D:",
            "D:(A;;RP;;;BA;61)",
            "D:(A;;RP;;;BA;#6)",
            "D:(QQ;;RP;;;BA)",
            "D:PNO_ACCESS_CONTROLx",
            "D:(0x00;;#00)",
        ] {
            assert!(SecurityDescriptor::from_sddl(sddl).is_err(), "{sddl}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(descriptor in any_descriptor()) {
            let sddl = descriptor.to_sddl();
            let read = SecurityDescriptor::from_sddl(&sddl).unwrap();
            prop_assert_eq!(read.to_sddl(), sddl);
            prop_assert_eq!((read.owner(), read.group()), (descriptor.owner(), descriptor.group()));
            let aces = |acl: Option<&crate::Acl>| acl.map(|acl| acl.aces().to_vec());
            prop_assert_eq!(aces(read.dacl()), aces(descriptor.dacl()));
            prop_assert_eq!(aces(read.sacl()), aces(descriptor.sacl()));
        }

        #[test]
        fn hostile_text_is_answered(sddl in "[OGDS]:[A-Z]{0,4}(\\([A-Z0-9x]{0,3};[A-Z]{0,4};[A-Z0-9x#]{0,6};[a-f0-9-]{0,36};;[A-Z0-9-]{0,12}[);#]{0,3}){0,3}", any: String) {
            let _ = SecurityDescriptor::from_sddl(&sddl);
            let _ = SecurityDescriptor::from_sddl(&any);
        }
    }
}
