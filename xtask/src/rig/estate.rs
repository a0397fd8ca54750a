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

/// A Windows host: a Wine prefix with an sshd in front of it.
pub struct WindowsHost {
    /// The computer's name in the domain.
    pub name: &'static str,
    /// Its DNS name, which no resolver knows.
    pub dns_name: &'static str,
    /// The port of its sshd on loopback.
    pub port: u16,
}

impl WindowsHost {
    /// The name of its files and folders.
    pub fn file_name(&self) -> String {
        self.name.to_ascii_lowercase()
    }
}

/// Every Windows host of the rig; the first runs the active Synchronization Service.
pub const HOSTS: &[WindowsHost] = &[WindowsHost {
    name: "MIMSYNC01",
    dns_name: "mimsync01.contoso.com",
    port: 2201,
}];
