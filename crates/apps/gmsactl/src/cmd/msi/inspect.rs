//! What an installation package says about itself.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use msi_package::{Package, PackageError};

use crate::cmd::Done;
use crate::error::Failure;
use crate::view::{Output, human};

/// Arguments of `msi inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gmsactl msi inspect \"Service and Portal.msi\" --json")]
pub struct Inspect {
    /// The package: .msi, .msp or .mst.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Inspect {
    /// Reads the file and shows what it says.
    pub fn run(&self, output: &Output) -> Done {
        output.document(&read(&self.file)?, human::package);
        Ok(0)
    }
}

/// The package that a file holds.
pub fn read(path: &Path) -> Result<Package, Failure> {
    let file =
        File::open(path).map_err(|error| Failure::file("input", "the package", path, &error))?;
    Package::read(BufReader::new(file)).map_err(|error| refusal(path, &error))
}

fn refusal(path: &Path, error: &PackageError) -> Failure {
    let hint = match error {
        PackageError::NotAPackage(_) => {
            "name an .msi, .msp or .mst file; setup.exe programs only carry one inside"
        }
        PackageError::Table { .. } | PackageError::Damaged => {
            "copy the file from the installation media again"
        }
    };
    Failure::new("input", path.display().to_string())
        .caused_by(error)
        .hint(hint)
}
