//! Access lists that are no values of the registry.

use agent_protocol::{AccessList, AccessTree, Descriptor};
use security::SecurityDescriptor;
use serde::{Deserialize, Serialize};

/// What a namespace gives to administrators, to the system's own accounts, and to everybody who is logged on.
const NAMESPACE: &str =
    "O:BAG:BAD:(A;CI;CCDCLCSWRPWPRCWD;;;BA)(A;CI;CCDCRP;;;NS)(A;CI;CCDCRP;;;LS)(A;CI;CCDCRP;;;AU)";
/// What a file, a folder or a key has from above.
const INHERITED: &str = "O:BAG:BAD:AI(A;ID;GA;;;BA)(A;ID;GA;;;SY)(A;ID;GR;;;BU)";

/// Security descriptors of namespaces, reserved URLs, files, folders and keys, in the order in which they were given.
/// A file, folder or key that is not in here has what it inherits.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptLists(Vec<(AccessList, Descriptor)>);

impl KeptLists {
    /// Those of a fresh Windows.
    pub fn fresh() -> Self {
        let mut lists = Self::default();
        lists.make_namespace("root");
        lists.make_namespace(r"root\CIMV2");
        lists
    }

    /// Makes a namespace, with what Windows gives by default.
    pub fn make_namespace(&mut self, path: &str) {
        if let (Ok(list), Ok(descriptor)) = (path.parse(), SecurityDescriptor::from_sddl(NAMESPACE))
        {
            self.put(&list, &descriptor);
        }
    }

    /// One that was given.
    pub fn get(&self, list: &AccessList) -> Option<&Descriptor> {
        let mut found = self.0.iter();
        let found = found.find(|(own, _)| own.is_same(list));
        found.map(|(_, descriptor)| descriptor)
    }

    /// That of a file, folder or key that is there: the one that was given, or what it inherits.
    pub fn of_object(&self, list: &AccessList) -> Option<Descriptor> {
        let inherited = || {
            let descriptor = SecurityDescriptor::from_sddl(INHERITED).ok()?;
            Some(Descriptor(descriptor.to_bytes()))
        };
        self.get(list).cloned().or_else(inherited)
    }

    /// Gives one, in place of what is there.
    pub fn put(&mut self, list: &AccessList, descriptor: &SecurityDescriptor) {
        let descriptor = Descriptor(descriptor.to_bytes());
        match self.0.iter_mut().find(|(own, _)| own.is_same(list)) {
            Some((_, present)) => *present = descriptor,
            None => self.0.push((list.clone(), descriptor)),
        }
    }

    /// Those that were given in a tree.
    pub fn below<'a>(&'a self, tree: &'a AccessTree) -> impl Iterator<Item = &'a AccessList> {
        let lists = self.0.iter().map(|(list, _)| list);
        lists.filter(|list| tree.has(list))
    }

    /// Reserved URLs.
    pub fn urls(&self) -> impl Iterator<Item = &AccessList> {
        let lists = self.0.iter().map(|(list, _)| list);
        lists.filter(|list| matches!(list, AccessList::Url(_)))
    }
}
