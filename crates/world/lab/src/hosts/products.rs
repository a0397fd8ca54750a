//! What hosts leave to the products that are installed on them: they know nothing of any.

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, Secret};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::faults::NamedFault;
use super::machine::Machine;
use super::programs::Ending;
use super::services::LabService;
use super::start::Ended;

/// ERROR_FILE_NOT_FOUND.
const NO_PIPE: Win32Code = Win32Code(2);
/// ERROR_INSTALL_PACKAGE_OPEN_FAILED.
const NO_PACKAGE: i32 = 1619;

/// Products, as hosts meet them. What a method does not say is what a host without products does.
pub trait Products: Send + Sync {
    /// Which of the products' programs is in a file of that name, without its folder.
    fn program_in(&self, _file: &str) -> Option<ProductProgram> {
        None
    }

    /// What a service's process does before it reports that it runs.
    ///
    /// # Errors
    /// How it ended instead.
    fn launch(
        &self,
        _machine: &mut Machine<'_>,
        _program: &ProductProgram,
        _service: &LabService,
    ) -> Result<(), Ended> {
        Ok(())
    }

    /// Runs a program to its end.
    fn run(
        &self,
        _machine: &mut Machine<'_>,
        program: &ProductProgram,
        _arguments: &[&str],
        _stdin: Option<&Secret>,
    ) -> Ending {
        Ending::failed(1, format!("nothing here knows the program {}", program.0))
    }

    /// Runs `msiexec.exe`.
    fn install(&self, _machine: &mut Machine<'_>, _arguments: &[&str]) -> Ending {
        Ending::failed(NO_PACKAGE, "This installation package could not be opened.")
    }

    /// Takes a text from a named pipe and answers it.
    ///
    /// # Errors
    /// 2 where no running service has that pipe.
    fn converse(
        &self,
        _machine: &Machine<'_>,
        pipe: &str,
        _text: &Secret,
    ) -> Result<String, Failure> {
        Err(no_pipe(pipe))
    }

    /// Completes what is installed on a host of which services and registry were found.
    fn adopt(&self, _machine: &mut Machine<'_>) {}

    /// Lets go wrong what a fault means for the products.
    fn suffer(&self, _machine: &mut Machine<'_>, _fault: NamedFault) {}

    /// Ends such a fault, as the products' administrator would.
    fn mend(&self, _machine: &mut Machine<'_>, _fault: NamedFault) {}
}

/// A host with nothing but Windows.
pub struct NoProducts;

impl Products for NoProducts {}

/// The failure of a client that finds no pipe of that name.
pub fn no_pipe(pipe: &str) -> Failure {
    Failure::from_code(NO_PIPE, format!("connect to pipe {pipe}"))
}

/// A program of a product, by the name that the product gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductProgram(pub String);

/// What products keep on a host beside files, services and registry; only they can read it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(serde_json::Value);

impl Kept {
    /// What is kept; the default where nothing is yet.
    ///
    /// # Errors
    /// Where it is something else than `T`.
    pub fn read<T: DeserializeOwned + Default>(&self) -> Result<T, serde_json::Error> {
        match &self.0 {
            serde_json::Value::Null => Ok(T::default()),
            kept => T::deserialize(kept),
        }
    }

    /// Keeps something instead.
    ///
    /// # Errors
    /// Where it cannot be written as JSON.
    pub fn write<T: Serialize>(&mut self, what: &T) -> Result<(), serde_json::Error> {
        self.0 = serde_json::to_value(what)?;
        Ok(())
    }
}
