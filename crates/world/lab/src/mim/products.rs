//! Microsoft Identity Manager as hosts meet it.

use std::sync::Arc;

use agent_protocol::{Failure, Secret};

use super::installation::Installations;
use super::sql_server::SqlServer;
use super::{key_protect, key_tools, mim_service, setup, sync_service};
use crate::hosts::machine::Machine;
use crate::hosts::products::{ProductProgram, Products};
use crate::hosts::programs::{Ending, Program};
use crate::hosts::services::LabService;
use crate::hosts::start::Ended;
use crate::hosts::{HostState, NamedFault};

/// MIM on all hosts of a lab, with the database server that they share.
pub struct Mim {
    pub(super) sql: Arc<SqlServer>,
}

impl Mim {
    /// With that database server.
    pub fn on(sql: &Arc<SqlServer>) -> Arc<Self> {
        let sql = Arc::clone(sql);
        Arc::new(Self { sql })
    }
}

/// A program of MIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MimProgram {
    /// `miiserver.exe`
    SyncService,
    /// `miiskmu.exe`
    KeyUtility,
    /// `miisactivate.exe`
    Activation,
    /// `Microsoft.ResourceManagement.Service.exe`
    MimService,
    /// `Microsoft.IdentityManagement.KeyProtectService.exe`
    KeyProtect,
}

impl MimProgram {
    /// All of them, with the names that saved labs have for them.
    const ALL: [(&str, Self); 5] = [
        ("SyncService", Self::SyncService),
        ("KeyUtility", Self::KeyUtility),
        ("Activation", Self::Activation),
        ("MimService", Self::MimService),
        ("KeyProtect", Self::KeyProtect),
    ];
    /// Those that are services, by the names of their files.
    const SERVICES: [(&str, Self); 3] = [
        ("miiserver.exe", Self::SyncService),
        ("Microsoft.ResourceManagement.Service.exe", Self::MimService),
        (key_protect::PROGRAM, Self::KeyProtect),
    ];

    /// The service that is in a file of that name, with or without its folder.
    pub fn in_file(path: &str) -> Option<Self> {
        let name = path.rsplit('\\').next().unwrap_or_default();
        let mut services = Self::SERVICES.into_iter();
        let found = services.find(|(file, _)| file.eq_ignore_ascii_case(name));
        found.map(|(_, program)| program)
    }

    fn of(program: &ProductProgram) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(name, _)| *name == program.0);
        found.map(|(_, program)| program)
    }
}

impl From<MimProgram> for ProductProgram {
    fn from(program: MimProgram) -> Self {
        Self(format!("{program:?}"))
    }
}

impl From<MimProgram> for Program {
    fn from(program: MimProgram) -> Self {
        Self::OfProduct(program.into())
    }
}

impl Products for Mim {
    fn program_in(&self, file: &str) -> Option<ProductProgram> {
        MimProgram::in_file(file).map(ProductProgram::from)
    }

    fn launch(
        &self,
        machine: &mut Machine<'_>,
        program: &ProductProgram,
        service: &LabService,
    ) -> Result<(), Ended> {
        match MimProgram::of(program) {
            Some(MimProgram::SyncService) => sync_service::launch(machine, &self.sql, service),
            Some(MimProgram::MimService) => mim_service::launch(machine, &self.sql, service),
            Some(MimProgram::KeyProtect) => {
                key_protect::launch(machine);
                Ok(())
            }
            Some(MimProgram::KeyUtility | MimProgram::Activation) | None => Ok(()),
        }
    }

    fn run(
        &self,
        machine: &mut Machine<'_>,
        program: &ProductProgram,
        arguments: &[&str],
        stdin: Option<&Secret>,
    ) -> Ending {
        match MimProgram::of(program) {
            Some(MimProgram::KeyUtility) => {
                key_tools::miiskmu(machine, &self.sql, arguments, stdin)
            }
            Some(MimProgram::Activation) => {
                key_tools::miisactivate(machine, &self.sql, arguments, stdin)
            }
            _ => Ending::failed(1, "this program is a service"),
        }
    }

    fn install(&self, machine: &mut Machine<'_>, arguments: &[&str]) -> Ending {
        setup::msiexec(machine, &self.sql, arguments)
    }

    fn converse(
        &self,
        machine: &Machine<'_>,
        pipe: &str,
        text: &Secret,
    ) -> Result<String, Failure> {
        key_protect::converse(machine, pipe, text)
    }

    fn adopt(&self, machine: &mut Machine<'_>) {
        self.complete(machine);
    }

    fn suffer(&self, machine: &mut Machine<'_>, fault: NamedFault) {
        match fault {
            NamedFault::SqlRightMissing => self.sql.drop_group_logins(),
            NamedFault::KeySetPasswordWrong => refuse_passwords(machine.state, true),
            _ => {}
        }
    }

    fn mend(&self, machine: &mut Machine<'_>, fault: NamedFault) {
        match fault {
            NamedFault::SqlRightMissing => self.sql.restore_group_logins(),
            NamedFault::KeySetPasswordWrong => refuse_passwords(machine.state, false),
            _ => {}
        }
    }
}

/// A host whose record cannot be read has no tools that could.
fn refuse_passwords(host: &mut HostState, refuses: bool) {
    let _ = Installations::change(host, |found| found.refuses_passwords = refuses);
}
