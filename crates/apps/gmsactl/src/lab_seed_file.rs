//! What a lab can start with, told apart by what stands in the file.

use std::path::Path;

use lab::ldif::{self, LdifEntry};
use model::inventory::Inventory;
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::inputs;
use crate::lab_controllers::Controllers;
use crate::lab_estate::LabEstate;
use crate::lab_import::LabTime;
use crate::lab_saved::SavedLab;

/// Longest file, in bytes: an export of a million objects.
const LONGEST: u64 = 1 << 30;

/// A file that a lab can start with.
pub enum LabSeedFile {
    /// What `lab save` wrote.
    Saved(Box<SavedLab>),
    /// What `discover --out` wrote.
    Inventory(Box<Inventory>),
    /// An LDIF export of a directory.
    Export(Vec<LdifEntry>),
}

impl LabSeedFile {
    /// Reads one.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = Zeroizing::new(bytes(path)?);
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Ok(Self::Export(entries(path, &bytes)?));
        }
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        if SavedLab::is_one(text) {
            let saved = SavedLab::parse(text).map_err(|failure| inputs::in_file(failure, path))?;
            return Ok(Self::Saved(Box::new(saved)));
        }
        Ok(Self::Inventory(Box::new(inputs::inventory(path)?)))
    }

    /// Starts a lab with it, and tells what could not be taken over.
    pub async fn start(
        self,
        controllers: Controllers,
    ) -> Result<(LabEstate, Vec<String>), Failure> {
        match self {
            Self::Saved(saved) => Ok((LabEstate::of_saved(*saved, controllers).await?, Vec::new())),
            Self::Export(entries) => LabEstate::of_export(&entries, controllers).await,
            Self::Inventory(found) => {
                let gaps = found.coverage.gaps.iter();
                let gaps = gaps.map(|gap| format!("{}: {}", gap.subject, gap.why));
                let (lab, _) =
                    LabEstate::of_inventory(&found, &[], LabTime::Now, controllers).await?;
                Ok((lab, gaps.collect()))
            }
        }
    }
}

/// Reads an LDIF export.
pub fn export(path: &Path) -> Result<Vec<LdifEntry>, Failure> {
    entries(path, &bytes(path)?)
}

fn entries(path: &Path, bytes: &[u8]) -> Result<Vec<LdifEntry>, Failure> {
    let entries = ldif::parse(bytes).and_then(|entries| {
        let (line, why) = (1, "there is no object in it".to_owned());
        let empty = entries.is_empty();
        if empty {
            Err(ldif::LdifError { line, why })
        } else {
            Ok(entries)
        }
    });
    entries.map_err(|error| {
        let message = format!("{}: this is no LDIF export: {error}", path.display());
        Failure::new("input", message)
            .hint("export the directory with ldapsearch -LLL, or with ldifde -f FILE")
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |error| Failure::file("input", "the file", path, &error);
    let length = std::fs::metadata(path).map_err(fail)?.len();
    if length > LONGEST {
        let message = format!(
            "{} has {length} bytes, at most {LONGEST} are read",
            path.display()
        );
        return Err(Failure::new("input", message).hint("export the part that the plan is about"));
    }
    std::fs::read(path).map_err(fail)
}
