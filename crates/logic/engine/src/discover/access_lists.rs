//! Which accounts a host's access lists name: those of DCOM and WMI, of reserved URLs, of folders and keys.

mod trees;

use model::host::{AccessList, AccessLists, Namespace};
use model::inventory::{Gap, HostAccess, HostInventory};
use model::ports::{ErrorKind, Host, WorldError};
use security::SecurityDescriptor;

use super::{Questions, gap};

/// Whoever calls from elsewhere goes through these; products have their own beside them.
const NAMESPACES: [&str; 2] = ["root", r"root\CIMV2"];

/// Adds to the inventory which entries name accounts of a domain, and which lists of DCOM and WMI could not be read.
pub(super) async fn read(
    host: &dyn Host,
    questions: &Questions,
    inventory: &mut HostInventory,
    gaps: &mut Vec<Gap>,
) {
    let lists = host.access_lists(&questions.namespaces()).await;
    let mut reading = Reading { inventory, gaps };
    reading.inventory.unread_access_lists = reading.take("DCOM and WMI", lists);
    reading.take("reserved URLs", host.url_reservations().await);
    let trees = trees::of(reading.inventory, questions);
    if !trees.is_empty() {
        let lists = host.access_lists_below(&trees).await;
        reading.take("folders and registry keys", lists);
    }
}

struct Reading<'a> {
    inventory: &'a mut HostInventory,
    gaps: &'a mut Vec<Gap>,
}

impl Reading<'_> {
    /// Takes over what was found; returns what could not be read. Where a system has no such lists, there is nothing
    /// to find.
    fn take(&mut self, what: &str, lists: Result<AccessLists, WorldError>) -> Vec<AccessList> {
        let lists = match lists {
            Ok(lists) => lists,
            Err(error) => {
                if error.kind != ErrorKind::NotSupported {
                    let subject = format!("{}, access lists of {what}", self.inventory.name);
                    self.gaps.push(gap(&subject, &error));
                }
                return Vec::new();
            }
        };
        let mut unread = Vec::new();
        for (list, failure) in lists.unreadable {
            self.miss(&list, failure.to_string());
            unread.push(list);
        }
        for found in lists.lists {
            match SecurityDescriptor::from_bytes(&found.descriptor.0) {
                Ok(descriptor) => {
                    let entries = entries(&found.list, found.title, &descriptor);
                    self.inventory.access.extend(entries);
                }
                Err(error) => {
                    self.miss(&found.list, error.to_string());
                    unread.push(found.list);
                }
            }
        }
        unread
    }

    fn miss(&mut self, list: &AccessList, why: String) {
        self.gaps.push(Gap {
            subject: format!("{}, access list {list}", self.inventory.name),
            why,
            advice: Some(format!(
                "look at it with {}, as an administrator",
                list.tool()
            )),
        });
    }
}

impl Questions {
    /// The namespaces that are looked at on every host.
    pub(super) fn namespaces(&self) -> Vec<Namespace> {
        let of_components = self.components.iter().flat_map(|probe| &probe.namespaces);
        namespaces_with(of_components)
    }
}

/// Windows' own namespaces whose access lists matter, and these beside them.
#[must_use]
pub fn namespaces_with<'a>(others: impl IntoIterator<Item = &'a Namespace>) -> Vec<Namespace> {
    let always = NAMESPACES
        .into_iter()
        .filter_map(|path| Namespace::parse(path).ok());
    let mut all: Vec<Namespace> = Vec::new();
    for path in always.chain(others.into_iter().cloned()) {
        let same = |known: &Namespace| known.as_str().eq_ignore_ascii_case(path.as_str());
        if !all.iter().any(same) {
            all.push(path);
        }
    }
    all
}

/// What else the lists have is nobody's business here.
fn entries(
    list: &AccessList,
    title: Option<String>,
    descriptor: &SecurityDescriptor,
) -> Vec<HostAccess> {
    let aces = descriptor.dacl().map(|dacl| dacl.aces());
    let aces = aces.unwrap_or_default().iter();
    let own = aces.filter(|ace| !ace.is_inherited());
    let entry = |ace: &security::Ace| {
        Some(HostAccess {
            list: list.clone(),
            title: title.clone(),
            sid: ace.sid().filter(|sid| sid.domain().is_some())?,
            ace: ace.clone(),
        })
    };
    own.filter_map(entry).collect()
}
