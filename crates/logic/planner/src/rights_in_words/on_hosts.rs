//! An entry of an access list of DCOM or WMI, in the words of dcomcnfg and wmimgmt.msc.

use model::host::{AccessList, ApplicationList, MachineList};
use security::Ace;

use super::{named, reach, verb};

/// iaccess.h, `COM_RIGHTS_…`, of the lists that say who may launch and activate.
const LAUNCH: [(u32, &str); 5] = [
    (0x2, "local launch"),
    (0x4, "remote launch"),
    (0x8, "local activation"),
    (0x10, "remote activation"),
    (0x1, "execute"),
];
/// The same, of the lists that say who may call.
const ACCESS: [(u32, &str); 3] = [
    (0x2, "local access"),
    (0x4, "remote access"),
    (0x1, "execute"),
];
/// "Namespace Access Rights Constants" of WMI, wbemcli.h.
const NAMESPACE: [(u32, &str); 8] = [
    (0x1, "enable account"),
    (0x2, "execute methods"),
    (0x4, "full write"),
    (0x8, "partial write"),
    (0x10, "provider write"),
    (0x20, "remote enable"),
    (0x2_0000, "read security"),
    (0x4_0000, "edit security"),
];

/// What it allows or denies, and where: `allow enable account, remote enable, on it and everything below`.
#[must_use]
pub fn host_access_in_words(list: &AccessList, ace: &Ace) -> String {
    let rights: &[(u32, &str)] = match list {
        AccessList::Machine(MachineList::LaunchRestriction | MachineList::DefaultLaunch)
        | AccessList::Application(_, ApplicationList::Launch) => &LAUNCH,
        AccessList::Machine(MachineList::AccessRestriction | MachineList::DefaultAccess)
        | AccessList::Application(_, ApplicationList::Access) => &ACCESS,
        AccessList::Namespace(_) => &NAMESPACE,
    };
    let mask = ace.mask().map_or(0, |mask| mask.0);
    format!("{} {}{}", verb(ace), named(mask, rights), reach(ace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_told_in_the_words_of_its_tool() {
        for (list, sddl, words) in [
            (
                "MachineLaunchRestriction",
                "(A;;CCDCLCSWRP;;;SY)",
                "allow local launch, remote launch, local activation, remote activation, execute",
            ),
            (
                r"AppID\{f4f2f7f0-8c0f-11d3-af7b-00c04f79f6b1}\AccessPermission",
                "(D;;CCLC;;;SY)",
                "deny remote access, execute",
            ),
            (
                r"root\CIMV2",
                "(A;CI;CCWP;;;SY)",
                "allow enable account, remote enable, on it and everything below",
            ),
            (r"root\CIMV2", "(A;;0x200;;;SY)", "allow 0x200"),
        ] {
            let ace: Ace = sddl.parse().unwrap();
            assert_eq!(host_access_in_words(&list.parse().unwrap(), &ace), words);
        }
    }
}
