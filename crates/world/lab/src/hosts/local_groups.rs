//! Local groups of a host.

use std::collections::{BTreeMap, BTreeSet};

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, LocalGroupRequest, Reply};
use security::Sid;
use serde::{Deserialize, Serialize};

use super::machine::Machine;

/// ERROR_NO_SUCH_ALIAS: the specified local group does not exist.
const NO_SUCH_GROUP: Win32Code = Win32Code(1376);

/// Members by the group's name in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalGroups(BTreeMap<String, BTreeSet<Sid>>);

/// The groups that every host has and conversions care about.
impl Default for LocalGroups {
    fn default() -> Self {
        let names = ["Administrators", "IIS_IUSRS", "Users"];
        Self(
            names
                .map(|name| (name.to_lowercase(), BTreeSet::new()))
                .into(),
        )
    }
}

impl Machine<'_> {
    /// Does a request about a local group.
    ///
    /// # Errors
    /// 1376 where there is no such group.
    pub fn local_group(&mut self, request: LocalGroupRequest) -> Result<Reply, Failure> {
        let words = request.to_string();
        let (LocalGroupRequest::Read { group }
        | LocalGroupRequest::Add { group, .. }
        | LocalGroupRequest::Remove { group, .. }) = &request;
        let groups = &mut self.state.local_groups.0;
        let Some(members) = groups.get_mut(&group.as_str().to_lowercase()) else {
            return Err(Failure::from_code(NO_SUCH_GROUP, words));
        };
        Ok(match request {
            LocalGroupRequest::Add { member, .. } => Reply::Existed(!members.insert(member)),
            LocalGroupRequest::Remove { member, .. } => Reply::Existed(members.remove(&member)),
            LocalGroupRequest::Read { .. } => {
                let sids: Vec<Sid> = members.iter().copied().collect();
                Reply::Members(sids.into_iter().map(|sid| self.trustee(sid)).collect())
            }
        })
    }
}
