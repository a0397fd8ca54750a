//! What starts and stops a service beside the service control manager and people.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use security::Guid;
use serde::{Deserialize, Serialize};

use crate::ServiceName;

/// What is asked about a service's triggers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TriggerRequest {
    /// All of a service → [`crate::Reply::Triggers`].
    Read {
        /// Key name.
        service: ServiceName,
    },
    /// Adds one to those that are there; being there already is success → [`crate::Reply::Existed`].
    Add {
        /// Key name.
        service: ServiceName,
        /// The trigger.
        trigger: ServiceTrigger,
    },
    /// Removes the one that is equal; its absence is success → [`crate::Reply::Existed`].
    Remove {
        /// Key name.
        service: ServiceName,
        /// The trigger.
        trigger: ServiceTrigger,
    },
}

impl TriggerRequest {
    /// Whether the host is the same afterwards.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::Read { .. })
    }
}

impl fmt::Display for TriggerRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { service } => write!(f, "read the triggers of service {service}"),
            Self::Add { service, trigger } => {
                write!(f, "add trigger {trigger} to service {service}")
            }
            Self::Remove { service, trigger } => {
                write!(f, "remove trigger {trigger} from service {service}")
            }
        }
    }
}

/// SERVICE_TRIGGER (winsvc.h), with everything that it takes to write it back unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTrigger {
    /// `dwTriggerType`.
    pub kind: u32,
    /// What it does: `dwAction` 1 starts, 2 stops.
    pub action: TriggerAction,
    /// `pTriggerSubtype`; all zeros where there is none.
    pub subtype: Guid,
    /// `pDataItems`: type and data (base64) of each.
    pub data: Vec<TriggerData>,
}

/// What a trigger does to its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerAction {
    /// Starts it.
    Start,
    /// Stops it.
    Stop,
}

/// SERVICE_TRIGGER_SPECIFIC_DATA_ITEM (winsvc.h).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerData {
    /// `dwDataType`.
    pub kind: u32,
    /// `pData`, base64.
    pub base64: String,
}

impl TriggerData {
    /// Data of that type.
    pub fn new(kind: u32, bytes: &[u8]) -> Self {
        let base64 = BASE64_STANDARD.encode(bytes);
        Self { kind, base64 }
    }

    /// Its bytes; `None` where it is not base64.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        BASE64_STANDARD.decode(&self.base64).ok()
    }
}

/// SERVICE_TRIGGER_TYPE_IP_ADDRESS_AVAILABILITY.
const IP_ADDRESS_AVAILABILITY: u32 = 2;
/// NETWORK_MANAGER_FIRST_IP_ADDRESS_ARRIVAL_GUID, 4f27f2de-14e2-430b-a549-7cd48cbc8245, as it lies in memory.
const FIRST_IP_ADDRESS_ARRIVAL: [u8; 16] = [
    0xde, 0xf2, 0x27, 0x4f, 0xe2, 0x14, 0x0b, 0x43, 0xa5, 0x49, 0x7c, 0xd4, 0x8c, 0xbc, 0x82, 0x45,
];

impl ServiceTrigger {
    /// Starts the service when the first IP address is there: `sc.exe triggerinfo NAME start/networkon`.
    pub fn start_with_network() -> Self {
        Self {
            kind: IP_ADDRESS_AVAILABILITY,
            action: TriggerAction::Start,
            subtype: Guid::from_bytes(FIRST_IP_ADDRESS_ARRIVAL),
            data: Vec::new(),
        }
    }
}

/// `start/networkon` as `sc.exe` has it, or action, type and subtype.
impl fmt::Display for ServiceTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::start_with_network() {
            return f.write_str("start/networkon");
        }
        let action = match self.action {
            TriggerAction::Start => "start",
            TriggerAction::Stop => "stop",
        };
        write!(f, "{action}/type {} {}", self.kind, self.subtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_trigger_has_the_guid_of_the_header() {
        let trigger = ServiceTrigger::start_with_network();
        assert_eq!(
            trigger.subtype.to_string().to_lowercase(),
            "4f27f2de-14e2-430b-a549-7cd48cbc8245"
        );
        assert_eq!(trigger.to_string(), "start/networkon");
    }

    #[test]
    fn data_is_kept_as_it_is() {
        let data = TriggerData::new(1, &[0, 0xff]);
        assert_eq!(data.bytes(), Some(vec![0, 0xff]));
        let broken = TriggerData {
            kind: 1,
            base64: "?".to_owned(),
        };
        assert_eq!(broken.bytes(), None);
    }
}
