//! What a host says of itself: facts, products, files, programs it ran.

use serde::{Deserialize, Serialize};

use crate::HostPath;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z, by the host's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

/// The host and its operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Product name, such as `Windows Server 2019 Datacenter`.
    pub os_name: String,
    /// `major.minor`, such as `10.0`.
    pub os_version: String,
    /// Build number, with the update revision after a dot where it is known: `17763.6532`.
    pub os_build: String,
    /// The computer's own name.
    pub computer_name: String,
    /// Primary DNS suffix, for a joined host that of its domain.
    pub dns_domain: Option<String>,
    /// NetBIOS name of the domain the host is joined to; `None` in a workgroup or where it cannot be told.
    pub joined_domain: Option<String>,
    /// When it was booted.
    pub booted_at: Option<UnixMillis>,
    /// Its clock, when it answered.
    pub now: UnixMillis,
    /// Whether the agent runs with an elevated token (as root elsewhere).
    pub elevated: bool,
}

/// An installed product: one subkey of an `Uninstall` key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Name of the subkey: the MSI product code in braces, or any other name.
    pub code: String,
    /// `DisplayName`.
    pub name: String,
    /// `DisplayVersion`.
    pub version: Option<String>,
    /// `Publisher`.
    pub publisher: Option<String>,
    /// `InstallLocation`.
    pub install_location: Option<String>,
    /// `InstallDate`, as stored: mostly `yyyymmdd`.
    pub install_date: Option<String>,
    /// Which view it is registered in.
    pub view: RegistryView,
}

/// Registry view that programs of one word size see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistryView {
    /// That of 64-bit programs.
    #[serde(rename = "64")]
    Bits64,
    /// That of 32-bit programs (WOW6432Node).
    #[serde(rename = "32")]
    Bits32,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutcome {
    /// Exit code; `None` when a signal ended it (not on Windows).
    pub exit_code: Option<i32>,
    /// Its standard output.
    pub stdout: Captured,
    /// Its standard error.
    pub stderr: Captured,
}

/// What a program wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// Whether more was written than is kept.
    pub truncated: bool,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMetadata {
    /// File, directory, or something else.
    pub kind: FileKind,
    /// Size in bytes.
    pub size: u64,
    /// Last change of its content.
    pub modified: Option<UnixMillis>,
}

/// Sort of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Neither, or a link to nothing.
    Other,
}

/// Digest of a file's content, read from the disk after it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// The file.
    pub path: HostPath,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256, 64 lower-case hex digits.
    pub sha256: String,
}

/// Content that only the holder of an identity can read; base64 on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedContent(#[serde(with = "crate::base64_bytes")] pub Vec<u8>);

/// A file and the copy of it that is sealed to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedDigest {
    /// What was sealed, as it was read.
    pub plain: FileDigest,
    /// The copy.
    pub sealed: FileDigest,
}

/// MSA_INFO_STATE (lmaccess.h): whether this host can use a managed service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceAccountState {
    /// MsaInfoNotExist, 1: there is no such account.
    NotExist,
    /// MsaInfoNotService, 2: the account is not a managed service account.
    NotService,
    /// MsaInfoCannotInstall, 3: for a gMSA, the host cannot retrieve its password, or they have no
    /// Kerberos encryption type in common.
    CannotInstall,
    /// MsaInfoCanInstall, 4: a standalone account that can be installed; never said of a gMSA.
    CanInstall,
    /// MsaInfoInstalled, 5: for a gMSA, the host can retrieve its password.
    Installed,
}

impl ServiceAccountState {
    /// Reads the number that NetQueryServiceAccount gives.
    pub fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            1 => Self::NotExist,
            2 => Self::NotService,
            3 => Self::CannotInstall,
            4 => Self::CanInstall,
            5 => Self::Installed,
            _ => return None,
        })
    }
}
