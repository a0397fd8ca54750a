//! MIM Service, SSPR portals and PAM services: installed as their setup leaves them.

use agent_protocol::{AccountName, PoolIdentity, RegistryValue, Secret};

use super::installation::FOLDER;
use super::products::{Mim, MimProgram};
use super::sql_server::{Role, SqlServer};
use crate::hosts::app_pool::AppPool;
use crate::hosts::event_log::{Level, Log};
use crate::hosts::files::Content;
use crate::hosts::logon::{Principal, principal};
use crate::hosts::machine::Machine;
use crate::hosts::programs::Program;
use crate::hosts::services::{LabService, StoredPassword};
use crate::hosts::start::Ended;

/// Key name of the MIM Service.
pub const MIM_SERVICE: &str = "FIMService";
/// Its database.
pub const MIM_DATABASE: &str = "FIMService";
/// Key name of PAM's monitoring service.
pub const PAM_MONITORING: &str = "PamMonitoringService";
/// Key name of PAM's component service.
pub const PAM_COMPONENT: &str = "PrivilegeManagementComponentService";
/// Application pool of the password registration portal.
pub const REGISTRATION_POOL: &str = "FIMPasswordRegistrationAppPool";
/// Application pool of the password reset portal.
pub const RESET_POOL: &str = "FIMPasswordResetAppPool";
/// Application pool of the PAM REST API; its real name is not published.
pub const PAM_REST_POOL: &str = "MIMPAMRestApiAppPool";
/// Where the products keep their settings.
pub const SETTINGS: &str = r"HKLM\SOFTWARE\Microsoft\Forefront Identity Manager\2010";

/// An account and its password; none for a gMSA.
pub struct Credential<'a> {
    /// `DOMAIN\name`
    pub account: &'a str,
    /// UTF-8.
    pub password: Option<&'a Secret>,
}

/// Starts the MIM Service: its database must let it in.
///
/// # Errors
/// The service's own code, with an event in the Application log that says why.
pub fn launch(
    machine: &mut Machine<'_>,
    sql: &SqlServer,
    service: &LabService,
) -> Result<(), Ended> {
    let account = &service.account;
    let allowed = match principal(account.as_str(), machine.domain) {
        Some(Principal::Domain(found)) => {
            sql.has(MIM_DATABASE, &machine.domain.token(&found.sid), Role::Owner)
        }
        _ => false,
    };
    if allowed {
        return Ok(());
    }
    let why = format!(
        "Login failed for user '{account}': it needs a login and db_owner in {MIM_DATABASE}"
    );
    machine.event(
        Log::Application,
        "Microsoft.ResourceManagement",
        super::sync_service::LOGIN_FAILED,
        Level::Error,
        why,
    );
    Err(Ended::with_specific(super::sync_service::LOGIN_FAILED))
}

impl Mim {
    /// Installs the MIM Service.
    pub fn install_mim_service(
        &self,
        machine: &mut Machine<'_>,
        version: &str,
        who: &Credential<'_>,
    ) {
        let program = format!(r"{FOLDER}\Service\Microsoft.ResourceManagement.Service.exe");
        machine
            .state
            .files
            .put(&program, Content::Program(MimProgram::MimService.into()));
        machine.state.files.put(
            &format!("{program}.config"),
            Content::Bytes(b"<configuration/>".to_vec()),
        );
        let helper = format!(r"{FOLDER}\Service\{}", super::key_protect::PROGRAM);
        machine
            .state
            .files
            .put(&helper, Content::Program(MimProgram::KeyProtect.into()));
        if let Some(Principal::Domain(found)) = principal(who.account, machine.domain) {
            self.sql.grant(MIM_DATABASE, found.sid, Role::Owner);
        }
        let image = format!("\"{program}\"");
        machine.install_service(
            MIM_SERVICE,
            "Forefront Identity Manager Service",
            &image,
            who.account,
            who.password,
        );
        let registry = &mut machine.state.registry;
        let key = format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{MIM_SERVICE}");
        registry.set_text(&key, "DatabaseServer", "SQL01");
        registry.set_text(&key, "DatabaseName", MIM_DATABASE);
        registry.set(&key, "PollExchangeEnabled", RegistryValue::Dword(0));
        let service = format!(r"{SETTINGS}\Service");
        registry.set_text(&service, "Location", &format!(r"{FOLDER}\Service\"));
        registry.set_text(&service, "EncryptedExchangeOnlineAccountPassword", "");
        machine.install_service_and_portal(version);
    }
}

impl Machine<'_> {
    /// The package that the MIM Service, the portals and PAM come from.
    fn install_service_and_portal(&mut self, version: &str) {
        self.install_product(
            "{0782FB14-023A-430F-B0D5-4AE1D1CCFCAA}",
            "Microsoft Identity Manager Service and Portal",
            version,
        );
    }

    /// Installs the two password portals on their application pools.
    pub fn install_portals(&mut self, registration: &Credential<'_>, reset: &Credential<'_>) {
        let portals = [
            (
                REGISTRATION_POOL,
                "MIM Password Registration Site",
                "Password Registration Portal",
                "8088",
                registration,
            ),
            (
                RESET_POOL,
                "MIM Password Reset Site",
                "Password Reset Portal",
                "8089",
                reset,
            ),
        ];
        for (pool, site, folder, port, who) in portals {
            self.install_pool(pool, (site, port), folder, who);
            self.state.registry.set_text(
                &format!(r"{SETTINGS}\{folder}"),
                "Location",
                &format!(r"{FOLDER}\{folder}\"),
            );
        }
    }

    /// Installs the PAM services and the REST API's application pool.
    pub fn install_pam(
        &mut self,
        version: &str,
        rest: &Credential<'_>,
        monitoring: &Credential<'_>,
        component: &Credential<'_>,
    ) {
        let services = [
            (
                PAM_MONITORING,
                "Microsoft.IdentityManagement.PamMonitoring.exe",
                monitoring,
            ),
            (
                PAM_COMPONENT,
                "Microsoft.IdentityManagement.PrivilegeManagement.exe",
                component,
            ),
        ];
        for (name, file, who) in services {
            let program = format!(r"{FOLDER}\Service\PAM\Services\{file}");
            self.state
                .files
                .put(&program, Content::Program(Program::Service));
            self.install_service(
                name,
                name,
                &format!("\"{program}\""),
                who.account,
                who.password,
            );
        }
        self.install_pool(
            PAM_REST_POOL,
            ("MIM PAM REST API", "8086"),
            "Privileged Access Management REST API",
            rest,
        );
        self.install_service_and_portal(version);
    }

    fn install_pool(
        &mut self,
        name: &str,
        (site, port): (&str, &str),
        folder: &str,
        who: &Credential<'_>,
    ) {
        let found = principal(who.account, self.domain);
        let stored = match (found, who.password) {
            (Some(Principal::Domain(found)), Some(password)) => {
                let version = self.domain.proves(&found.sid, password.expose_bytes());
                Some(StoredPassword {
                    account: found.sid,
                    version,
                })
            }
            _ => None,
        };
        let mut pool = AppPool {
            name: name.to_owned(),
            identity: AccountName::parse(who.account).map_or(
                PoolIdentity::ApplicationPoolIdentity,
                PoolIdentity::SpecificUser,
            ),
            stored,
            started: true,
            site: Some(site.to_owned()),
            physical_path: Some(format!(r"{FOLDER}\{folder}\")),
            bindings: Vec::new(),
        };
        pool.listen_on(port);
        self.state.app_pools.push(pool);
    }
}
