//! Registry values and service triggers.

use agent_protocol::{RegistryKey, RegistryValue, Reply, Request, TriggerRequest};
use async_trait::async_trait;
use model::host::ServiceTrigger;
use model::names::ServiceName;
use model::ports::{Settings, WorldError};

use super::{AgentHost, SHORT};
use crate::translate;

#[async_trait]
impl Settings for AgentHost {
    async fn registry_value(
        &self,
        key: &str,
        name: &str,
    ) -> Result<Option<RegistryValue>, WorldError> {
        let key = RegistryKey::parse(key).map_err(|e| self.world(e))?;
        let name = name.to_owned();
        match self.find(Request::ReadValue { key, name }).await? {
            None => Ok(None),
            Some(Reply::Value(value)) => Ok(Some(value)),
            Some(_) => Err(self.unexpected("read value")),
        }
    }

    async fn write_registry_value(
        &self,
        key: &str,
        name: &str,
        value: &RegistryValue,
    ) -> Result<(), WorldError> {
        let request = Request::WriteValue {
            key: RegistryKey::parse(key).map_err(|e| self.world(e))?,
            name: name.to_owned(),
            value: value.clone(),
            create_key: false,
        };
        self.plain(request, SHORT).await.map(drop)
    }

    async fn delete_registry_value(&self, key: &str, name: &str) -> Result<bool, WorldError> {
        let key = RegistryKey::parse(key).map_err(|e| self.world(e))?;
        let name = name.to_owned();
        self.whether_there(Request::DeleteValue { key, name }, SHORT)
            .await
    }

    async fn service_triggers(
        &self,
        service: &ServiceName,
    ) -> Result<Option<Vec<ServiceTrigger>>, WorldError> {
        let service = translate::service_name(service).map_err(|e| self.world(e))?;
        let request = Request::Triggers(TriggerRequest::Read { service });
        match self.find(request).await? {
            None => Ok(None),
            Some(Reply::Triggers(triggers)) => Ok(Some(triggers)),
            Some(_) => Err(self.unexpected("read the triggers")),
        }
    }

    async fn add_service_trigger(
        &self,
        service: &ServiceName,
        trigger: &ServiceTrigger,
    ) -> Result<bool, WorldError> {
        let request = TriggerRequest::Add {
            service: translate::service_name(service).map_err(|e| self.world(e))?,
            trigger: trigger.clone(),
        };
        self.whether_there(Request::Triggers(request), SHORT).await
    }

    async fn remove_service_trigger(
        &self,
        service: &ServiceName,
        trigger: &ServiceTrigger,
    ) -> Result<bool, WorldError> {
        let request = TriggerRequest::Remove {
            service: translate::service_name(service).map_err(|e| self.world(e))?,
            trigger: trigger.clone(),
        };
        self.whether_there(Request::Triggers(request), SHORT).await
    }
}
