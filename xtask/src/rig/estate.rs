//! What the rig stands up, as data: the domain, its accounts and its Windows hosts.

/// The domain's DNS name.
pub const DOMAIN: &str = "contoso.com";
/// The domain's Kerberos realm.
pub const REALM: &str = "CONTOSO.COM";
/// The domain's NetBIOS name.
pub const NETBIOS: &str = "CONTOSO";
/// The domain controller's computer name.
pub const DC_NAME: &str = "dc1";
/// The domain controller's DNS name.
pub const DC: &str = "dc1.contoso.com";
/// Where the domain controller listens, on the standard ports.
pub const DC_ADDRESS: &str = "127.0.0.1";
/// The administrator that the tests log on as.
pub const ADMINISTRATOR: &str = "Administrator";
/// The Synchronization Service's password account.
pub const SYNC_ACCOUNT: &str = "svc-mimsync";

/// The account that logs on to the MIM Service's mailbox; nothing runs as it.
pub const MAIL_ACCOUNT: &str = "svc-mimmail";
/// What the Synchronization Service's groups are for.
pub const SYNC_GROUPS: [&str; 5] = [
    "MIMSyncAdmins",
    "MIMSyncOperators",
    "MIMSyncJoiners",
    "MIMSyncBrowse",
    "MIMSyncPasswordSet",
];
/// The groups among them that the MIM Service's account is in, for password reset.
pub const RESET_GROUPS: [&str; 2] = ["MIMSyncPasswordSet", "MIMSyncBrowse"];

/// A password account that services run as.
pub struct ServiceAccount {
    /// Its name in the domain.
    pub name: &'static str,
    /// The names that clients know its services by.
    pub spns: &'static [&'static str],
    /// Whether it acts in its users' names towards the MIM Service.
    pub delegates: bool,
}

const MIM_SERVICE_SPNS: &[&str] = &["FIMService/mimservice", "FIMService/mimservice.contoso.com"];

/// Every password account of the reference estate.
pub const SERVICE_ACCOUNTS: &[ServiceAccount] = &[
    account(SYNC_ACCOUNT, &["PCNSCLNT/mimsync01.contoso.com"], false),
    account("svc-mimservice", MIM_SERVICE_SPNS, true),
    account(
        "svc-pamrest",
        &["HTTP/pamapi", "HTTP/pamapi.contoso.com"],
        false,
    ),
    account("svc-pammon", &[], false),
    account("svc-pamcomp", &[], false),
    account(
        "svc-ssprreg",
        &["HTTP/passwordregistration.contoso.com"],
        true,
    ),
    account("svc-sspreset", &["HTTP/passwordreset.contoso.com"], true),
    account(MAIL_ACCOUNT, &[], false),
];

/// What was delegated to an account on an object of the directory.
pub struct Delegated {
    /// Who may.
    pub account: &'static str,
    /// The object below the domain; the domain's head where it is empty.
    pub below: &'static str,
    /// Entries of its access list; in place of NU the account stands in them.
    pub entries: &'static [&'static str],
}

/// To create, delete and manage users, and to change who is in groups.
const ON_THE_DOMAIN: &[&str] = &[
    "(OA;CI;CCDC;bf967aba-0de6-11d0-a285-00aa003049e2;;NU)",
    "(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;bf967aba-0de6-11d0-a285-00aa003049e2;NU)",
    "(OA;CIIO;RPWP;bf9679c0-0de6-11d0-a285-00aa003049e2;bf967a9c-0de6-11d0-a285-00aa003049e2;NU)",
];
const ADMIN_SD_HOLDER: &str = "CN=AdminSDHolder,CN=System";
const ON_ADMIN_SD_HOLDER: &[&str] = &["(OA;;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;NU)"];
const SHADOW_PRINCIPALS: &str = "CN=Shadow Principal Configuration,CN=Services,CN=Configuration";
const ON_SHADOW_PRINCIPALS: &[&str] = &["(A;CI;CCDCLCRPWPRC;;;NU)"];

/// What privileged access management has, as the lab's reference estate.
pub const DELEGATED: &[Delegated] = &[
    delegated("svc-mimservice", "", ON_THE_DOMAIN),
    delegated("svc-pamcomp", "", ON_THE_DOMAIN),
    delegated("svc-pammon", "", ON_THE_DOMAIN),
    delegated("svc-mimservice", ADMIN_SD_HOLDER, ON_ADMIN_SD_HOLDER),
    delegated("svc-pamcomp", ADMIN_SD_HOLDER, ON_ADMIN_SD_HOLDER),
    delegated("svc-mimservice", SHADOW_PRINCIPALS, ON_SHADOW_PRINCIPALS),
];

const fn delegated(
    account: &'static str,
    below: &'static str,
    entries: &'static [&'static str],
) -> Delegated {
    Delegated {
        account,
        below,
        entries,
    }
}

impl ServiceAccount {
    /// The services that it may delegate to.
    pub fn delegates_to(&self) -> &'static [&'static str] {
        if self.delegates {
            MIM_SERVICE_SPNS
        } else {
            &[]
        }
    }
}

const fn account(
    name: &'static str,
    spns: &'static [&'static str],
    delegates: bool,
) -> ServiceAccount {
    ServiceAccount {
        name,
        spns,
        delegates,
    }
}

/// What is installed on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The active Synchronization Service.
    Sync,
    /// Its warm standby.
    Standby,
    /// MIM Service and password portals.
    Service,
    /// Privileged access management: two services and the REST API.
    Pam,
}

/// A Windows host: a Wine prefix with an sshd in front of it.
pub struct WindowsHost {
    /// The computer's name in the domain.
    pub name: &'static str,
    /// Its DNS name, which no resolver knows.
    pub dns_name: &'static str,
    /// The port of its sshd on loopback.
    pub port: u16,
    /// What is installed on it.
    pub role: Role,
}

impl WindowsHost {
    /// The name of its files and folders.
    pub fn file_name(&self) -> String {
        self.name.to_ascii_lowercase()
    }
}

/// Every Windows host of the rig, those of the lab's reference estate; the first runs the active Synchronization
/// Service, and most tests know only it.
pub const HOSTS: &[WindowsHost] = &[
    host("MIMSYNC01", "mimsync01.contoso.com", 2201, Role::Sync),
    host("MIMSYNC02", "mimsync02.contoso.com", 2202, Role::Standby),
    host("MIMSVC01", "mimsvc01.contoso.com", 2203, Role::Service),
    host("MIMSVC02", "mimsvc02.contoso.com", 2204, Role::Service),
    host("MIMPAM01", "mimpam01.contoso.com", 2205, Role::Pam),
];

const fn host(name: &'static str, dns_name: &'static str, port: u16, role: Role) -> WindowsHost {
    WindowsHost {
        name,
        dns_name,
        port,
        role,
    }
}
