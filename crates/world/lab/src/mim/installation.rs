//! What a host has of Microsoft Identity Manager, and how it gets it.

use agent_protocol::{AccountName, RegistryValue, Secret, ServiceName};
use security::Sid;
use serde::{Deserialize, Serialize};

use super::key_set::KeySetId;
use super::mim_service::{MIM_DATABASE, MIM_SERVICE};
use super::sql_server::{Role, SyncStore};
use crate::hosts::domain::AccountKind;
use crate::hosts::files::Content;
use crate::hosts::logon::{Principal, principal};
use crate::hosts::machine::Machine;
use crate::hosts::programs::Program;
use crate::hosts::rights::Right;
use crate::hosts::services::LabService;

/// Where MIM is installed by default.
pub const FOLDER: &str = r"C:\Program Files\Microsoft Forefront Identity Manager\2010";
/// Key name of the Synchronization Service.
pub const SYNC_SERVICE: &str = "FIMSynchronizationService";
/// The Synchronization Service's database.
pub const SYNC_DATABASE: &str = "FIMSynchronizationService";

/// The Synchronization Service's programs in its folder `Bin`.
const TOOLS: &[(&str, Program)] = &[
    ("miiserver.exe", Program::SyncService),
    ("miiskmu.exe", Program::KeyUtility),
    ("miisactivate.exe", Program::Activation),
];

/// What a host has of MIM beside files, services and registry.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Installations {
    /// The Synchronization Service, active or standby.
    pub sync: Option<SyncInstallation>,
    /// Whether its key-set tools find every password wrong.
    pub refuses_passwords: bool,
}

/// The host's own part of a Synchronization Service; the rest is in its database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncInstallation {
    /// The key set that the host has a copy of.
    pub key_set: KeySetId,
    /// The account that can read that copy: it is encrypted for that account alone.
    pub readable_by: Sid,
    /// Its database.
    pub database: String,
}

impl Machine<'_> {
    /// Installs the Synchronization Service, as its setup leaves it: the first host is active and makes the
    /// key set, every other one is a standby that was activated once with that key set and stopped.
    ///
    /// Does nothing when the account is not in the domain.
    pub fn install_sync(&mut self, version: &str, account: &str, password: Option<&Secret>) {
        let Some(Principal::Domain(found)) = principal(account, self.domain) else {
            return;
        };
        let folder = format!(r"{FOLDER}\Synchronization Service");
        for (file, program) in TOOLS {
            self.state
                .files
                .put(&format!(r"{folder}\Bin\{file}"), Content::Program(*program));
        }
        let active = self.sql.sync(SYNC_DATABASE).is_none();
        let store = self.first_or_present_store();
        self.join_database(store, found.sid);

        let image = format!(r#""{folder}\Bin\miiserver.exe""#);
        self.install_service(
            SYNC_SERVICE,
            "Forefront Identity Manager Synchronization Service",
            &image,
            account,
            password,
        );
        if !active && let Some(service) = self.state.services.get_mut(SYNC_SERVICE) {
            service.start = agent_protocol::StartType::Manual;
            service.save(&mut self.state.registry);
        }
        let parameters =
            format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{SYNC_SERVICE}\Parameters");
        let registry = &mut self.state.registry;
        registry.set_text(&parameters, "Path", &format!(r"{folder}\"));
        registry.set_text(&parameters, "Server", "SQL01");
        registry.set_text(&parameters, "DBName", SYNC_DATABASE);
        self.install_product(
            "{5A7CB0A3-7AA2-4F40-8899-02B83694085F}",
            "Microsoft Identity Manager Synchronization Service",
            version,
        );
    }

    /// Completes MIM on a host of which services and registry were found: database logins, key tools, and the
    /// Synchronization Service's own data. A host where that service runs is the active server.
    pub fn adopt_mim(&mut self) {
        let account = self
            .state
            .services
            .get(MIM_SERVICE)
            .map(|service| service.account.clone());
        if let Some(Principal::Domain(found)) =
            account.and_then(|account| principal(account.as_str(), self.domain))
        {
            self.sql.grant(MIM_DATABASE, found.sid, Role::Owner);
        }
        let Some(service) = self.state.services.get(SYNC_SERVICE).cloned() else {
            return;
        };
        let Some(Principal::Domain(found)) = principal(service.account.as_str(), self.domain)
        else {
            return;
        };
        let folder = service
            .program()
            .rsplit_once('\\')
            .map(|(folder, _)| folder.to_owned());
        for (file, program) in TOOLS {
            let path = format!(r"{}\{file}", folder.as_deref().unwrap_or(FOLDER));
            self.state.files.put(&path, Content::Program(*program));
        }
        let running = service.state == agent_protocol::ServiceState::Running;
        let mut store = self.first_or_present_store();
        if running {
            store.active = self.state.name.clone();
        }
        self.join_database(store, found.sid);
    }

    /// The database's data, or what the setup on this host makes of an empty database.
    fn first_or_present_store(&self) -> SyncStore {
        self.sql.sync(SYNC_DATABASE).unwrap_or_else(|| SyncStore {
            key_set: KeySetId::of_seed(self.state.name.as_str()),
            active: self.state.name.clone(),
            abandoned: false,
        })
    }

    fn join_database(&mut self, store: SyncStore, account: Sid) {
        self.state.mim.sync = Some(SyncInstallation {
            key_set: store.key_set,
            readable_by: account,
            database: SYNC_DATABASE.to_owned(),
        });
        self.sql.set_sync(SYNC_DATABASE, store);
        self.sql.grant(SYNC_DATABASE, account, Role::Owner);
    }

    /// Lists a product as installed.
    pub fn install_product(&mut self, code: &str, name: &str, version: &str) {
        let key = format!(r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{code}");
        let values = [
            ("DisplayName", name),
            ("DisplayVersion", version),
            ("Publisher", "Microsoft Corporation"),
        ];
        for (value, text) in values {
            self.state.registry.set_text(&key, value, text);
        }
        self.state
            .registry
            .set(&key, "WindowsInstaller", RegistryValue::Dword(1));
    }

    /// Creates an automatic service of an account that may log on as one; names must be well formed.
    pub fn install_service(
        &mut self,
        name: &str,
        title: &str,
        image_path: &str,
        account: &str,
        password: Option<&Secret>,
    ) {
        let (Ok(name), Ok(account)) = (ServiceName::parse(name), AccountName::parse(account))
        else {
            return;
        };
        let mut service = LabService::new(name.clone(), title, image_path, account.clone());
        if let Some(Principal::Domain(found)) = principal(account.as_str(), self.domain) {
            self.state.rights.grant(Right::LogOnAsService, found.sid);
            service.managed = found.kind == AccountKind::Gmsa;
        }
        service.save(&mut self.state.registry);
        self.state.services.insert(service);
        // An account that Windows does not take keeps the service from starting, as it should.
        let _ = self.set_logon_account(&name, &account, password);
    }
}
