//! Account rights and local groups of a host.

use async_trait::async_trait;
use security::Sid;

use super::super::WorldError;
use crate::host::{AccountRight, GroupName, RightHolders, Trustee};
use crate::names::LogonAccount;

/// Who may log on how, and who is in which local group.
///
/// Each change tells whether it was there before: only what was not is ours to take back.
#[async_trait]
pub trait AccountRights: Send + Sync {
    /// The SID of an account as the host resolves it; `None` where it knows none of that name.
    async fn account_sid(&self, account: &LogonAccount) -> Result<Option<Sid>, WorldError>;

    /// Who holds each of [`AccountRight::ALL`], and which group policies define it.
    async fn account_rights(&self) -> Result<Vec<RightHolders>, WorldError>;

    /// Grants a right locally; tells whether it was held already. A policy that defines the right takes it
    /// back with its next refresh: [`RightHolders::policies_without`].
    async fn grant_right(&self, right: AccountRight, to: &Sid) -> Result<bool, WorldError>;

    /// Takes a right away locally; tells whether it was held.
    async fn revoke_right(&self, right: AccountRight, from: &Sid) -> Result<bool, WorldError>;

    /// Direct members of a local group; `None` where there is no such group.
    async fn group_members(&self, group: &GroupName) -> Result<Option<Vec<Trustee>>, WorldError>;

    /// Adds a member to a local group; tells whether it was one already.
    async fn add_group_member(&self, group: &GroupName, member: &Sid) -> Result<bool, WorldError>;

    /// Removes a member from a local group; tells whether it was one.
    async fn remove_group_member(
        &self,
        group: &GroupName,
        member: &Sid,
    ) -> Result<bool, WorldError>;
}
