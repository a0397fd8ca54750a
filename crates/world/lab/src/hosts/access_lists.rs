//! Access lists: of DCOM, which stand in the registry, of WMI's namespaces, of files and keys, of reserved URLs.

mod kept;

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AccessList, AccessListRequest, AccessLists, AccessTree, ApplicationList, Descriptor, Failure,
    FailureKind, FoundAccessList, Keeper, MachineList, RegistryValue, Reply, in_braces,
};
use security::SecurityDescriptor;

pub use self::kept::KeptLists;

use super::machine::Machine;
use super::state::HostState;

const FILE_NOT_FOUND: Win32Code = Win32Code(2);
const INVALID_PARAMETER: Win32Code = Win32Code(87);
const INVALID_SECURITY_DESCRIPTOR: Win32Code = Win32Code(1338);

impl HostState {
    /// Puts a list in its place, while a host is built.
    pub fn put_access_list(&mut self, list: &AccessList, descriptor: &SecurityDescriptor) {
        match list.keeper() {
            Keeper::Value(key, name) => {
                let value = RegistryValue::Binary(descriptor.to_bytes());
                self.registry.set(&key.to_string(), name, value);
            }
            _ => self.lists.put(list, descriptor),
        }
    }
}

impl Machine<'_> {
    /// Does a request about access lists.
    ///
    /// # Errors
    /// The failure that Windows would give.
    pub fn access_lists(&mut self, request: AccessListRequest) -> Result<Reply, Failure> {
        match request {
            AccessListRequest::Find { namespaces } => {
                let namespaces = namespaces.into_iter().map(AccessList::Namespace);
                Ok(Reply::AccessLists(self.find_access_lists(namespaces)))
            }
            AccessListRequest::FindBelow { trees } => {
                Ok(Reply::AccessLists(self.access_lists_below(&trees)))
            }
            AccessListRequest::FindUrls => {
                let urls: Vec<_> = self.state.lists.urls().cloned().collect();
                Ok(Reply::AccessLists(self.collect(urls.into_iter())))
            }
            AccessListRequest::Read { list } => self.access_list(&list).map(Reply::AccessList),
            AccessListRequest::Write { list, descriptor } => self
                .write_access_list(&list, descriptor.0)
                .map(|()| Reply::Done),
        }
    }

    fn find_access_lists(&self, namespaces: impl Iterator<Item = AccessList>) -> AccessLists {
        let registry = &self.state.registry;
        let applications = registry.list(&AccessList::applications_key());
        let applications = applications.map(|key| key.subkeys).unwrap_or_default();
        let applications = applications.iter().filter_map(|name| in_braces(name));
        let of_applications = applications
            .flat_map(|id| ApplicationList::ALL.map(|list| AccessList::Application(id, list)));
        let of_machine = MachineList::ALL.into_iter().map(AccessList::Machine);
        self.collect(of_machine.chain(of_applications).chain(namespaces))
    }

    fn access_lists_below(&self, trees: &[AccessTree]) -> AccessLists {
        let given = trees.iter().flat_map(|tree| self.state.lists.below(tree));
        let mut found = self.collect(given.cloned());
        let lists = &mut found.lists;
        lists.retain(|found| found.descriptor.names_somebody() == Some(true));
        found
    }

    /// Those of them that are there.
    fn collect(&self, lists: impl Iterator<Item = AccessList>) -> AccessLists {
        let mut found = AccessLists::default();
        for list in lists {
            match self.access_list(&list) {
                Ok(Some(descriptor)) => found.lists.push(FoundAccessList {
                    title: self.title_of(&list),
                    descriptor,
                    list,
                }),
                Ok(None) => {}
                Err(failure) => found.unreadable.push((list, failure)),
            }
        }
        found
    }

    fn title_of(&self, list: &AccessList) -> Option<String> {
        let AccessList::Application(id, _) = list else {
            return None;
        };
        let key = AccessList::application_key(id).to_string();
        self.state.registry.text(&key, "").map(str::to_owned)
    }

    /// `None` where there is no such list.
    fn access_list(&self, list: &AccessList) -> Result<Option<Descriptor>, Failure> {
        match list.keeper() {
            Keeper::Wmi(_) | Keeper::Http(_) => Ok(self.state.lists.get(list).cloned()),
            Keeper::File(path) => {
                let there = self.state.files.get(path);
                Ok(there.and_then(|_| self.state.lists.of_object(list)))
            }
            Keeper::Key(key) => {
                let there = self.state.registry.list(key).ok();
                Ok(there.and_then(|_| self.state.lists.of_object(list)))
            }
            Keeper::Value(key, name) => match self.state.registry.read(&key, name) {
                Ok(RegistryValue::Binary(bytes)) => Ok(Some(Descriptor(bytes.clone()))),
                Ok(_) => Err(Failure::new(
                    FailureKind::Invalid,
                    format!("value {name:?} of {key} is not binary"),
                )),
                Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
                Err(failure) => Err(failure),
            },
        }
    }

    /// The registry keeps whatever it gets as a value; everything else is looked at first.
    fn write_access_list(&mut self, list: &AccessList, bytes: Vec<u8>) -> Result<(), Failure> {
        let keeper = list.keeper();
        if let Keeper::Value(key, name) = keeper {
            let value = RegistryValue::Binary(bytes);
            return self.state.registry.write(&key, name, value, false);
        }
        let what = format!("change the access list of {list}");
        let descriptor = SecurityDescriptor::from_bytes(&bytes)
            .map_err(|_| Failure::from_code(INVALID_SECURITY_DESCRIPTOR, what.as_str()))?;
        if self.access_list(list)?.is_none() {
            return Err(match keeper {
                Keeper::File(_) | Keeper::Key(_) => Failure::from_code(FILE_NOT_FOUND, what),
                _ => Failure::new(FailureKind::NotFound, format!("there is no {list}")),
            });
        }
        if matches!(keeper, Keeper::Wmi(_)) && descriptor.owner().is_none() {
            return Err(Failure::from_code(INVALID_PARAMETER, what));
        }
        self.state.lists.put(list, &descriptor);
        Ok(())
    }
}
