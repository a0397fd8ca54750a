//! Which accounts the host's access lists of DCOM and WMI name.

use model::host::{AccessList, FoundAccessList, Namespace};
use model::inventory::{Gap, HostAccess};
use model::ports::{ErrorKind, Host};
use security::SecurityDescriptor;

use super::{HostQuestion, Questions, gap};

/// Whoever calls from elsewhere goes through these; products have their own beside them.
const NAMESPACES: [&str; 2] = ["root", r"root\CIMV2"];

/// Entries that name accounts of a domain, and the lists that could not be read.
#[derive(Default)]
pub(super) struct Found {
    pub access: Vec<HostAccess>,
    pub unread: Vec<AccessList>,
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

/// Where a system has neither DCOM nor WMI, there is nothing to find.
pub(super) async fn read(
    host: &dyn Host,
    question: &HostQuestion,
    namespaces: &[Namespace],
    gaps: &mut Vec<Gap>,
) -> Found {
    let mut found = Found::default();
    let lists = match host.access_lists(namespaces).await {
        Ok(lists) => lists,
        Err(error) => {
            if error.kind != ErrorKind::NotSupported {
                let subject = format!("{}, access lists of DCOM and WMI", question.name);
                gaps.push(gap(&subject, &error));
            }
            return found;
        }
    };
    for (list, failure) in lists.unreadable {
        gaps.push(unread(question, &list, failure.to_string()));
        found.unread.push(list);
    }
    for FoundAccessList {
        list,
        title,
        descriptor,
    } in lists.lists
    {
        match SecurityDescriptor::from_bytes(&descriptor.0) {
            Ok(descriptor) => found.access.extend(entries(&list, title, &descriptor)),
            Err(error) => {
                gaps.push(unread(question, &list, error.to_string()));
                found.unread.push(list);
            }
        }
    }
    found
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

fn unread(question: &HostQuestion, list: &AccessList, why: String) -> Gap {
    Gap {
        subject: format!("{}, access list {list}", question.name),
        why,
        advice: Some("look at it with dcomcnfg or wmimgmt.msc, as an administrator".to_owned()),
    }
}
