//! A copy of the reference estate whose Synchronization Service runs as a gMSA, to see how Windows fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AccountName, AccountRight, HostPath, Reply, Request, Secret, SecretUse, ServiceAccountState,
    ServiceName,
};
use directory::{ActiveDirectory, DirectoryOptions};
use lab::hosts::{Delivery, LabHost, NamedFault};
use lab::mim::{Installations, Preparation, SqlServer, reference_hosts};
use lab::{DirectoryFault, Lab, LabSeed};
use model::estate::{Auth, DirectoryTransport};
use model::names::Spn;
use model::ports::{Directory as _, NewGmsa, NewGroup, WorldError};
use model::secret::Password;
use security::Sid;

const ADMINISTRATOR: &[u8] = b"Lab-Admin-Pa55";
const SERVICE_PASSWORD: &[u8] = b"Lab-Service-Pa55";
const SERVICE: &str = "FIMSynchronizationService";
const SPN: &str = "HTTP/pamapi";
const KEY_TOOL: &str = r"C:\Program Files\Microsoft Forefront Identity Manager\2010\Synchronization Service\Bin\miiskmu.exe";

/// What Windows shows.
pub enum Symptom {
    /// Starting the service as its gMSA fails with this code, and this event is in the log.
    Start {
        code: u32,
        specific: Option<u32>,
        event: u32,
    },
    /// Starting it under its password account does.
    OldStart { code: u32, event: u32 },
    /// The key-set tool refuses with these words.
    Tool(&'static str),
    /// No gMSA can be created.
    NoGmsa,
    /// Two accounts have an SPN.
    TwoHolders,
    /// Nobody can log on to the directory, with these words.
    NoLogOn(&'static str),
    /// The host does not know a gMSA that was just created, and its service cannot get it.
    Unknown,
    /// The host goes away while its service gets another account.
    Restarts,
}

/// The estate.
pub struct Estate {
    lab: Lab,
    host: Arc<LabHost>,
}

impl Estate {
    /// With two domain controllers where the fault needs them.
    pub async fn start(fault: &str) -> Self {
        let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE_PASSWORD);
        let needed = DirectoryFault::named(fault).map_or(1, DirectoryFault::controllers_needed);
        seed.grow_to(needed).unwrap();
        let lab = Lab::start(seed).await.unwrap();
        let password = |_: &str| Some(Secret::copy_of(SERVICE_PASSWORD));
        let (domain, sql) = (lab.domain(), Arc::new(SqlServer::default()));
        let hosts = reference_hosts(&domain, &sql, Preparation::Logins, &password);
        let host = hosts
            .iter()
            .find(|host| host.name().as_str() == "MIMSYNC01");
        let host = Arc::clone(host.unwrap());
        Self { lab, host }
    }

    /// Lets it go wrong, and looks.
    pub async fn shows(&self, fault: &str, symptom: &Symptom) {
        match symptom {
            Symptom::Start {
                code,
                specific,
                event,
            } => {
                let gmsa = self.gmsa().await;
                self.run_as(gmsa);
                self.suffer(fault);
                self.does_not_start(fault, *code, *specific, *event);
            }
            Symptom::OldStart { code, event } => {
                self.suffer(fault);
                self.does_not_start(fault, *code, None, *event);
            }
            Symptom::Tool(words) => {
                self.suffer(fault);
                let said = self.export();
                assert!(said.contains(words), "{fault}: {said}");
            }
            Symptom::NoGmsa => {
                self.suffer(fault);
                assert!(
                    self.create_gmsa().await.is_err(),
                    "{fault}: a gMSA was created"
                );
            }
            Symptom::TwoHolders => {
                let spn: Spn = SPN.parse().unwrap();
                let directory = self.directory().await.unwrap();
                assert_eq!(directory.spn_holders(&spn).await.unwrap().len(), 1);
                self.suffer(fault);
                let holders = directory.spn_holders(&spn).await.unwrap();
                assert_eq!(holders.len(), 2, "{fault}: {holders:?}");
            }
            Symptom::NoLogOn(words) => {
                self.directory().await.unwrap();
                self.suffer(fault);
                let Err(refused) = self.directory().await else {
                    panic!("{fault}: logged on")
                };
                assert!(refused.to_string().contains(words), "{fault}: {refused}");
            }
            Symptom::Unknown => {
                self.suffer(fault);
                self.create_gmsa().await.unwrap();
                let gmsa = AccountName::parse(r"CONTOSO\MIMSyncGMSAsvc$").unwrap();
                let query = Request::QueryServiceAccount {
                    account: gmsa.clone(),
                };
                let state = self.host.handle(query, &Secret::copy_of(b"")).unwrap();
                let unknown = Reply::ServiceAccount(ServiceAccountState::NotExist);
                assert_eq!(state, unknown, "{fault}");
                let service = ServiceName::parse(SERVICE).unwrap();
                let set = |machine: &mut lab::hosts::Machine<'_>| {
                    machine.set_logon_account(&service, &gmsa, None)
                };
                let refused = self.host.with(set).unwrap_err();
                assert_eq!(refused.code, Some(Win32Code(1057)), "{fault}: {refused}");
            }
            Symptom::Restarts => {
                self.suffer(fault);
                let (_, delivery) = self.host.serve(set_account(), &Secret::copy_of(b""));
                assert_eq!(delivery, Delivery::Cut, "{fault}");
                assert!(!self.host.is_up(), "{fault}: the host is up");
            }
        }
    }

    fn suffer(&self, fault: &str) {
        match (DirectoryFault::named(fault), NamedFault::named(fault)) {
            (Some(fault), _) => assert!(self.lab.suffer(fault)),
            (_, Some(fault)) => self.host.suffer(fault),
            _ => panic!("there is no fault {fault}"),
        }
    }

    /// Stops the service if it runs, and starts it as the host does at its next restart.
    fn does_not_start(&self, fault: &str, code: u32, specific: Option<u32>, event: u32) {
        let service = ServiceName::parse(SERVICE).unwrap();
        let fresh_ticket = fault != "token-stale";
        let failure = self.host.with(|machine| {
            if fresh_ticket {
                machine.purge_tickets();
            }
            machine.stop(&service, true, 1_000).unwrap();
            machine.start(&service, 1_000).unwrap_err()
        });
        assert_eq!(failure.code, Some(Win32Code(code)), "{fault}: {failure}");
        assert_eq!(failure.service_specific_code, specific, "{fault}");
        let events = self.host.state().events;
        assert!(
            events.has(event),
            "{fault}: event {event} is not in the log"
        );
    }

    /// What the key-set tool says when it exports.
    fn export(&self) -> String {
        let request = Request::Run {
            program: HostPath::parse(KEY_TOOL).unwrap(),
            arguments: ["/e", r"C:\keys.bin", r"/u:CONTOSO\svc-mimsync", "*"]
                .map(str::to_owned)
                .into(),
            stdin: SecretUse::InFrame,
            timeout_ms: 1_000,
        };
        let reply = self
            .host
            .handle(request, &Secret::copy_of(SERVICE_PASSWORD))
            .unwrap();
        let Reply::Ran(output) = reply else {
            panic!("{reply:?}")
        };
        assert_eq!(output.exit_code, Some(1));
        output.stdout.text + &output.stderr.text
    }

    /// Lets the service run as the gMSA; its key set is readable for it.
    fn run_as(&self, gmsa: Sid) {
        let service = ServiceName::parse(SERVICE).unwrap();
        self.host.with(|machine| {
            machine.purge_tickets();
            let right = AccountRight::LogOnAsService;
            machine.state.rights.grant(right, gmsa);
            let account = AccountName::parse(r"CONTOSO\MIMSyncGMSAsvc$").unwrap();
            machine.stop(&service, true, 1_000).unwrap();
            machine.set_logon_account(&service, &account, None).unwrap();
            machine.service_mut(&service).unwrap().managed = true;
            Installations::change(machine.state, |found| {
                found.sync.as_mut().unwrap().readable_by = gmsa;
            })
            .unwrap();
            machine.start(&service, 1_000).unwrap();
        });
    }

    /// A gMSA whose password the host may retrieve as a member of a group.
    async fn gmsa(&self) -> Sid {
        let directory = self.directory().await.unwrap();
        let gmsa = self.create_gmsa().await.unwrap();
        let group = directory.group(&"MIMSync_Servers".parse().unwrap()).await;
        let computer = directory.account(&"MIMSYNC01$".parse().unwrap()).await;
        let (group, computer) = (group.unwrap().unwrap(), computer.unwrap().unwrap());
        directory.add_member(&group.dn, &computer.dn).await.unwrap();
        gmsa
    }

    async fn create_gmsa(&self) -> Result<Sid, WorldError> {
        let directory = self.directory().await?;
        let group = NewGroup {
            name: "MIMSync_Servers".parse().unwrap(),
            container: None,
            description: String::new(),
        };
        let group = directory.create_group(&group).await?;
        let gmsa = NewGmsa {
            name: "MIMSyncGMSAsvc".parse().unwrap(),
            container: None,
            dns_host_name: "mimsyncgmsasvc.contoso.com".parse().unwrap(),
            interval_days: 30,
            retrieval_principals: vec![group.sid],
            description: String::new(),
        };
        Ok(directory.create_gmsa(&gmsa).await?.sid)
    }

    async fn directory(&self) -> Result<ActiveDirectory, WorldError> {
        ActiveDirectory::connect(DirectoryOptions {
            domain: "contoso.com".parse().unwrap(),
            server: self.lab.controller().parse().unwrap(),
            address: self.lab.addresses().ldap,
            kdc: Some(self.lab.addresses().kdc),
            transport: DirectoryTransport::Sealed,
            auth: Auth::Kerberos,
            user: "Administrator".to_owned(),
            secret: Password::new(ADMINISTRATOR.to_vec()).into(),
            ca_pem: None,
            machine_keytabs: BTreeMap::new(),
            addresses: BTreeMap::new(),
            clock: Arc::new(self.lab.clock().clone()),
        })
        .await
    }
}

fn set_account() -> Request {
    Request::SetLogonAccount {
        service: ServiceName::parse(SERVICE).unwrap(),
        account: AccountName::parse(r"CONTOSO\svc-mimsync").unwrap(),
        password: SecretUse::Absent,
    }
}
