//! Security descriptors.

use kds::GMSA_TARGET;
use security::{AccessMask, Control, SecurityDescriptor, Sid};

use super::each;

#[test]
fn a_real_list_of_retrieval_principals_is_read_and_written() {
    each("group_msa_membership_sd", |vector| {
        let bytes = vector.bytes("/inputs/sd");
        let descriptor = SecurityDescriptor::from_bytes(&bytes).unwrap();
        assert_eq!(descriptor.to_bytes(), bytes);
        assert_eq!(
            format!("{:#06x}", descriptor.control().0),
            vector.text("/expected/control")
        );
        assert!(descriptor.control().contains(Control::DACL_PRESENT));
        assert_eq!(descriptor.owner(), Some(vector.sid("/expected/owner")));
        assert_eq!(descriptor.group(), None);
        assert_eq!(vector.number("/expected/group_offset"), 0);

        let dacl = descriptor.dacl().unwrap();
        assert_eq!(
            u64::from(dacl.revision()),
            vector.number("/expected/acl_revision")
        );
        let aces = vector.value("/expected/aces").as_array().unwrap();
        assert_eq!(dacl.aces().len(), aces.len());
        for (ace, expected) in dacl.aces().iter().zip(aces) {
            assert_eq!(
                u64::from(ace.ace_type().0),
                expected["type"].as_u64().unwrap()
            );
            assert_eq!(
                u64::from(ace.flags().0),
                expected["flags"].as_u64().unwrap()
            );
            assert_eq!(
                format!("{:#010x}", ace.mask().unwrap().0),
                expected["mask"].as_str().unwrap()
            );
            assert_eq!(
                ace.sid().unwrap().to_string(),
                expected["sid"].as_str().unwrap()
            );
        }
        let sddl = vector.text("/expected/sddl");
        assert_eq!(descriptor.to_sddl(), sddl);
        assert_eq!(SecurityDescriptor::from_sddl(sddl).unwrap().to_sddl(), sddl);

        let principals: Vec<Sid> = aces
            .iter()
            .map(|ace| ace["sid"].as_str().unwrap().parse().unwrap())
            .collect();
        assert_eq!(descriptor.retrieval_principals(), principals);
        assert_eq!(
            SecurityDescriptor::for_retrieval_principals(&principals)
                .unwrap()
                .to_bytes(),
            bytes
        );
        assert!(descriptor.allows(AccessMask::READ_PROPERTY, &principals[..1]));
        assert!(!descriptor.allows(AccessMask::READ_PROPERTY, &[Sid::BUILTIN_ADMINISTRATORS]));
    });
}

#[test]
fn the_target_of_all_gmsa_keys_is_what_its_sddl_says() {
    each("gmsa_target_sd", |vector| {
        let bytes = vector.bytes("/expected/sd");
        let descriptor = SecurityDescriptor::from_sddl(vector.text("/inputs/sddl")).unwrap();
        assert_eq!(descriptor.to_bytes(), bytes);
        assert_eq!(GMSA_TARGET[..], bytes);
    });
}
