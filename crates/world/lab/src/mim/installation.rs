//! What a host has of Microsoft Identity Manager, and how it gets it.

use agent_protocol::Secret;
use security::Sid;
use serde::{Deserialize, Serialize};

use super::key_set::KeySetId;
use super::mim_service::{MIM_DATABASE, MIM_SERVICE};
use super::products::{Mim, MimProgram};
use super::sql_server::{Role, SyncStore};
use crate::hosts::HostState;
use crate::hosts::files::Content;
use crate::hosts::logon::{Principal, principal};
use crate::hosts::machine::Machine;

/// Where MIM is installed by default.
pub const FOLDER: &str = r"C:\Program Files\Microsoft Forefront Identity Manager\2010";
/// Key name of the Synchronization Service.
pub const SYNC_SERVICE: &str = "FIMSynchronizationService";
/// The Synchronization Service's database.
pub const SYNC_DATABASE: &str = "FIMSynchronizationService";
/// Its namespace of WMI.
pub const SYNC_NAMESPACE: &str = r"root\MicrosoftIdentityIntegrationServer";

/// Its folder.
pub const SYNC_FOLDER: &str =
    r"C:\Program Files\Microsoft Forefront Identity Manager\2010\Synchronization Service";

/// The Synchronization Service's programs in its folder `Bin`.
const TOOLS: &[(&str, MimProgram)] = &[
    ("miiserver.exe", MimProgram::SyncService),
    ("miiskmu.exe", MimProgram::KeyUtility),
    ("miisactivate.exe", MimProgram::Activation),
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

impl Installations {
    /// What a host has.
    ///
    /// # Errors
    /// Where what the host keeps for products is nothing of MIM's.
    pub fn of(host: &HostState) -> Result<Self, serde_json::Error> {
        host.kept.read()
    }

    /// What a host has; nothing, where that cannot be read.
    pub(super) fn or_none(host: &HostState) -> Self {
        Self::of(host).unwrap_or_default()
    }

    /// Changes what a host has.
    ///
    /// # Errors
    /// As [`Installations::of`]; nothing is changed then.
    pub fn change(
        host: &mut HostState,
        change: impl FnOnce(&mut Self),
    ) -> Result<(), serde_json::Error> {
        let mut found = Self::of(host)?;
        change(&mut found);
        host.kept.write(&found)
    }
}

impl Mim {
    /// Installs the Synchronization Service, as its setup leaves it: the first host is active and makes the
    /// key set, every other one is a standby that was activated once with that key set and stopped.
    ///
    /// Does nothing when the account is not in the domain.
    pub fn install_sync(
        &self,
        machine: &mut Machine<'_>,
        version: &str,
        account: &str,
        password: Option<&Secret>,
    ) {
        let Some(Principal::Domain(found)) = principal(account, machine.domain) else {
            return;
        };
        let folder = SYNC_FOLDER;
        for (file, program) in TOOLS {
            machine.state.files.put(
                &format!(r"{folder}\Bin\{file}"),
                Content::Program((*program).into()),
            );
        }
        let active = self.sql.sync(SYNC_DATABASE).is_none();
        let store = self.first_or_present_store(machine);
        self.join_database(machine, store, found.sid);

        machine.state.lists.make_namespace(SYNC_NAMESPACE);
        let image = format!(r#""{folder}\Bin\miiserver.exe""#);
        machine.install_service(
            SYNC_SERVICE,
            "Forefront Identity Manager Synchronization Service",
            &image,
            account,
            password,
        );
        if !active && let Some(service) = machine.state.services.get_mut(SYNC_SERVICE) {
            service.start = agent_protocol::StartType::Manual;
            service.save(&mut machine.state.registry);
        }
        let parameters =
            format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{SYNC_SERVICE}\Parameters");
        let registry = &mut machine.state.registry;
        registry.set_text(&parameters, "Path", &format!(r"{folder}\"));
        registry.set_text(&parameters, "Server", "SQL01");
        registry.set_text(&parameters, "DBName", SYNC_DATABASE);
        machine.install_product(
            "{5A7CB0A3-7AA2-4F40-8899-02B83694085F}",
            "Microsoft Identity Manager Synchronization Service",
            version,
        );
    }

    /// Completes MIM on a host of which services and registry were found: database logins, key tools, and the
    /// Synchronization Service's own data. A host where that service runs is the active server.
    pub(super) fn complete(&self, machine: &mut Machine<'_>) {
        let account = machine
            .state
            .services
            .get(MIM_SERVICE)
            .map(|service| service.account.clone());
        if let Some(Principal::Domain(found)) =
            account.and_then(|account| principal(account.as_str(), machine.domain))
        {
            self.sql.grant(MIM_DATABASE, found.sid, Role::Owner);
        }
        let Some(service) = machine.state.services.get(SYNC_SERVICE).cloned() else {
            return;
        };
        let Some(Principal::Domain(found)) = principal(service.account.as_str(), machine.domain)
        else {
            return;
        };
        let folder = service
            .program()
            .rsplit_once('\\')
            .map(|(folder, _)| folder.to_owned());
        for (file, program) in TOOLS {
            let path = format!(r"{}\{file}", folder.as_deref().unwrap_or(FOLDER));
            machine
                .state
                .files
                .put(&path, Content::Program((*program).into()));
        }
        let running = service.state == agent_protocol::ServiceState::Running;
        let mut store = self.first_or_present_store(machine);
        if running {
            store.active = machine.state.name.clone();
        }
        self.join_database(machine, store, found.sid);
    }

    /// The database's data, or what the setup on this host makes of an empty database.
    fn first_or_present_store(&self, machine: &Machine<'_>) -> SyncStore {
        self.sql.sync(SYNC_DATABASE).unwrap_or_else(|| SyncStore {
            key_set: KeySetId::of_seed(machine.state.name.as_str()),
            active: machine.state.name.clone(),
            abandoned: false,
        })
    }

    fn join_database(&self, machine: &mut Machine<'_>, store: SyncStore, account: Sid) {
        let sync = SyncInstallation {
            key_set: store.key_set,
            readable_by: account,
            database: SYNC_DATABASE.to_owned(),
        };
        set_sync(machine, sync);
        self.sql.set_sync(SYNC_DATABASE, store);
        self.sql.grant(SYNC_DATABASE, account, Role::Owner);
    }
}

/// What the host keeps of the Synchronization Service from now on. A host whose record cannot be read stays one on which
/// the product is not set up.
pub(super) fn set_sync(machine: &mut Machine<'_>, sync: SyncInstallation) {
    let _ = Installations::change(machine.state, |found| found.sync = Some(sync));
}
