//! The two directories that the port's tests run on: the embedded lab, and the rig's domain controller.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use directory::DirectoryOptions;
use lab::{Lab, LabSeed};
use managed_password::Keytab;
use model::estate::{Auth, DirectoryTransport};
use model::names::HostName;
use model::ports::Clock;
use model::secret::Password;
use security::FileTime;

use crate::rig::Rig;

const LAB_PASSWORD: &[u8] = b"Lab-Admin-Pa55";

/// A directory under test. Both are CONTOSO with host MIMSYNC01 and the password account svc-mimsync.
pub enum Site {
    Lab(Box<Lab>),
    Rig,
}

/// Runs a test on both directories.
pub async fn on_both<F: Future<Output = ()> + Send + 'static>(test: impl Fn(Arc<Site>) -> F) {
    let seed = LabSeed::reference_estate(LAB_PASSWORD, b"Lab-Service-Pa55");
    let lab = Site::Lab(Box::new(Lab::start(seed).await.unwrap()));
    for site in [lab, Site::Rig] {
        let site = Arc::new(site);
        let outcome = tokio::spawn(test(Arc::clone(&site))).await;
        if let Err(failed) = outcome {
            eprintln!("failed on {}", site.name());
            std::panic::resume_unwind(failed.into_panic());
        }
    }
}

impl Site {
    fn name(&self) -> &'static str {
        match self {
            Self::Lab(_) => "the lab",
            Self::Rig => "the rig",
        }
    }

    /// How the domain controller is reached.
    pub fn options(&self, user: &str, password: &[u8]) -> DirectoryOptions {
        let host: HostName = "MIMSYNC01".parse().unwrap();
        let (address, keytab) = match self {
            Self::Lab(lab) => (lab.addresses().ldap, lab.machine_keytab(&host).unwrap()),
            Self::Rig => {
                let address: IpAddr = Rig::get().value("RIG_DC_IP").parse().unwrap();
                let keytab = Rig::get().bytes("RIG_MACHINE_KEYTAB");
                let keytab = Keytab::from_bytes(&keytab).unwrap();
                (SocketAddr::new(address, 389), keytab)
            }
        };
        DirectoryOptions {
            domain: "contoso.com".parse().unwrap(),
            server: self.controller().parse().unwrap(),
            address,
            kdc: match self {
                Self::Lab(lab) => Some(lab.addresses().kdc),
                Self::Rig => None,
            },
            transport: DirectoryTransport::Sealed,
            auth: Auth::Kerberos,
            user: user.to_owned(),
            secret: Password::new(password.to_vec()).into(),
            ca_pem: None,
            machine_keytabs: BTreeMap::from([(host, keytab)]),
            addresses: BTreeMap::new(),
            clock: self.clock(),
        }
    }

    /// The same as the administrator.
    pub fn administrator(&self) -> DirectoryOptions {
        self.options("Administrator", &self.administrator_password())
    }

    pub fn administrator_password(&self) -> Vec<u8> {
        match self {
            Self::Lab(_) => LAB_PASSWORD.to_vec(),
            Self::Rig => Rig::get().password("RIG_PASSWORD_FILE"),
        }
    }

    /// The domain controller's name.
    pub fn controller(&self) -> String {
        match self {
            Self::Lab(lab) => lab.controller(),
            Self::Rig => Rig::get().value("RIG_DC").to_owned(),
        }
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Lab(lab) => Arc::new(lab.clock().clone()),
            Self::Rig => Arc::new(SystemClock),
        }
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> FileTime {
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos();
        FileTime::from_unix_nanos(nanos as i128).unwrap()
    }
}
