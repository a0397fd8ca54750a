//! What `keyset` prints.

use engine::{ExportedKeySet, SavedKeySet, SealedKeySet};
use mim::Node;
use model::names::{HostName, RunId};
use model::ports::FileFacts;
use serde::Serialize;

/// The document of `keyset inspect`.
#[derive(Debug, Serialize)]
pub struct KeysetDocument {
    /// The services that have a key set.
    pub services: Vec<Node>,
    /// The files that runs of the journal exported.
    pub exports: Vec<ExportNow>,
    /// The files that setups saved by themselves: never those that are restored.
    pub saved_by_setup: Vec<SavedNow>,
}

/// A file that a setup saved, and what is there now.
#[derive(Debug, Serialize)]
pub struct SavedNow {
    /// What it saved.
    #[serde(flatten)]
    pub saved: SavedKeySet,
    /// Whether its content is that of an export of this journal.
    pub same_as_an_export: bool,
    /// Whether it is still there as it was.
    pub holds: bool,
    /// What is there; none where nothing is, or the host did not say.
    pub now: Option<FileFacts>,
    /// What was seen.
    pub detail: String,
}

/// The document of `keyset verify`.
#[derive(Debug, Serialize)]
pub struct KeysetVerification {
    /// Whether every file, and the copy, is what was exported.
    pub holds: bool,
    /// The files on the hosts.
    pub exports: Vec<ExportNow>,
    /// The copy that was named.
    pub copy: Option<CopyFacts>,
}

/// An exported file, and what is there now.
#[derive(Debug, Serialize)]
pub struct ExportNow {
    /// What was exported.
    #[serde(flatten)]
    pub exported: ExportedKeySet,
    /// Whether what is to be there is: the file, unless the run removed it, and its sealed copy, if one was made.
    pub holds: bool,
    /// What is in the file's place; none where nothing is, or the host did not say.
    pub now: Option<FileFacts>,
    /// What was seen there.
    pub detail: String,
    /// The same of its sealed copy, if one was made.
    pub sealed_now: Option<FileNow>,
}

/// What is in a file's place.
#[derive(Debug, Serialize)]
pub struct FileNow {
    /// Whether it is what is to be there.
    pub holds: bool,
    /// What is there; none where nothing is, or the host did not say.
    pub now: Option<FileFacts>,
    /// What was seen.
    pub detail: String,
}

/// A copy of an exported file on this machine.
#[derive(Debug, Serialize)]
pub struct CopyFacts {
    /// Its path.
    pub path: String,
    /// Size and hash.
    #[serde(flatten)]
    pub facts: FileFacts,
    /// Whether it is sealed: what it is a copy of is told by its own hash, or by its content where an identity opened it.
    pub sealed: bool,
    /// Size and hash of its content, where an identity opened it.
    pub content: Option<FileFacts>,
    /// The export that it is a copy of.
    pub copy_of: Option<ExportedKeySet>,
}

/// The document of `keyset fetch`.
#[derive(Debug, Serialize)]
pub struct FetchedCopies {
    /// Whether there are some, and all of them are here.
    pub all: bool,
    /// Every sealed copy that the journal knows.
    pub copies: Vec<FetchedCopy>,
}

/// A sealed copy, and where it is here.
#[derive(Debug, Serialize)]
pub struct FetchedCopy {
    /// The host that it is on.
    pub host: HostName,
    /// The run that made it.
    pub run: RunId,
    /// The copy on the host.
    pub copy: SealedKeySet,
    /// Its path on this machine.
    pub path: String,
    /// Whether it was fetched now; otherwise it was here already, or failed.
    pub fetched: bool,
    /// Why it is not here.
    pub failed: Option<String>,
}

/// The document of `keyset open`.
#[derive(Debug, Serialize)]
pub struct OpenedKeySet {
    /// The file that was written.
    pub file: String,
    /// Its size and hash.
    #[serde(flatten)]
    pub facts: FileFacts,
    /// The export that it is.
    pub copy_of: ExportedKeySet,
}
