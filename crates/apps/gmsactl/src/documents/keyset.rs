//! What `keyset` prints.

use engine::ExportedKeySet;
use mim::Node;
use model::ports::FileFacts;
use serde::Serialize;

/// The document of `keyset inspect`.
#[derive(Debug, Serialize)]
pub struct KeysetDocument {
    /// The services that have a key set.
    pub services: Vec<Node>,
    /// The files that runs of the journal exported.
    pub exports: Vec<ExportNow>,
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
    /// Whether the file there is that one.
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
    /// The export that it is a copy of.
    pub copy_of: Option<ExportedKeySet>,
}
