//! The estate that `gmsactl demo` and the tests convert: a MIM installation on five hosts, all on password accounts.

use super::LabSeed;

/// Hosts of the Synchronization Service, the MIM Service and portals, and PAM.
const HOSTS: [&str; 5] = ["MIMSYNC01", "MIMSYNC02", "MIMSVC01", "MIMSVC02", "MIMPAM01"];

/// Password accounts and the service principal names that clients know them by.
const ACCOUNTS: [(&str, &[&str]); 7] = [
    ("svc-mimsync", &[]),
    (
        "svc-mimservice",
        &["FIMService/mimservice", "FIMService/mimservice.contoso.com"],
    ),
    ("svc-pamrest", &["HTTP/pamapi", "HTTP/pamapi.contoso.com"]),
    ("svc-pammon", &[]),
    ("svc-pamcomp", &[]),
    ("svc-ssprreg", &["HTTP/passwordregistration.contoso.com"]),
    ("svc-sspreset", &["HTTP/passwordreset.contoso.com"]),
];

/// The portals act in their users' names towards the MIM Service, and the MIM Service towards itself.
const DELEGATING: [&str; 3] = ["svc-mimservice", "svc-ssprreg", "svc-sspreset"];

const SYNC_GROUPS: [&str; 5] = [
    "MIMSyncAdmins",
    "MIMSyncOperators",
    "MIMSyncJoiners",
    "MIMSyncBrowse",
    "MIMSyncPasswordSet",
];

impl LabSeed {
    /// CONTOSO with MIM. All password accounts have `service_password`.
    #[must_use]
    pub fn reference_estate(administrator_password: &[u8], service_password: &[u8]) -> Self {
        let mut seed = Self::new("contoso.com", "CONTOSO", administrator_password);
        HOSTS.iter().for_each(|host| seed.computer(host));
        for (account, spns) in ACCOUNTS {
            seed.user(account, service_password, spns);
            if DELEGATING.contains(&account)
                && let Some(user) = seed.objects.last_mut()
            {
                let services = ["FIMService/mimservice", "FIMService/mimservice.contoso.com"];
                user.set("msDS-AllowedToDelegateTo", &services);
            }
        }
        for group in SYNC_GROUPS {
            let members: &[&str] = match group {
                "MIMSyncAdmins" => &["CN=Administrator,CN=Users", "CN=svc-mimservice,CN=Users"],
                "MIMSyncBrowse" | "MIMSyncPasswordSet" => &["CN=svc-mimservice,CN=Users"],
                _ => &[],
            };
            seed.group(group, members);
        }
        seed
    }
}
