//! Access lists: of DCOM and WMI, of files and keys, of reserved URLs.

use agent_protocol::{AccessListRequest, Descriptor, Reply, Request};
use async_trait::async_trait;
use model::host::{AccessList, AccessLists, AccessTree, Namespace};
use model::ports::{AccessControl, ErrorKind, WorldError};
use security::SecurityDescriptor;

use super::{AgentHost, LONG, SHORT};

#[async_trait]
impl AccessControl for AgentHost {
    async fn access_lists(&self, namespaces: &[Namespace]) -> Result<AccessLists, WorldError> {
        let namespaces = namespaces.to_vec();
        self.found(AccessListRequest::Find { namespaces }).await
    }

    async fn access_lists_below(&self, trees: &[AccessTree]) -> Result<AccessLists, WorldError> {
        let trees = trees.to_vec();
        self.found(AccessListRequest::FindBelow { trees }).await
    }

    async fn url_reservations(&self) -> Result<AccessLists, WorldError> {
        self.found(AccessListRequest::FindUrls).await
    }

    async fn access_list(
        &self,
        list: &AccessList,
    ) -> Result<Option<SecurityDescriptor>, WorldError> {
        let request = AccessListRequest::Read { list: list.clone() };
        let found = match self.plain(Request::AccessLists(request), SHORT).await? {
            Reply::AccessList(found) => found,
            _ => return Err(self.unexpected("read access list")),
        };
        let read = |Descriptor(bytes)| SecurityDescriptor::from_bytes(&bytes);
        found.map(read).transpose().map_err(|error| {
            let what = format!("{}: {list} is no access list: {error}", self.name());
            WorldError::new(ErrorKind::Conflict, what)
                .advise(format!("look at it with {}", list.tool()))
        })
    }

    async fn write_access_list(
        &self,
        list: &AccessList,
        descriptor: &SecurityDescriptor,
    ) -> Result<(), WorldError> {
        let request = AccessListRequest::Write {
            list: list.clone(),
            descriptor: Descriptor(descriptor.to_bytes()),
        };
        let request = Request::AccessLists(request);
        self.plain(request, SHORT).await.map(|_| ())
    }
}

impl AgentHost {
    async fn found(&self, request: AccessListRequest) -> Result<AccessLists, WorldError> {
        match self.plain(Request::AccessLists(request), LONG).await? {
            Reply::AccessLists(lists) => Ok(lists),
            _ => Err(self.unexpected("read the access lists")),
        }
    }
}
