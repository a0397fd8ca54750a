//! The estate that `gmsactl demo` and the tests convert: a MIM installation on five hosts, all on password accounts.

use super::base::{ADMIN_SD_HOLDER, SHADOW_PRINCIPALS};
use super::{LabSeed, SeedRight};

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

/// What privileged access management was delegated on the head of its domain: to create, delete and manage users, and to
/// change who is in groups.
const ON_THE_DOMAIN: [&str; 3] = [
    "(OA;CI;CCDC;bf967aba-0de6-11d0-a285-00aa003049e2;;NU)",
    "(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;bf967aba-0de6-11d0-a285-00aa003049e2;NU)",
    "(OA;CIIO;RPWP;bf9679c0-0de6-11d0-a285-00aa003049e2;bf967a9c-0de6-11d0-a285-00aa003049e2;NU)",
];
/// The second of these for protected groups, and to work with shadow principals.
const ON_ADMIN_SD_HOLDER: [&str; 1] = ["(OA;;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;NU)"];
const ON_SHADOW_PRINCIPALS: [&str; 1] = ["(A;CI;CCDCLCRPWPRC;;;NU)"];

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
        let domain = crate::forest::domain_dn(&seed.dns_name);
        let holder = format!("{ADMIN_SD_HOLDER},{domain}");
        let shadows = format!("{SHADOW_PRINCIPALS},CN=Configuration,{domain}");
        for account in ["svc-mimservice", "svc-pamcomp", "svc-pammon"] {
            seed.delegate(&domain, account, &ON_THE_DOMAIN);
        }
        for account in ["svc-mimservice", "svc-pamcomp"] {
            seed.delegate(&holder, account, &ON_ADMIN_SD_HOLDER);
        }
        seed.delegate(&shadows, "svc-mimservice", &ON_SHADOW_PRINCIPALS);
        seed
    }

    /// Gives an account entries in an object's access list; whom they name themselves does not count.
    fn delegate(&mut self, object: &str, account: &str, entries: &[&str]) {
        let entries = entries.iter().filter_map(|entry| entry.parse().ok());
        self.rights.extend(entries.map(|ace| SeedRight {
            object: object.to_owned(),
            account: Some(account.to_owned()),
            ace,
        }));
    }
}
