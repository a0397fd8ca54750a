//! What the directory's verbs print.

use std::path::PathBuf;

use directory::{ActiveDirectory, Change, Member};
use model::inventory::Gmsa;
use model::names::{Dn, DnsName, SamAccountName, Spn};
use model::ports::Delegation;
use security::{Ace, Guid, Sid};
use serde::Serialize;

use crate::error::Failure;

/// The document of every verb that changes the directory.
#[derive(Debug, Serialize)]
pub struct Changed {
    /// Whether anything was changed, or would be.
    pub changed: bool,
    /// Whether it is only shown.
    pub dry_run: bool,
    /// What was changed, or would be, in that order.
    pub changes: Vec<Change>,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// With `--on-all-dcs`: which domain controllers show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_controllers: Option<Vec<ControllerState>>,
}

/// A SID and whose it is.
#[derive(Debug, Serialize)]
pub struct Named {
    /// The SID.
    pub sid: Sid,
    /// `sAMAccountName`; none where it is of no account of this domain.
    pub name: Option<SamAccountName>,
}

/// Whose these are.
pub async fn named(directory: &ActiveDirectory, sids: &[Sid]) -> Result<Vec<Named>, Failure> {
    let known = directory.principals(sids).await?;
    let named = |sid: &Sid| Named {
        sid: *sid,
        name: known.get(sid).map(|one| one.name.clone()),
    };
    Ok(sids.iter().map(named).collect())
}

/// The document of `account list`.
#[derive(Debug, Serialize)]
pub struct GmsaList {
    /// All gMSAs of the domain, by name.
    pub gmsas: Vec<Gmsa>,
}

/// The document of `group show`.
#[derive(Debug, Serialize)]
pub struct GroupDocument {
    /// Where it is.
    pub dn: Dn,
    /// `sAMAccountName`.
    pub name: SamAccountName,
    /// `objectSid`.
    pub sid: Sid,
    /// `objectGUID`.
    pub guid: Guid,
    /// Everybody in it, each once.
    pub members: Vec<Member>,
}

/// The document of `delegation show`.
#[derive(Debug, Serialize)]
pub struct DelegationDocument {
    /// Where the account is.
    pub dn: Dn,
    /// `sAMAccountName`.
    pub name: SamAccountName,
    /// Bits, services; SIDs of the callers.
    pub delegation: Delegation,
    /// The callers with their names.
    pub callers: Vec<Named>,
}

/// The document of `account rights`.
#[derive(Debug, Serialize)]
pub struct RightsDocument {
    /// Where it is.
    pub dn: Dn,
    /// `sAMAccountName`.
    pub name: SamAccountName,
    /// `objectSid`.
    pub sid: Sid,
    /// Its entries, by object.
    pub rights: Vec<RightOnObject>,
    /// How many objects there are whose access list the operator may not read.
    pub unreadable: usize,
}

/// An entry of an object's access list.
#[derive(Debug, Serialize)]
pub struct RightOnObject {
    /// The object.
    pub object: Dn,
    /// The entry, as SDDL writes one.
    pub entry: Ace,
    /// The same in words.
    pub means: String,
}

/// The document of `spn show`.
#[derive(Debug, Serialize)]
pub struct SpnList {
    /// The SPNs, each with a holder.
    pub spns: Vec<Holder>,
    /// Other SPNs that a domain controller takes for the one asked for where nobody holds that.
    pub answering: Vec<Holder>,
    /// Whether the whole forest was asked.
    pub whole_forest: bool,
}

/// An SPN and who holds it.
#[derive(Debug, Serialize)]
pub struct Holder {
    /// The SPN.
    pub spn: Spn,
    /// `sAMAccountName`.
    pub holder: SamAccountName,
    /// Where that account is.
    pub dn: Dn,
}

/// The document of `spn check`.
#[derive(Debug, Serialize)]
pub struct SpnCheck {
    /// How many SPNs there are.
    pub spns: usize,
    /// Whether the whole forest was asked.
    pub whole_forest: bool,
    /// SPNs with more than one holder: Kerberos fails for them.
    pub duplicates: Vec<SpnClash>,
    /// SPNs that one account holds although another's `HOST/…` stands for them: allowed, and the explicit one counts.
    pub aliases: Vec<SpnClash>,
}

/// An SPN that several accounts have to do with.
#[derive(Debug, Serialize)]
pub struct SpnClash {
    /// The SPN.
    pub spn: Spn,
    /// Who holds it.
    pub holders: Vec<SamAccountName>,
    /// Another account's SPN that stands for it.
    pub stands_for: Option<Spn>,
}

/// The document of `keytab write` and `keytab refresh`.
#[derive(Debug, Serialize)]
pub struct KeytabDocument {
    /// The file.
    pub file: PathBuf,
    /// Whether it was written.
    pub changed: bool,
    /// Whose keys.
    pub account: SamAccountName,
    /// Key version numbers, the newest first.
    pub versions: Vec<u32>,
    /// Further names that the keys are in it for.
    pub spns: Vec<Spn>,
    /// After how long the password changes.
    pub changes_in_seconds: u64,
}

/// The document of `kds wait`.
#[derive(Debug, Serialize)]
pub struct WaitDocument {
    /// Whether the key can be used on every domain controller.
    pub usable: bool,
    /// Each of them.
    pub domain_controllers: Vec<ControllerState>,
}

/// A domain controller that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControllerState {
    /// Which.
    pub domain_controller: DnsName,
    /// Why it is not up to date yet; none where it is.
    pub late: Option<String>,
}

/// The document of `account test`.
#[derive(Debug, Serialize)]
pub struct TestDocument {
    /// Whether nothing was found that stands in the way.
    pub usable: bool,
    /// The first check that fails.
    pub cause: Option<TestCheck>,
    /// All of them, in order.
    pub checks: Vec<TestCheck>,
}

/// One thing that a gMSA needs.
#[derive(Debug, Clone, Serialize)]
pub struct TestCheck {
    /// A word for scripts.
    pub id: &'static str,
    /// Whether it is so; none where that could not be seen.
    pub holds: Option<bool>,
    /// What was seen.
    pub detail: String,
    /// What to do.
    pub advice: Option<String>,
}

impl TestCheck {
    /// It is so.
    pub fn of(id: &'static str, detail: String) -> Self {
        Self {
            id,
            holds: Some(true),
            detail,
            advice: None,
        }
    }

    /// It is not so.
    pub fn failed(id: &'static str, detail: String, advice: String) -> Self {
        Self {
            id,
            holds: Some(false),
            detail,
            advice: Some(advice),
        }
    }

    /// It is not so, as a failure says.
    pub fn of_failure(id: &'static str, failure: Failure) -> Self {
        Self::failed(id, failure.message, failure.hint.unwrap_or_default())
    }

    /// It could not be seen.
    pub fn unknown(id: &'static str, detail: String) -> Self {
        Self {
            id,
            holds: None,
            detail,
            advice: None,
        }
    }
}
