//! Account rights and local groups.

use agent_protocol::{AccountName, LocalGroupRequest, Reply, Request, RightsRequest};
use async_trait::async_trait;
use model::host::{AccountRight, GroupName, RightHolders, Trustee};
use model::names::LogonAccount;
use model::ports::{AccountRights, WorldError};
use security::Sid;

use super::{AgentHost, LONG, SHORT};

#[async_trait]
impl AccountRights for AgentHost {
    async fn account_sid(&self, account: &LogonAccount) -> Result<Option<Sid>, WorldError> {
        let account = AccountName::parse(account.to_string()).map_err(|e| self.world(e))?;
        match self.find(Request::ResolveAccount { account }).await? {
            None => Ok(None),
            Some(Reply::Sid(sid)) => Ok(Some(sid)),
            Some(_) => Err(self.unexpected("look up account")),
        }
    }

    async fn account_rights(&self) -> Result<Vec<RightHolders>, WorldError> {
        match self
            .plain(Request::Rights(RightsRequest::Read), LONG)
            .await?
        {
            Reply::Rights(rights) => Ok(rights),
            _ => Err(self.unexpected("read the account rights")),
        }
    }

    async fn grant_right(&self, right: AccountRight, to: &Sid) -> Result<bool, WorldError> {
        let request = RightsRequest::Grant { right, sid: *to };
        self.whether_there(Request::Rights(request), SHORT).await
    }

    async fn revoke_right(&self, right: AccountRight, from: &Sid) -> Result<bool, WorldError> {
        let request = RightsRequest::Revoke { right, sid: *from };
        self.whether_there(Request::Rights(request), SHORT).await
    }

    async fn group_members(&self, group: &GroupName) -> Result<Option<Vec<Trustee>>, WorldError> {
        let group = group.clone();
        let request = Request::LocalGroup(LocalGroupRequest::Read { group });
        match self.find(request).await? {
            None => Ok(None),
            Some(Reply::Members(members)) => Ok(Some(members)),
            Some(_) => Err(self.unexpected("read local group")),
        }
    }

    async fn add_group_member(&self, group: &GroupName, member: &Sid) -> Result<bool, WorldError> {
        let (group, member) = (group.clone(), *member);
        let request = LocalGroupRequest::Add { group, member };
        self.whether_there(Request::LocalGroup(request), SHORT)
            .await
    }

    async fn remove_group_member(
        &self,
        group: &GroupName,
        member: &Sid,
    ) -> Result<bool, WorldError> {
        let (group, member) = (group.clone(), *member);
        let request = LocalGroupRequest::Remove { group, member };
        self.whether_there(Request::LocalGroup(request), SHORT)
            .await
    }
}
