//! An entry of an access list on a host, in the words of the tool that shows it.

use model::host::{AccessList, ApplicationList, MachineList};
use security::Ace;

use super::{in_sets, named, reach, verb};

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

/// "File Security and Access Rights", by the names that Explorer has for sets of them.
const FILE: [(u32, &str); 16] = [
    (0x1000_0000, "full control"),
    (0x1F_01FF, "full control"),
    (0x13_01BF, "modify"),
    (0x12_00A9, "read and execute"),
    (0x12_0089, "read"),
    (0x10_0116, "write"),
    (0x8000_0000, "read"),
    (0x4000_0000, "write"),
    (0x2000_0000, "execute"),
    (0x1_0000, "delete"),
    (0x40, "delete what is in it"),
    (0x2, "create files"),
    (0x4, "create folders"),
    (0x20, "traverse"),
    (0x4_0000, "change permissions"),
    (0x8_0000, "take ownership"),
];
/// "Registry Key Security and Access Rights".
const KEY: [(u32, &str); 11] = [
    (0x1000_0000, "full control"),
    (0xF_003F, "full control"),
    (0x2_0019, "read"),
    (0x8000_0000, "read"),
    (0x4000_0000, "write"),
    (0x1, "query values"),
    (0x2, "set values"),
    (0x4, "create subkeys"),
    (0x1_0000, "delete"),
    (0x4_0000, "change permissions"),
    (0x8_0000, "take ownership"),
];
/// `netsh http add urlacl`: what it calls listen and delegate.
const URL: [(u32, &str); 3] = [
    (0x1000_0000, "listen, delegate"),
    (0x2000_0000, "listen"),
    (0x4000_0000, "delegate"),
];

/// What it allows or denies, and where: `allow enable account, remote enable, on it and everything below`.
#[must_use]
pub fn host_access_in_words(list: &AccessList, ace: &Ace) -> String {
    let mask = ace.mask().map_or(0, |mask| mask.0);
    let rights = match list {
        AccessList::Machine(MachineList::LaunchRestriction | MachineList::DefaultLaunch)
        | AccessList::Application(_, ApplicationList::Launch) => named(mask, &LAUNCH),
        AccessList::Machine(MachineList::AccessRestriction | MachineList::DefaultAccess)
        | AccessList::Application(_, ApplicationList::Access) => named(mask, &ACCESS),
        AccessList::Namespace(_) => named(mask, &NAMESPACE),
        AccessList::File(_) => in_sets(mask, &FILE),
        AccessList::Key(_) => in_sets(mask, &KEY),
        AccessList::Url(_) => in_sets(mask, &URL),
    };
    format!("{} {rights}{}", verb(ace), reach(ace))
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
            (
                r"C:\Data",
                "(A;OICI;0x1301bf;;;SY)",
                "allow modify, on it and everything below",
            ),
            (r"C:\Data", "(A;;FA;;;SY)", "allow full control"),
            (r"C:\Data", "(A;;FRFW;;;SY)", "allow read, write"),
            (
                r"C:\Data",
                "(A;;0x1200ab;;;SY)",
                "allow read and execute, create files",
            ),
            (r"C:\Data", "(D;;0x10008;;;SY)", "deny delete, 0x8"),
            (
                r"HKLM\SOFTWARE",
                "(A;CI;KA;;;SY)",
                "allow full control, on it and everything below",
            ),
            (r"HKLM\SOFTWARE", "(A;;KRSD;;;SY)", "allow read, delete"),
            ("http://+:5725/", "(A;;GX;;;SY)", "allow listen"),
            ("http://+:5725/", "(A;;GXGW;;;SY)", "allow listen, delegate"),
        ] {
            let ace: Ace = sddl.parse().unwrap();
            assert_eq!(host_access_in_words(&list.parse().unwrap(), &ace), words);
        }
    }
}
