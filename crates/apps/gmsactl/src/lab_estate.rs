//! The lab's reference estate as a world to work on: the clients of production, simulated servers behind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use agent_protocol::Secret;
use async_trait::async_trait;
use directory::{ActiveDirectory, DirectoryOptions};
use engine::World;
use hosts::{AgentError, ByteStream, Connect, EstateHosts, Transport};
use lab::hosts::{HostServer, LabHost, NamedFault};
use lab::mim::{Preparation, SqlServer, reference_hosts};
use lab::{Lab, LabAddresses, LabSeed};
use model::estate::{
    Auth, CredentialSource, DirectoryTransport, DomainAccess, Estate, HostAccess, HostTransport,
    SecretSource,
};
use model::names::{DnsName, HostName, LogonAccount};
use model::secret::Password;
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::lab_snapshot::LabSnapshot;
use crate::passwords::Supplied;
use crate::system::SystemClock;

const DOMAIN: &str = "contoso.com";
const ADMINISTRATOR: &str = "Administrator";
/// The password accounts whose services gmsactl converts.
const PASSWORD_ACCOUNTS: [&str; 7] = [
    "svc-mimsync",
    "svc-mimservice",
    "svc-pamrest",
    "svc-pammon",
    "svc-pamcomp",
    "svc-ssprreg",
    "svc-sspreset",
];
/// Password change notification knows the Synchronization Service by this name.
const SYNC_SPN: &str = "PCNSCLNT/mimsync01.contoso.com";
const SYNC_ACCOUNT: &str = "CN=svc-mimsync,CN=Users";
/// Bytes on their way between the agent's client and a host.
const PIPE: usize = 64 << 10;

/// A running copy of the reference estate. Ends when it is dropped.
pub struct LabEstate {
    lab: Lab,
    sql: Arc<SqlServer>,
    hosts: Vec<Arc<LabHost>>,
    administrator: Zeroizing<Vec<u8>>,
    service: Zeroizing<Vec<u8>>,
}

impl LabEstate {
    /// Starts the directory on loopback, and the hosts in this process. Its passwords are random.
    pub async fn start() -> Result<Self, Failure> {
        let (administrator, service) = (random_password()?, random_password()?);
        let mut seed = LabSeed::reference_estate(&administrator, &service);
        for object in &mut seed.objects {
            if object.name == SYNC_ACCOUNT {
                object.set("servicePrincipalName", &[SYNC_SPN]);
            }
        }
        let lab = Lab::start(seed)
            .await
            .map_err(|error| Failure::new("lab", "the lab does not start").caused_by(&error))?;
        let sql = Arc::new(SqlServer::default());
        let password_of = |_: &str| Some(Secret::copy_of(&service));
        // What gmsactl does not do yet, an administrator did: log-on right and database login of the new accounts.
        let hosts = reference_hosts(
            &lab.domain(),
            &sql,
            Preparation::RightsAndLogins,
            &password_of,
        );
        Ok(Self {
            lab,
            sql,
            hosts,
            administrator,
            service,
        })
    }

    /// How it would be described in an `estate.toml`; addresses and passwords are known to [`LabEstate::world`] alone.
    pub fn estate(&self) -> Result<Estate, Failure> {
        let mut credentials = Vec::new();
        for account in password_accounts()? {
            let password = SecretSource::Prompt(false);
            credentials.push(CredentialSource { account, password });
        }
        Ok(Estate {
            format: 1,
            name: "the lab's reference estate".to_owned(),
            domain: DomainAccess {
                name: name(DOMAIN)?,
                server: Some(name(&self.lab.controller())?),
                kdc: Some(self.lab.addresses().kdc),
                auth: Auth::Kerberos,
                transport: DirectoryTransport::Sealed,
                user: Some(ADMINISTRATOR.to_owned()),
                password: None,
                ca_file: None,
            },
            addresses: BTreeMap::new(),
            hosts: self.names().map(host_access).collect::<Result<_, _>>()?,
            credentials,
        })
    }

    /// Connects the clients that production uses: sealed Kerberos to the directory, the agent's frames to the hosts.
    pub async fn world(&self) -> Result<World, Failure> {
        let keytab = |host: &HostName| Some((host.clone(), self.lab.machine_keytab(host)?));
        let options = DirectoryOptions {
            domain: name(DOMAIN)?,
            server: name(&self.lab.controller())?,
            address: self.lab.addresses().ldap,
            kdc: Some(self.lab.addresses().kdc),
            transport: DirectoryTransport::Sealed,
            auth: Auth::Kerberos,
            user: ADMINISTRATOR.to_owned(),
            password: Password::new(self.administrator.to_vec()),
            ca_pem: None,
            machine_keytabs: self.names().filter_map(keytab).collect(),
            addresses: BTreeMap::new(),
            clock: Arc::new(SystemClock),
        };
        let passwords = password_accounts()?
            .into_iter()
            .map(|account| (account, Password::new(self.service.to_vec())));
        let way = |host: &Arc<LabHost>| {
            let way: Box<dyn Connect> = Box::new(InProcess(Arc::clone(host)));
            (host.name().clone(), way)
        };
        Ok(World {
            directory: Arc::new(ActiveDirectory::connect(options).await?),
            hosts: Arc::new(EstateHosts::reached_by(self.hosts.iter().map(way))),
            clock: Arc::new(SystemClock),
            secrets: Arc::new(Supplied::known(passwords.collect())),
        })
    }

    /// Where the directory listens.
    pub fn addresses(&self) -> LabAddresses {
        self.lab.addresses()
    }

    /// What a TLS client of the directory has to trust, in PEM form.
    pub fn authority_pem(&self) -> &str {
        self.lab.authority_pem()
    }

    /// Lets the hosts listen on loopback, for clients outside of this process.
    pub async fn listen(&self) -> std::io::Result<HostServer> {
        HostServer::listen(self.hosts.iter().cloned(), 0).await
    }

    /// The keys of a host's machine account as a keytab file.
    pub fn machine_keytab(&self, host: &HostName) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let keytab = self.lab.machine_keytab(host);
        keytab
            .map(|keytab| keytab.to_bytes().map_err(internal))
            .transpose()
    }

    /// The directory's Administrator.
    pub fn expose_administrator_password(&self) -> &[u8] {
        &self.administrator
    }

    /// All password accounts.
    pub fn expose_service_password(&self) -> &[u8] {
        &self.service
    }

    /// Everything in it at this moment.
    pub fn snapshot(&self) -> Result<LabSnapshot, Failure> {
        LabSnapshot::of(&self.lab, &self.hosts, &self.sql)
    }

    /// What an administrator does on a host that has joined a group: `klist -li 0x3e7 purge`.
    pub fn refresh_tickets(&self, host: &HostName) {
        if let Some(host) = self.host(host) {
            host.with(|machine| machine.purge_tickets());
        }
    }

    /// Lets something go wrong on a host.
    pub fn suffer(&self, host: &HostName, fault: NamedFault) {
        if let Some(host) = self.host(host) {
            host.suffer(fault);
        }
    }

    fn host(&self, name: &HostName) -> Option<&Arc<LabHost>> {
        self.hosts.iter().find(|host| host.name() == name)
    }

    fn names(&self) -> impl Iterator<Item = &HostName> {
        self.hosts.iter().map(|host| host.name())
    }
}

/// A host of the lab in this process.
struct InProcess(Arc<LabHost>);

#[async_trait]
impl Connect for InProcess {
    async fn connect(&self) -> Result<Box<dyn Transport>, AgentError> {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let host = Arc::clone(&self.0);
        // It ends when our end is dropped; how it ended shows there.
        tokio::spawn(async move { drop(lab::hosts::serve(&host, theirs).await) });
        Ok(Box::new(ByteStream::new(ours)))
    }
}

fn host_access(host: &HostName) -> Result<HostAccess, Failure> {
    Ok(HostAccess {
        name: host.clone(),
        dns_name: name(&format!("{}.{DOMAIN}", host.as_str().to_lowercase()))?,
        transport: HostTransport::Local,
        port: None,
        user: None,
        identity_file: None,
        ssh_agent: false,
        password: None,
        known_hosts: None,
        subsystem: None,
        command: None,
        machine_keytab: None,
    })
}

fn password_accounts() -> Result<Vec<LogonAccount>, Failure> {
    let account = |name: &&str| {
        Ok(LogonAccount::domain(
            "CONTOSO",
            name.parse().map_err(internal)?,
        ))
    };
    PASSWORD_ACCOUNTS.iter().map(account).collect()
}

fn name(text: &str) -> Result<DnsName, Failure> {
    text.parse().map_err(internal)
}

/// 32 hexadecimal digits behind what complexity rules ask for.
fn random_password() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut random = Zeroizing::new([0; 16]);
    getrandom::fill(random.as_mut_slice()).map_err(internal)?;
    let digits = Zeroizing::new(hex::encode(random.as_slice()));
    Ok(Zeroizing::new(
        format!("Lab-{}", digits.as_str()).into_bytes(),
    ))
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::new("internal", error.to_string())
}
