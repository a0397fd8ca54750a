//! Where access lists and rights name the password account, beside the reference estate.

use model::host::AccountRight;
use security::SecurityDescriptor;

use super::reference::{ADMIN_SD_HOLDER, PRODUCT_FOLDER};
use super::rights;
use super::state::State;

/// The password account may activate over the network and call by WMI, as administrators may.
pub fn add_host_access(state: &mut State) {
    let sid = state.accounts["svc-mimsync"].account.sid;
    let launch = "CCDCLCSWRP";
    let lists = [
        (
            "MachineLaunchRestriction",
            None,
            format!("O:BAG:BAD:(D;;{launch};;;S-1-5-7)(A;;{launch};;;BA)(A;;{launch};;;{sid})"),
        ),
        (
            r"AppID\{f4f2f7f0-8c0f-11d3-af7b-00c04f79f6b1}\AccessPermission",
            Some("Synchronization"),
            format!("O:BAG:BAD:(A;;CCDC;;;SY)(A;;CCLC;;;{sid})"),
        ),
        (
            r"root\CIMV2",
            None,
            format!(
                "O:BAG:BAD:(D;;CCSW;;;{sid})(A;CI;CCDC;;;BA)(A;CI;CCWP;;;{sid})(A;CIID;CC;;;AU)"
            ),
        ),
    ];
    for host in state.hosts.values_mut() {
        for (list, title, sddl) in &lists {
            let descriptor = SecurityDescriptor::from_sddl(sddl).unwrap();
            let entry = (title.map(str::to_owned), descriptor);
            host.settings
                .access_lists
                .insert(list.parse().unwrap(), entry);
        }
    }
}

/// Lists of a folder, of the service's key, of a private key and of a reserved URL that name the password account.
pub fn add_guarded_objects(state: &mut State) {
    let sid = state.accounts["svc-mimsync"].account.sid;
    let lists = [
        (
            PRODUCT_FOLDER.trim_end_matches('\\'),
            format!("O:BAG:BAD:(A;OICI;0x1301bf;;;{sid})(A;OICIID;FA;;;BA)"),
        ),
        (
            r"HKLM\SYSTEM\CurrentControlSet\Services\FIMSynchronizationService",
            format!("O:BAG:BAD:PAI(D;;SD;;;{sid})(A;CI;KA;;;BA)(A;CI;KR;;;{sid})"),
        ),
        (
            r"C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys\one",
            format!("O:BAG:BAD:PAI(A;;FA;;;BA)(A;;FR;;;{sid})"),
        ),
        ("https://+:5725/", format!("D:(A;;GX;;;{sid})")),
    ];
    for host in state.hosts.values_mut() {
        for (list, sddl) in &lists {
            let descriptor = SecurityDescriptor::from_sddl(sddl).unwrap();
            let lists = &mut host.settings.access_lists;
            lists.insert(list.parse().unwrap(), (None, descriptor));
        }
    }
}

/// The password account may log on as a batch job, and not over the network, on every host.
pub fn add_logon_rights(state: &mut State) {
    let sid = state.accounts["svc-mimsync"].account.sid;
    for host in state.hosts.values_mut() {
        for right in [
            AccountRight::LogOnAsBatchJob,
            AccountRight::DenyNetworkLogon,
        ] {
            host.settings.rights.entry(right).or_default().insert(sid);
        }
    }
}

/// The password account may create users in the domain, and change who is in protected groups.
pub fn add_directory_rights(state: &mut State) {
    let sid = state.accounts["svc-mimsync"].account.sid;
    let (user, member) = (
        "bf967aba-0de6-11d0-a285-00aa003049e2",
        "bf9679c0-0de6-11d0-a285-00aa003049e2",
    );
    let own = format!(
        "(OD;;WP;{member};;{sid})(A;;RP;;;AU)(OA;CI;CCDC;{user};;{sid})(OA;CIIO;WP;{member};;{sid})"
    );
    rights::put(
        state,
        "DC=contoso,DC=com",
        &format!("D:{own}(A;CIID;GA;;;BA)"),
    );
    let template = format!("D:PAI(A;;GA;;;SY)(OA;;WP;{member};;{sid})");
    rights::put(state, ADMIN_SD_HOLDER, &template);
}
