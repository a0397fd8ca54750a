//! What a host asks its domain: the lab's directory answers behind [`DomainView`].

use std::collections::BTreeSet;

use model::names::SamAccountName;
use security::{FileTime, Interval, Sid};
use serde::{Deserialize, Serialize};

/// The domain as its domain controllers would answer a host now.
///
/// A host never keeps an answer, but for the token of its own computer account: Windows puts the
/// memberships into the Kerberos ticket that the computer got at its last boot or ticket purge.
pub trait DomainView: Send + Sync {
    /// The domain controller's clock; the lab's hosts run their own from it, with an offset each.
    fn now(&self) -> FileTime;

    /// So much time passes, for everybody: a host that takes it answers afterwards.
    fn pass(&self, time: Interval);

    /// NetBIOS name, such as `CONTOSO`.
    fn netbios_name(&self) -> String;

    /// DNS name, such as `contoso.com`.
    fn dns_name(&self) -> String;

    /// The account with that `sAMAccountName`, compared without regard to case.
    fn find(&self, name: &SamAccountName) -> Option<DomainAccount>;

    /// What a ticket issued now would carry for the account: its own SID and those of all its groups.
    fn token(&self, account: &Sid) -> Token;

    /// Reads a managed password as the owner of `reader` would: the version that is in force.
    ///
    /// # Errors
    /// [`NoPassword`] says why a domain controller gives none.
    fn managed_password(&self, gmsa: &Sid, reader: &Token) -> Result<PasswordVersion, NoPassword>;

    /// The version of a user's password that these bytes (UTF-8) are; `None` when they are wrong.
    fn proves(&self, account: &Sid, password: &[u8]) -> Option<PasswordVersion>;
}

/// An account as a host can see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainAccount {
    /// Its `objectSid`.
    pub sid: Sid,
    /// Its `sAMAccountName`, as stored.
    pub name: SamAccountName,
    /// What it is.
    pub kind: AccountKind,
    /// Whether `userAccountControl` has ACCOUNTDISABLE.
    pub disabled: bool,
    /// `msDS-SupportedEncryptionTypes`, the domain's default where it is not set ([MS-KILE] 2.2.7 bits).
    pub encryption_types: u32,
    /// Version of the password in force; what a host *has* of a gMSA it got from
    /// [`DomainView::managed_password`].
    pub password: PasswordVersion,
}

/// Class of an account, as far as services care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// `user`.
    User,
    /// `computer`.
    Computer,
    /// `msDS-GroupManagedServiceAccount`.
    Gmsa,
    /// `msDS-ManagedServiceAccount`: the standalone sort, which has to be installed on its one host.
    StandaloneManaged,
}

/// Counts the passwords of an account: another password, another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordVersion(pub u64);

/// Why a domain controller gives no managed password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPassword {
    /// None of the reader's SIDs is allowed by `msDS-GroupMSAMembership`.
    #[error("the computer is not among the principals allowed to retrieve the managed password")]
    NotAllowed,
    /// No KDS root key is in effect.
    #[error("no KDS root key is effective yet")]
    NoRootKey,
    /// No domain controller answers.
    #[error("no domain controller could be reached")]
    Unreachable,
}

/// Everyone ([MS-DTYP] 2.4.2.4 Well-Known SID Structures).
pub const EVERYONE: &str = "S-1-1-0";
/// Authenticated Users (the same section).
pub const AUTHENTICATED_USERS: &str = "S-1-5-11";

/// SIDs that a ticket carries: the account's own, and those of its groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(BTreeSet<Sid>);

impl Token {
    /// A token with these SIDs.
    pub fn of(sids: impl IntoIterator<Item = Sid>) -> Self {
        Self(sids.into_iter().collect())
    }

    /// Whether the SID is in it; Everyone and Authenticated Users are in every one.
    pub fn has(&self, sid: &Sid) -> bool {
        self.0.contains(sid) || [EVERYONE, AUTHENTICATED_USERS].contains(&sid.to_string().as_str())
    }

    /// Its SIDs, sorted.
    pub fn sids(&self) -> impl Iterator<Item = &Sid> {
        self.0.iter()
    }
}
