//! Access lists on a host: of DCOM and WMI, of files and registry keys, of reserved URLs.

use async_trait::async_trait;
use security::SecurityDescriptor;

use super::super::WorldError;
use crate::host::{AccessList, AccessLists, AccessTree, Namespace};

/// Who may call from elsewhere what runs on the host, use its files and keys, and listen on its URLs.
#[async_trait]
pub trait AccessControl: Send + Sync {
    /// The lists that are there: DCOM's of the machine and of every application, WMI's of these namespaces.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotSupported`] where the system has neither.
    async fn access_lists(&self, namespaces: &[Namespace]) -> Result<AccessLists, WorldError>;

    /// Those of files and folders, or of keys, in these trees that have an entry of their own for an account or a group
    /// of a domain. A tree that is not there has none; one that cannot be read whole is told by the list at its top.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotSupported`] where the system has no such lists.
    async fn access_lists_below(&self, trees: &[AccessTree]) -> Result<AccessLists, WorldError>;

    /// Those of all reserved URLs.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotSupported`] where the system reserves none.
    async fn url_reservations(&self) -> Result<AccessLists, WorldError>;

    /// One of them; `None` where it is not there.
    async fn access_list(
        &self,
        list: &AccessList,
    ) -> Result<Option<SecurityDescriptor>, WorldError>;

    /// Replaces one that is there, whole.
    async fn write_access_list(
        &self,
        list: &AccessList,
        descriptor: &SecurityDescriptor,
    ) -> Result<(), WorldError>;
}
