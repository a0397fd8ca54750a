//! Access lists of DCOM and WMI on a host.

use async_trait::async_trait;
use security::SecurityDescriptor;

use super::super::WorldError;
use crate::host::{AccessList, AccessLists, Namespace};

/// Who may call from elsewhere what runs on the host.
#[async_trait]
pub trait AccessControl: Send + Sync {
    /// The lists that are there: DCOM's of the machine and of every application, WMI's of these namespaces.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotSupported`] where the system has neither.
    async fn access_lists(&self, namespaces: &[Namespace]) -> Result<AccessLists, WorldError>;

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
