//! A small world: one host with one service, and its domain.

use std::sync::Arc;

use agent_protocol::{
    AccountName, Failure, Reply, Request, Secret, SecretUse, ServiceAccountState, ServiceName,
    ServiceState,
};
use security::{Interval, Sid};

use crate::hosts::NoProducts;
use crate::hosts::domain::AccountKind;
use crate::hosts::files::Content;
use crate::hosts::memory_domain::MemoryDomain;
use crate::hosts::programs::Program;
use crate::hosts::rights::Right;
use crate::hosts::services::LabService;
use crate::hosts::{HostState, LabHost, WindowsRelease};

pub const GMSA: &str = r"CONTOSO\AppGMSA$";
pub const USER: &str = r"CONTOSO\svc-app";

/// A host APP01 with a service `App`, and a domain in which it may use `AppGMSA$`.
pub struct World {
    pub domain: Arc<MemoryDomain>,
    pub host: Arc<LabHost>,
    pub group: Sid,
    pub gmsa: Sid,
    pub user: Sid,
}

impl World {
    pub fn new() -> Self {
        Self::on(WindowsRelease::server_2019())
    }

    pub fn on(windows: WindowsRelease) -> Self {
        let domain = Arc::new(MemoryDomain::new());
        domain.add("APP01$", AccountKind::Computer, "");
        let group = domain.add("App_Servers", AccountKind::User, "");
        let gmsa = domain.add("AppGMSA$", AccountKind::Gmsa, "");
        let user = domain.add("svc-app", AccountKind::User, "right");
        domain.allow("AppGMSA$", group);
        domain.join("APP01$", group);
        let mut state = HostState::new("APP01".parse().unwrap(), windows);
        state
            .files
            .put(r"C:\App\app.exe", Content::Program(Program::Service));
        state.restart_takes = Interval::ZERO;
        for right in [gmsa, user] {
            state.rights.grant(Right::LogOnAsService, right);
        }
        let service = LabService::new(name("App"), "App", r"C:\App\app.exe", system());
        service.save(&mut state.registry);
        state.services.insert(service);
        let host = Arc::new(LabHost::new(state, domain.clone(), Arc::new(NoProducts)));
        host.boot();
        Self {
            domain,
            host,
            group,
            gmsa,
            user,
        }
    }

    pub fn ask(&self, request: Request) -> Result<Reply, Failure> {
        self.host.handle(request, &Secret::none())
    }

    pub fn set_account(&self, account: &str, password: Option<&str>) -> Result<Reply, Failure> {
        let use_of = if password.is_some() {
            SecretUse::InFrame
        } else {
            SecretUse::Absent
        };
        let request = Request::SetLogonAccount {
            service: name("App"),
            account: AccountName::parse(account).unwrap(),
            password: use_of,
        };
        self.host.handle(
            request,
            &Secret::copy_of(password.unwrap_or_default().as_bytes()),
        )
    }

    pub fn convert(&self) {
        self.stop();
        self.set_account(GMSA, None).unwrap();
        self.ask(Request::SetManagedAccount {
            service: name("App"),
            managed: true,
        })
        .unwrap();
    }

    pub fn start(&self) -> Result<Reply, Failure> {
        self.ask(Request::StartService {
            name: name("App"),
            timeout_ms: 1_000,
        })
    }

    pub fn stop(&self) {
        let request = Request::StopService {
            name: name("App"),
            with_dependants: true,
            timeout_ms: 1_000,
        };
        self.ask(request).unwrap();
    }

    pub fn edit_service(&self, change: impl FnOnce(&mut LabService)) {
        self.host
            .edit(|state| change(state.services.get_mut("App").unwrap()));
    }

    pub fn state_of(&self, service: &str) -> ServiceState {
        self.host.state().services.get(service).unwrap().state
    }

    pub fn query(&self, account: &str) -> ServiceAccountState {
        let account = AccountName::parse(account).unwrap();
        match self.ask(Request::QueryServiceAccount { account }) {
            Ok(Reply::ServiceAccount(state)) => state,
            other => panic!("{other:?}"),
        }
    }
}

pub fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).unwrap()
}

pub fn system() -> AccountName {
    AccountName::parse("LocalSystem").unwrap()
}
