//! Access lists of a host, kept as they are written.

use async_trait::async_trait;
use model::host::{AccessList, AccessLists, AccessTree, Descriptor, FoundAccessList, Namespace};
use model::ports::{AccessControl, ErrorKind, WorldError};
use security::SecurityDescriptor;

use super::super::state::error;
use super::FakeHost;
use super::settings::HostSettings;

#[async_trait]
impl AccessControl for FakeHost {
    async fn access_lists(&self, namespaces: &[Namespace]) -> Result<AccessLists, WorldError> {
        self.look("read the access lists", |host| {
            Ok(host.settings.lists(|list| match list {
                AccessList::Machine(_) | AccessList::Application(..) => true,
                AccessList::Namespace(path) => namespaces.contains(path),
                _ => false,
            }))
        })
    }

    async fn access_lists_below(&self, trees: &[AccessTree]) -> Result<AccessLists, WorldError> {
        self.look("read the access lists below folders", |host| {
            let below = |list: &AccessList| trees.iter().any(|tree| tree.has(list));
            Ok(host.settings.lists(below))
        })
    }

    async fn url_reservations(&self) -> Result<AccessLists, WorldError> {
        self.look("read the reserved URLs", |host| {
            let is_url = |list: &AccessList| matches!(list, AccessList::Url(_));
            Ok(host.settings.lists(is_url))
        })
    }

    async fn access_list(
        &self,
        list: &AccessList,
    ) -> Result<Option<SecurityDescriptor>, WorldError> {
        self.look(&format!("read {list}"), |host| {
            let found = host.settings.access_lists.get(list);
            Ok(found.map(|(_, descriptor)| descriptor.clone()))
        })
    }

    async fn write_access_list(
        &self,
        list: &AccessList,
        descriptor: &SecurityDescriptor,
    ) -> Result<(), WorldError> {
        self.change(&format!("write {list}"), |host| {
            let found = host.settings.access_lists.get_mut(list);
            let found = found.ok_or_else(|| error(ErrorKind::NotFound, "no such list"))?;
            found.1 = descriptor.clone();
            Ok(())
        })
    }
}

impl HostSettings {
    fn lists(&self, wanted: impl Fn(&AccessList) -> bool) -> AccessLists {
        let lists = self.access_lists.iter();
        let lists = lists.filter(|(list, _)| wanted(list));
        let found = lists.map(|(list, (title, descriptor))| FoundAccessList {
            list: list.clone(),
            title: title.clone(),
            descriptor: Descriptor(descriptor.to_bytes()),
        });
        AccessLists {
            lists: found.collect(),
            unreadable: Vec::new(),
        }
    }
}
