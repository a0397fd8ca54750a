//! Rights in the directory: entries in objects' access lists, found, added and taken out one at a time.

use ldap::{Control, Dn, Entry, Filter, Scope, SdFlags, Search};
use model::inventory::{DirectoryRight, DirectoryRights};
use model::names;
use model::ports::{ErrorKind, WorldError};
use security::{Ace, Sid};

use crate::ActiveDirectory;
use crate::accounts::{dn, ldap_dn};
use crate::descriptors::{ACCESS_LIST, Descriptor};
use crate::error::world_error;

/// The access list of an object.
const RIGHTS: Descriptor = Descriptor {
    attribute: ACCESS_LIST,
    change: "change the rights on",
    elsewhere: "change them on the domain controller, with its own tools",
    removed_when_empty: false,
};

/// What has other objects below it, and so what rights are delegated on. AdminSDHolder is a container.
const CONTAINERS: [&str; 4] = [
    "domainDNS",
    "organizationalUnit",
    "container",
    "builtinDomain",
];

impl ActiveDirectory {
    /// One search, page by page: of the lists only the entries of these principals are kept.
    pub(crate) async fn find_rights(
        &self,
        principals: &[Sid],
    ) -> Result<DirectoryRights, WorldError> {
        let cannot = "cannot read who has rights on the domain's containers";
        let class = CONTAINERS.map(|class| Filter::equal("objectClass", class));
        let domain = self.naming.domain.clone();
        let search = Search::new(domain, Scope::Subtree, Filter::any(class))
            .attributes([RIGHTS.attribute])
            .control(Control::sd_flags(SdFlags::DACL));
        let mut found = DirectoryRights::default();
        let page = |entries: Vec<Entry>| {
            let each = entries.iter();
            each.for_each(|entry| keep(entry, principals, &mut found));
        };
        let listed = self.server.search_pages(search, page).await;
        listed.map_err(|error| world_error(cannot, error))?;
        let shadows = self.shadow_principals();
        let shadows = self.server.read(&shadows, &[RIGHTS.attribute]).await;
        if let Some(entry) = shadows.map_err(|error| world_error(cannot, error))? {
            keep(&entry, principals, &mut found);
        }
        let order = |right: &DirectoryRight| (right.object.clone(), right.ace.to_string());
        found.entries.sort_by_cached_key(order);
        Ok(found)
    }

    /// The container of shadow principals (class `msDS-ShadowPrincipalContainer`), which forests have from Windows Server
    /// 2016 on.
    fn shadow_principals(&self) -> Dn {
        let services = self.naming.configuration.child("CN", "Services");
        services.child("CN", "Shadow Principal Configuration")
    }

    pub(crate) async fn read_rights(
        &self,
        object: &names::Dn,
        principal: &Sid,
    ) -> Result<Vec<Ace>, WorldError> {
        let cannot = format!("cannot read the rights on {object}");
        let entry = self
            .server
            .read(&ldap_dn(object), &[RIGHTS.attribute])
            .await;
        let entry = entry.map_err(|error| world_error(&cannot, error))?;
        let entry = entry.ok_or_else(|| {
            WorldError::new(ErrorKind::NotFound, format!("{cannot}: it is not there"))
        })?;
        let list = RIGHTS.read(&entry)?;
        let list = list.ok_or_else(|| RIGHTS.unreadable(object, &cannot))?;
        Ok(list.explicit_aces_of(principal).cloned().collect())
    }

    pub(crate) async fn put_rights(
        &self,
        object: &names::Dn,
        aces: &[Ace],
    ) -> Result<(), WorldError> {
        self.edit_descriptor(object, &RIGHTS, |list| list.add_all(aces))
            .await
    }

    pub(crate) async fn remove_rights(
        &self,
        object: &names::Dn,
        aces: &[Ace],
    ) -> Result<(), WorldError> {
        self.edit_descriptor(object, &RIGHTS, |list| list.take_all(aces))
            .await
    }
}

/// Keeps the entries of these principals, or counts the object as one that cannot be read.
fn keep(entry: &Entry, principals: &[Sid], found: &mut DirectoryRights) {
    let (Ok(Some(list)), Ok(object)) = (RIGHTS.read(entry), dn(entry)) else {
        found.unreadable += 1;
        return;
    };
    for sid in principals {
        let aces = list.explicit_aces_of(sid).cloned();
        found.entries.extend(aces.map(|ace| DirectoryRight {
            object: object.clone(),
            sid: *sid,
            ace,
        }));
    }
}
