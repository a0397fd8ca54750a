//! Access lists: of DCOM, which stand in the registry, of WMI's namespaces, of files and keys, of reserved URLs. Not
//! yet seen on Windows.

mod objects;
mod reservations;
mod trees;

use agent_protocol::{
    AccessList, AccessListRequest, AccessLists, ApplicationList, Descriptor, Failure, FailureKind,
    FoundAccessList, Keeper, MachineList, Namespace, RegistryValue, RegistryView, Reply, in_braces,
};

use self::objects::Object;
use super::namespaces;
use super::registry::{self, OpenKey};

/// Does a request about access lists.
pub fn handle(request: &AccessListRequest) -> Result<Reply, Failure> {
    match request {
        AccessListRequest::Find { namespaces } => find(namespaces).map(Reply::AccessLists),
        AccessListRequest::FindBelow { trees } => Ok(Reply::AccessLists(trees::find(trees))),
        AccessListRequest::FindUrls => reservations::all().map(Reply::AccessLists),
        AccessListRequest::Read { list } => {
            read(list).map(|found| Reply::AccessList(found.map(Descriptor)))
        }
        AccessListRequest::Write { list, descriptor } => {
            write(list, &descriptor.0).map(|()| Reply::Done)
        }
    }
}

fn find(namespaces: &[Namespace]) -> Result<AccessLists, Failure> {
    let mut found = AccessLists::default();
    let mut look = |list: AccessList, title: Option<&str>| match read(&list) {
        Ok(Some(bytes)) => found.lists.push(FoundAccessList {
            list,
            title: title.map(str::to_owned),
            descriptor: Descriptor(bytes),
        }),
        Ok(None) => {}
        Err(failure) => found.unreadable.push((list, failure)),
    };
    for list in MachineList::ALL {
        look(AccessList::Machine(list), None);
    }
    let key = AccessList::applications_key();
    let applications = OpenKey::to_read(&key, RegistryView::Bits64).and_then(|opened| {
        let names = opened.subkeys();
        names.map_err(|code| Failure::from_code(code, format!("list {key}")))
    })?;
    for id in applications.iter().filter_map(|name| in_braces(name)) {
        let title = match registry::read_value(&AccessList::application_key(&id), "") {
            Ok(RegistryValue::Text(title)) => Some(title),
            _ => None,
        };
        for list in ApplicationList::ALL {
            look(AccessList::Application(id, list), title.as_deref());
        }
    }
    for path in namespaces {
        look(AccessList::Namespace(path.clone()), None);
    }
    Ok(found)
}

/// `None` where there is no such list.
fn read(list: &AccessList) -> Result<Option<Vec<u8>>, Failure> {
    let (key, name) = match list.keeper() {
        Keeper::Wmi(path) => return namespaces::read(path),
        Keeper::File(path) => return Object::file(path).read(),
        Keeper::Key(key) => return Object::key(key).read(),
        Keeper::Http(url) => return reservations::read(url),
        Keeper::Value(key, name) => (key, name),
    };
    match registry::read_value(&key, name) {
        Ok(RegistryValue::Binary(bytes)) => Ok(Some(bytes)),
        Ok(_) => Err(Failure::new(
            FailureKind::Invalid,
            format!("value {name:?} of {key} is not binary"),
        )),
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn write(list: &AccessList, descriptor: &[u8]) -> Result<(), Failure> {
    match list.keeper() {
        Keeper::Wmi(path) => namespaces::write(path, descriptor),
        Keeper::File(path) => Object::file(path).write(descriptor),
        Keeper::Key(key) => Object::key(key).write(descriptor),
        Keeper::Http(url) => reservations::write(url, descriptor),
        Keeper::Value(key, name) => {
            let value = RegistryValue::Binary(descriptor.to_vec());
            registry::write_value(&key, name, &value, false)
        }
    }
}
