//! Two servers with the Synchronization Service, their domain and their database.

use std::sync::Arc;

use agent_protocol::{
    AccountName, Failure, HostPath, Reply, Request, RunOutcome, Secret, SecretUse, ServiceName,
    ServiceState,
};

use crate::hosts::domain::{AccountKind, DomainView};
use crate::hosts::files::Content;
use crate::hosts::memory_domain::MemoryDomain;
use crate::hosts::rights::Right;
use crate::hosts::{HostState, LabHost, WindowsRelease};
use crate::mim::installation::{FOLDER, SYNC_DATABASE, SYNC_SERVICE};
use crate::mim::{Mim, Role, SqlServer};

pub const USER: &str = r"CONTOSO\svc-mimsync";
pub const GMSA: &str = r"CONTOSO\MIMSyncGMSA$";
pub const FILE: &str = r"C:\MIMBackup\miiskeys-1.bin";

pub struct World {
    pub domain: Arc<MemoryDomain>,
    pub sql: Arc<SqlServer>,
    pub active: LabHost,
    pub standby: LabHost,
}

pub fn world() -> World {
    let domain = Arc::new(MemoryDomain::new());
    let sql = Arc::new(SqlServer::default());
    domain.add("svc-mimsync", AccountKind::User, "Pa55word!");
    let gmsa = domain.add("MIMSyncGMSA$", AccountKind::Gmsa, "");
    for host in ["MIMSYNC01", "MIMSYNC02"] {
        let computer = domain.add(&format!("{host}$"), AccountKind::Computer, "");
        domain.allow("MIMSyncGMSA$", computer);
    }
    let mim = Mim::on(&sql);
    let host = |name: &str| {
        let state = HostState::new(name.parse().unwrap(), WindowsRelease::server_2019());
        let host = LabHost::new(state, domain.clone(), mim.clone());
        host.with(|machine| {
            let password = Secret::copy_of(b"Pa55word!");
            mim.install_sync(machine, "4.6.34.0", USER, Some(&password));
            machine.state.rights.grant(Right::LogOnAsService, gmsa);
            machine.state.files.put(r"C:\MIMBackup", Content::Directory);
        });
        host.boot();
        host
    };
    let (active, standby) = (host("MIMSYNC01"), host("MIMSYNC02"));
    World {
        domain,
        sql,
        active,
        standby,
    }
}

impl World {
    pub fn let_gmsa_into_sql(&self) {
        let gmsa = self.domain.find(&"MIMSyncGMSA$".parse().unwrap()).unwrap();
        self.sql.grant(SYNC_DATABASE, gmsa.sid, Role::Owner);
    }
}

pub fn tool(host: &LabHost, file: &str, arguments: &[&str], stdin: Option<&str>) -> RunOutcome {
    let program = HostPath::parse(format!(r"{FOLDER}\Synchronization Service\Bin\{file}")).unwrap();
    run(host, program, arguments, stdin)
}

pub fn run(
    host: &LabHost,
    program: HostPath,
    arguments: &[&str],
    stdin: Option<&str>,
) -> RunOutcome {
    let request = Request::Run {
        program,
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        stdin: if stdin.is_some() {
            SecretUse::InFrame
        } else {
            SecretUse::Absent
        },
        timeout_ms: 1_000,
    };
    match host.handle(
        request,
        &Secret::copy_of(stdin.unwrap_or_default().as_bytes()),
    ) {
        Ok(Reply::Ran(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

pub fn export(host: &LabHost, user: &str, password: Option<&str>) -> RunOutcome {
    tool(
        host,
        "miiskmu.exe",
        &["/e", FILE, &format!("/u:{user}"), "*", "/q"],
        password,
    )
}

pub fn start(host: &LabHost, service: &str) -> Result<Reply, Failure> {
    let name = ServiceName::parse(service).unwrap();
    host.handle(
        Request::StartService {
            name,
            timeout_ms: 1_000,
        },
        &Secret::none(),
    )
}

pub fn stop(host: &LabHost) {
    let name = ServiceName::parse(SYNC_SERVICE).unwrap();
    host.handle(
        Request::StopService {
            name,
            with_dependants: true,
            timeout_ms: 1,
        },
        &Secret::none(),
    )
    .unwrap();
}

pub fn set_account(host: &LabHost, account: &str, password: Option<&str>) {
    let service = ServiceName::parse(SYNC_SERVICE).unwrap();
    let account = AccountName::parse(account).unwrap();
    let managed = password.is_none();
    let use_of = if managed {
        SecretUse::Absent
    } else {
        SecretUse::InFrame
    };
    let request = Request::SetLogonAccount {
        service: service.clone(),
        account,
        password: use_of,
    };
    host.handle(
        request,
        &Secret::copy_of(password.unwrap_or_default().as_bytes()),
    )
    .unwrap();
    host.handle(
        Request::SetManagedAccount { service, managed },
        &Secret::none(),
    )
    .unwrap();
}

pub fn state(host: &LabHost) -> ServiceState {
    host.state().services.get(SYNC_SERVICE).unwrap().state
}
