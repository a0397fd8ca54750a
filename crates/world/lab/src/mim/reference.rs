//! The hosts of the reference estate: MIM on user accounts, ready to be converted.
//!
//! | hosts              | products                                   | logon accounts                            |
//! |--------------------|--------------------------------------------|-------------------------------------------|
//! | MIMSYNC01, 02      | Synchronization Service, active and standby | svc-mimsync                               |
//! | MIMSVC01, 02       | MIM Service, SSPR portals                  | svc-mimservice, svc-ssprreg, svc-sspreset |
//! | MIMPAM01           | PAM services and REST API                  | svc-pammon, svc-pamcomp, svc-pamrest      |

use std::sync::Arc;

use agent_protocol::{AccountName, Secret};
use security::{SecurityDescriptor, Sid};

use super::installation::{SYNC_DATABASE, SYNC_FOLDER, SYNC_NAMESPACE};
use super::mim_service::{Credential, MIM_DATABASE};
use super::package::{self, SERVICE_PACKAGE, SYNC_PACKAGE};
use super::products::Mim;
use super::sql_server::{Role, SqlServer};
use crate::hosts::domain::{AUTHENTICATED_USERS, DomainView};
use crate::hosts::files::Content;
use crate::hosts::logon::{Principal, principal};
use crate::hosts::machine::Machine;
use crate::hosts::rights::Right;
use crate::hosts::scheduled_task::ScheduledTask;
use crate::hosts::services::StoredPassword;
use crate::hosts::{HostState, LabHost, WindowsRelease};

/// Build of all products: the second service pack, the first with gMSA support from the start.
pub const BUILD: &str = "4.6.34.0";

/// What was done for the new accounts before the conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparation {
    /// Nothing: the database login of a new logon account is missing.
    None,
    /// A database login is there for every account of the domain.
    Logins,
}

/// The five hosts, booted. Accounts must be in the domain already; `password_of` gives those of the
/// users by `sAMAccountName`.
pub fn reference_hosts(
    domain: &Arc<dyn DomainView>,
    sql: &Arc<SqlServer>,
    preparation: Preparation,
    password_of: &dyn Fn(&str) -> Option<Secret>,
) -> Vec<Arc<LabHost>> {
    let mim = Mim::on(sql);
    let setup = Setup {
        mim: &mim,
        netbios_name: domain.netbios_name(),
        password_of,
    };
    let names = ["MIMSYNC01", "MIMSYNC02", "MIMSVC01", "MIMSVC02", "MIMPAM01"];
    let mut hosts = Vec::new();
    for name in names.iter().filter_map(|name| name.parse().ok()) {
        let state = HostState::new(name, WindowsRelease::server_2019());
        let host = LabHost::new(state, Arc::clone(domain), mim.clone());
        host.with(|machine| setup.install(machine));
        hosts.push(host);
    }
    let hosts: Vec<_> = hosts.into_iter().map(Arc::new).collect();
    if preparation == Preparation::Logins {
        prepare(sql);
    }
    hosts.iter().for_each(|host| host.boot());
    hosts
}

/// Lets every account of the domain into MIM's databases: what an administrator does for new accounts.
pub fn prepare(sql: &SqlServer) {
    let Ok(all) = AUTHENTICATED_USERS.parse::<Sid>() else {
        return;
    };
    for database in [SYNC_DATABASE, MIM_DATABASE] {
        sql.grant(database, all, Role::Owner);
    }
}

/// The task that runs the synchronization's profiles: nearly every Synchronization Service has one.
fn schedule(machine: &mut Machine<'_>, who: &Credential<'_>) {
    let Ok(account) = AccountName::parse(who.account) else {
        return;
    };
    let mut task = ScheduledTask::new(r"\MIM\Delta synchronization", account);
    if let (Some(Principal::Domain(found)), Some(password)) =
        (principal(who.account, machine.domain), who.password)
    {
        let version = machine.domain.proves(&found.sid, password.expose_bytes());
        let account = found.sid;
        task.stored = Some(StoredPassword { account, version });
        machine.state.rights.grant(Right::LogOnAsBatchJob, account);
    }
    machine.state.tasks.push(task);
}

/// What the documentation advises to deny to service accounts, as far as it is set on the host itself.
fn deny(machine: &mut Machine<'_>, account: &str, denials: &[Right]) {
    if let Some(Principal::Domain(found)) = principal(account, machine.domain) {
        for denial in denials {
            machine.state.rights.grant(*denial, found.sid);
        }
    }
}

/// Puts a product's package where its media were copied to.
fn put(machine: &mut Machine<'_>, path: &str, package: std::io::Result<Vec<u8>>) {
    if let Ok(bytes) = package {
        machine.state.files.put(path, Content::Bytes(bytes));
    }
}

/// An access list in which somebody put an account: flags of the entries, rights of administrators and of the account.
type LetIn = (&'static str, &'static str, &'static str, &'static str);

/// For password reset the MIM Service calls the Synchronization Service by WMI.
const TO_SYNC: [LetIn; 4] = [
    ("MachineLaunchRestriction", "", "CCDCLCSWRP", "CCDCLCSWRP"),
    ("MachineAccessRestriction", "", "CCDCLC", "CCDCLC"),
    (r"root\CIMV2", "CI", "CCDCLCSWRPWPRCWD", "CCWP"),
    (SYNC_NAMESPACE, "CI", "CCDCLCSWRPWPRCWD", "CCWP"),
];
/// The Synchronization Service writes below its folder.
const OF_SYNC: [LetIn; 1] = [(SYNC_FOLDER, "OICI", "FA", "0x1301bf")];
/// The MIM Service listens on two ports, and signs with the key of its certificate.
const OF_SERVICE: [LetIn; 3] = [
    ("http://+:5725/", "", "GA", "GX"),
    ("http://+:5726/", "", "GA", "GX"),
    (SERVICE_KEY_FILE, "", "FA", "FR"),
];
/// The private key of the certificate `ForefrontIdentityManager`.
const SERVICE_KEY_FILE: &str =
    r"C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys\8c9e7f6a5b4d3c2e1f0a9b8c7d6e5f40_forefront";

/// What is denied to the services of privileged access management.
const OF_PAM: [Right; 3] = [
    Right::DenyLogOnAsBatchJob,
    Right::DenyLogOnLocally,
    Right::DenyRemoteDesktop,
];

struct Setup<'a> {
    mim: &'a Mim,
    netbios_name: String,
    password_of: &'a dyn Fn(&str) -> Option<Secret>,
}

impl Setup<'_> {
    fn install(&self, machine: &mut Machine<'_>) {
        let name = machine.state.name.to_string();
        match name.get(..6) {
            Some("MIMSYN") => self.with("svc-mimsync", |who| {
                self.mim
                    .install_sync(machine, BUILD, who.account, who.password);
                put(
                    machine,
                    SYNC_PACKAGE,
                    package::synchronization_service(BUILD),
                );
                schedule(machine, who);
                deny(machine, who.account, &[Right::DenyLogOnLocally]);
                self.let_in(machine, "svc-mimservice", &TO_SYNC);
                self.let_in(machine, "svc-mimsync", &OF_SYNC);
            }),
            Some("MIMSVC") => {
                put(machine, SERVICE_PACKAGE, package::service_and_portal(BUILD));
                put(machine, SERVICE_KEY_FILE, Ok(b"private key".to_vec()));
                self.with("svc-mimservice", |who| {
                    self.mim.install_mim_service(machine, BUILD, who);
                    self.let_in(machine, "svc-mimservice", &OF_SERVICE);
                    deny(
                        machine,
                        who.account,
                        &[Right::DenyLogOnAsBatchJob, Right::DenyLogOnLocally],
                    );
                });
                self.with("svc-ssprreg", |registration| {
                    self.with("svc-sspreset", |reset| {
                        machine.install_portals(registration, reset)
                    });
                });
            }
            _ => self.with("svc-pamrest", |rest| {
                put(machine, SERVICE_PACKAGE, package::service_and_portal(BUILD));
                self.with("svc-pammon", |monitoring| {
                    self.with("svc-pamcomp", |component| {
                        machine.install_pam(BUILD, rest, monitoring, component);
                        for who in [monitoring, component] {
                            deny(machine, who.account, &OF_PAM);
                        }
                    });
                });
            }),
        }
    }

    /// Puts an account in access lists, as setup or somebody did.
    fn let_in(&self, machine: &mut Machine<'_>, account: &str, lists: &[LetIn]) {
        let account = format!(r"{}\{account}", self.netbios_name);
        let Some(Principal::Domain(found)) = principal(&account, machine.domain) else {
            return;
        };
        for (list, flags, administrators, rights) in lists {
            let sddl = format!(
                "O:BAG:BAD:(A;{flags};{administrators};;;BA)(A;{flags};{rights};;;{})",
                found.sid
            );
            if let (Ok(list), Ok(descriptor)) = (list.parse(), SecurityDescriptor::from_sddl(&sddl))
            {
                machine.state.put_access_list(&list, &descriptor);
            }
        }
    }

    fn with(&self, name: &str, act: impl FnOnce(&Credential<'_>)) {
        let password = (self.password_of)(name);
        let account = format!(r"{}\{name}", self.netbios_name);
        act(&Credential {
            account: &account,
            password: password.as_ref(),
        });
    }
}
