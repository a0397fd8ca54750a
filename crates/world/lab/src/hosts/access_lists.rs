//! Access lists of DCOM, which stand in the registry, and of WMI's namespaces.

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AccessList, AccessListRequest, AccessLists, ApplicationList, Descriptor, Failure, FailureKind,
    FoundAccessList, Keeper, MachineList, RegistryValue, Reply, in_braces,
};
use security::SecurityDescriptor;
use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::state::HostState;

const INVALID_PARAMETER: Win32Code = Win32Code(87);
const INVALID_SECURITY_DESCRIPTOR: Win32Code = Win32Code(1338);

/// WMI's namespaces with their security descriptors, in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Namespaces(Vec<(String, Descriptor)>);

/// What a namespace gives to administrators, to the system's own accounts, and to everybody who is logged on.
const DEFAULT: &str =
    "O:BAG:BAD:(A;CI;CCDCLCSWRPWPRCWD;;;BA)(A;CI;CCDCRP;;;NS)(A;CI;CCDCRP;;;LS)(A;CI;CCDCRP;;;AU)";

impl Namespaces {
    /// Those of a fresh Windows.
    pub fn fresh() -> Self {
        let mut namespaces = Self::default();
        namespaces.make("root");
        namespaces.make(r"root\CIMV2");
        namespaces
    }

    /// Makes one, with what Windows gives by default.
    pub fn make(&mut self, path: &str) {
        if let Ok(descriptor) = SecurityDescriptor::from_sddl(DEFAULT) {
            self.put(path, &descriptor);
        }
    }

    /// The security of one.
    pub fn get(&self, path: &str) -> Option<&Descriptor> {
        let found = self.0.iter();
        let mut found = found.filter(|(own, _)| own.eq_ignore_ascii_case(path));
        found.next().map(|(_, descriptor)| descriptor)
    }

    /// Makes one, or replaces its security.
    pub fn put(&mut self, path: &str, descriptor: &SecurityDescriptor) {
        let descriptor = Descriptor(descriptor.to_bytes());
        let mut found = self.0.iter_mut();
        match found.find(|(own, _)| own.eq_ignore_ascii_case(path)) {
            Some((_, present)) => *present = descriptor,
            None => self.0.push((path.to_owned(), descriptor)),
        }
    }
}

impl HostState {
    /// Puts a list in its place, while a host is built.
    pub fn put_access_list(&mut self, list: &AccessList, descriptor: &SecurityDescriptor) {
        match list.keeper() {
            Keeper::Wmi(path) => self.namespaces.put(path.as_str(), descriptor),
            Keeper::Registry(key, name) => {
                let value = RegistryValue::Binary(descriptor.to_bytes());
                self.registry.set(&key.to_string(), name, value);
            }
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
        let mut found = AccessLists::default();
        for list in of_machine.chain(of_applications).chain(namespaces) {
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
            Keeper::Wmi(path) => Ok(self.state.namespaces.get(path.as_str()).cloned()),
            Keeper::Registry(key, name) => match self.state.registry.read(&key, name) {
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

    /// WMI looks at what it is given; the registry keeps whatever it gets.
    fn write_access_list(&mut self, list: &AccessList, bytes: Vec<u8>) -> Result<(), Failure> {
        match list.keeper() {
            Keeper::Wmi(path) => {
                let what = format!("change the security of {path}");
                let descriptor = SecurityDescriptor::from_bytes(&bytes);
                let descriptor = descriptor
                    .map_err(|_| Failure::from_code(INVALID_SECURITY_DESCRIPTOR, what.as_str()))?;
                if self.state.namespaces.get(path.as_str()).is_none() {
                    return Err(Failure::new(
                        FailureKind::NotFound,
                        format!("there is no namespace {path}"),
                    ));
                }
                if descriptor.owner().is_none() {
                    return Err(Failure::from_code(INVALID_PARAMETER, what));
                }
                self.state.namespaces.put(path.as_str(), &descriptor);
                Ok(())
            }
            Keeper::Registry(key, name) => {
                let value = RegistryValue::Binary(bytes);
                self.state.registry.write(&key, name, value, false)
            }
        }
    }
}
