//! A lab as a world to work on: the clients of production, simulated servers behind them.

mod in_process;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use agent_protocol::Secret;
use directory::{ActiveDirectory, DirectoryOptions};
use engine::World;
use hosts::{Connect, EstateHosts};
use lab::hosts::{HostServer, LabHost};
use lab::mim::{Preparation, SqlServer, reference_hosts};
use lab::{Lab, LabAddresses, LabClock, LabController, LabSeed};
use model::estate::{
    Auth, CredentialSource, DirectoryTransport, DomainAccess, Estate, SecretSource, SqlAccess,
};
use model::names::{DnsName, HostName, LogonAccount};
use model::ports::Clock;
use model::secret::Password;
use security::FileTime;
use zeroize::Zeroizing;

use self::in_process::InProcess;
use crate::documents::LabControllerStatus;
use crate::error::Failure;
use crate::lab_controllers::Controllers;
use crate::lab_databases::{DATABASE_SERVER, LabDatabases};
use crate::lab_fault::{Broken, LabFault};
use crate::lab_snapshot::LabSnapshot;
use crate::passwords::Supplied;

pub(crate) const ADMINISTRATOR: &str = "Administrator";
/// The password accounts of the reference estate whose services gmsactl converts.
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

/// A running lab that stands for an estate. Ends when it is dropped.
pub struct LabEstate {
    pub(crate) lab: Lab,
    pub(crate) sql: Arc<SqlServer>,
    pub(crate) hosts: Vec<Arc<LabHost>>,
    pub(crate) names: EstateNames,
    pub(crate) administrator: Zeroizing<Vec<u8>>,
    pub(crate) service: Zeroizing<Vec<u8>>,
    pub(crate) databases: LabDatabases,
}

/// What an estate file says of an estate, beside addresses and passwords.
pub(crate) struct EstateNames {
    pub(crate) name: String,
    pub(crate) domain: DnsName,
    pub(crate) password_accounts: Vec<LogonAccount>,
    pub(crate) hosts: BTreeMap<HostName, DnsName>,
}

impl LabEstate {
    /// A copy of the reference estate: the directory on loopback, the hosts in this process. Its passwords are random.
    pub async fn reference(controllers: Controllers) -> Result<Self, Failure> {
        let (administrator, service) = (random_password()?, random_password()?);
        let mut seed = LabSeed::reference_estate(&administrator, &service);
        for object in &mut seed.objects {
            if object.name == SYNC_ACCOUNT {
                object.set("servicePrincipalName", &[SYNC_SPN]);
            }
        }
        seed.database_server(DATABASE_SERVER);
        controllers.apply(&mut seed)?;
        let lab = start(seed).await?;
        let sql = Arc::new(SqlServer::default());
        let password_of = |_: &str| Some(Secret::copy_of(&service));
        let hosts = reference_hosts(&lab.domain(), &sql, Preparation::None, &password_of);
        let domain: DnsName = name("contoso.com")?;
        let account = |name: &&str| {
            let name = name.parse().map_err(internal)?;
            Ok(LogonAccount::domain("CONTOSO", name))
        };
        let dns_name = |host: &Arc<LabHost>| {
            let host = host.name().clone();
            let dns_name = name(&format!("{}.{domain}", host.as_str().to_lowercase()))?;
            Ok((host, dns_name))
        };
        let names = EstateNames {
            name: "the lab's reference estate".to_owned(),
            password_accounts: PASSWORD_ACCOUNTS
                .iter()
                .map(account)
                .collect::<Result<_, Failure>>()?,
            hosts: hosts.iter().map(dns_name).collect::<Result<_, Failure>>()?,
            domain,
        };
        Ok(Self {
            lab,
            sql,
            hosts,
            names,
            administrator,
            service,
            databases: LabDatabases::in_the_domain(),
        })
    }

    /// How it would be described in an `estate.toml`; addresses and passwords are known to [`LabEstate::world`] alone.
    pub fn estate(&self) -> Result<Estate, Failure> {
        let credential = |account: &LogonAccount| CredentialSource {
            account: account.clone(),
            password: SecretSource::Prompt(false),
        };
        Ok(Estate {
            format: 1,
            name: self.names.name.clone(),
            domain: DomainAccess {
                name: self.names.domain.clone(),
                server: Some(name(&self.lab.controller())?),
                dns: None,
                kdc: Some(self.lab.addresses().kdc),
                auth: Auth::Kerberos,
                transport: DirectoryTransport::Sealed,
                user: Some(ADMINISTRATOR.to_owned()),
                password: None,
                keytab: None,
                ca_file: None,
            },
            addresses: self.other_controllers(|address| address.to_string())?,
            sql: SqlAccess::default(),
            hosts: self.names.hosts.iter().map(in_process::access).collect(),
            credentials: self
                .names
                .password_accounts
                .iter()
                .map(credential)
                .collect(),
        })
    }

    /// Connects the clients that production uses: sealed Kerberos to the directory, the agent's frames to the hosts.
    pub async fn world(&self) -> Result<World, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock().clone());
        let keytab = |host: &HostName| Some((host.clone(), self.lab.machine_keytab(host)?));
        let options = DirectoryOptions {
            domain: self.names.domain.clone(),
            server: name(&self.lab.controller())?,
            address: self.lab.addresses().ldap,
            kdc: Some(self.lab.addresses().kdc),
            transport: DirectoryTransport::Sealed,
            auth: Auth::Kerberos,
            user: ADMINISTRATOR.to_owned(),
            secret: Password::new(self.administrator.to_vec()).into(),
            ca_pem: None,
            machine_keytabs: self.names.hosts.keys().filter_map(keytab).collect(),
            addresses: self.other_controllers(|address| address.ip())?,
            clock: Arc::clone(&clock),
        };
        let password =
            |account: &LogonAccount| (account.clone(), Password::new(self.service.to_vec()));
        let passwords = self.names.password_accounts.iter().map(password);
        let way = |host: &Arc<LabHost>| {
            let way: Box<dyn Connect> = Box::new(InProcess(Arc::clone(host)));
            (host.name().clone(), way)
        };
        Ok(World {
            directory: Arc::new(ActiveDirectory::connect(options).await?),
            hosts: Arc::new(EstateHosts::reached_by(self.hosts.iter().map(way), &clock)),
            databases: self.ask_databases().await?,
            clock,
            secrets: Arc::new(Supplied::known(passwords.collect())),
        })
    }

    /// Where the domain controllers are that clients find by themselves.
    fn other_controllers<T>(
        &self,
        form: impl Fn(SocketAddr) -> T,
    ) -> Result<BTreeMap<DnsName, T>, Failure> {
        let others = self.lab.controllers().iter().skip(1);
        let place = |controller: &LabController| {
            let at = form(controller.addresses().ldap);
            Ok((name(&controller.dns_name())?, at))
        };
        others.map(place).collect()
    }

    /// Moves the clock on until what was written is on every domain controller that it can reach; tells until when, where
    /// it was not there yet.
    pub fn wait_for_replication(&self) -> Option<FileTime> {
        let until = self.lab.replicated_at()?;
        self.clock().set(self.clock().now().max(until));
        Some(until)
    }

    /// The time of directory and hosts.
    pub fn clock(&self) -> &LabClock {
        self.lab.clock()
    }

    /// Where the directory listens.
    pub fn addresses(&self) -> LabAddresses {
        self.lab.addresses()
    }

    /// Its domain controllers, with the addresses of their directories.
    pub fn controllers(&self) -> Vec<LabControllerStatus> {
        let status = |controller: &LabController| LabControllerStatus {
            name: controller.dns_name(),
            ldap: controller.addresses().ldap,
            read_only: controller.is_read_only(),
        };
        self.lab.controllers().iter().map(status).collect()
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

    /// Lets something go wrong; what concerns hosts, on these.
    pub fn suffer(&self, fault: &LabFault, on: &[&HostName]) -> Result<(), Failure> {
        match fault.what {
            Broken::Hosts(fault) => on
                .iter()
                .filter_map(|host| self.host(host))
                .for_each(|host| host.suffer(fault)),
            Broken::Directory(what) if !self.lab.suffer(what) => {
                let message = format!(
                    "{} needs two domain controllers, and this lab has one",
                    fault.name
                );
                return Err(Failure::new("usage", message)
                    .hint("start the lab with --domain-controllers 2"));
            }
            Broken::Directory(_) => {}
        }
        Ok(())
    }

    /// Ends a fault; what concerns hosts, on these.
    pub fn mend(&self, fault: &LabFault, on: &[&HostName]) {
        match fault.what {
            Broken::Hosts(fault) => on
                .iter()
                .filter_map(|host| self.host(host))
                .for_each(|host| host.mend(fault)),
            Broken::Directory(fault) => self.lab.mend_fault(fault),
        }
    }

    /// Moves the clock on until every host that restarts is up; tells which did.
    pub fn wait_for_hosts(&self) -> Vec<HostName> {
        let mut waited = Vec::new();
        for host in &self.hosts {
            if let Some(until) = host.restarts_until() {
                self.clock().set(self.clock().now().max(until));
                waited.extend(host.is_up().then(|| host.name().clone()));
            }
        }
        waited
    }

    /// Its hosts.
    pub fn hosts(&self) -> &[Arc<LabHost>] {
        &self.hosts
    }

    /// How many requests came to directory and Kerberos.
    pub fn directory_requests(&self) -> u64 {
        self.lab.faults().seen()
    }

    /// The host of that name.
    pub fn host(&self, name: &HostName) -> Option<&Arc<LabHost>> {
        self.hosts.iter().find(|host| host.name() == name)
    }
}

/// Starts a directory.
pub(crate) async fn start(seed: LabSeed) -> Result<Lab, Failure> {
    Lab::start(seed)
        .await
        .map_err(|error| Failure::new("lab", "the lab does not start").caused_by(&error))
}

pub(crate) fn name(text: &str) -> Result<DnsName, Failure> {
    text.parse().map_err(internal)
}

/// 32 hexadecimal digits behind what complexity rules ask for.
pub(crate) fn random_password() -> Result<Zeroizing<Vec<u8>>, Failure> {
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
