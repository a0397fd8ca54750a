//! Registry values and service triggers of a host.

use async_trait::async_trait;

use super::super::WorldError;
use crate::host::{RegistryValue, ServiceTrigger};
use crate::names::ServiceName;

/// Settings that are kept as they are written.
#[async_trait]
pub trait Settings: Send + Sync {
    /// A value with its type, of a key such as `HKLM\SYSTEM\…`; `None` where key or value is not there.
    /// To restore it, write it back, or delete it where it was `None`.
    async fn registry_value(
        &self,
        key: &str,
        name: &str,
    ) -> Result<Option<RegistryValue>, WorldError>;

    /// Writes a value; the key must be there.
    async fn write_registry_value(
        &self,
        key: &str,
        name: &str,
        value: &RegistryValue,
    ) -> Result<(), WorldError>;

    /// Deletes a value; tells whether it was there.
    async fn delete_registry_value(&self, key: &str, name: &str) -> Result<bool, WorldError>;

    /// All triggers of a service; `None` where it is not installed.
    async fn service_triggers(
        &self,
        service: &ServiceName,
    ) -> Result<Option<Vec<ServiceTrigger>>, WorldError>;

    /// Adds a trigger to those that are there; tells whether it was there already.
    async fn add_service_trigger(
        &self,
        service: &ServiceName,
        trigger: &ServiceTrigger,
    ) -> Result<bool, WorldError>;

    /// Removes the trigger that is equal, and no other; tells whether it was there.
    async fn remove_service_trigger(
        &self,
        service: &ServiceName,
        trigger: &ServiceTrigger,
    ) -> Result<bool, WorldError>;
}
