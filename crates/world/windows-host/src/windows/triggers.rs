//! Triggers of services: information level 8 of QueryServiceConfig2W and ChangeServiceConfig2W.
//!
//! A change writes all triggers of a service: those that were there are written back as they were read.
//! Not yet seen on Windows.

use agent_protocol::{
    Failure, FailureKind, Reply, ServiceName, ServiceTrigger, TriggerAction, TriggerData,
    TriggerRequest,
};
use security::Guid;
use windows_sys::Win32::System::Services::{
    ChangeServiceConfig2W, QueryServiceConfig2W, SERVICE_CHANGE_CONFIG,
    SERVICE_CONFIG_TRIGGER_INFO, SERVICE_QUERY_CONFIG, SERVICE_TRIGGER,
    SERVICE_TRIGGER_ACTION_SERVICE_START, SERVICE_TRIGGER_ACTION_SERVICE_STOP,
    SERVICE_TRIGGER_INFO, SERVICE_TRIGGER_SPECIFIC_DATA_ITEM,
};
use windows_sys::core::GUID;

use super::last_error;
use super::service_manager::{self, OpenService};
use super::wide::Filled;

/// Does a request about triggers.
pub fn handle(request: &TriggerRequest) -> Result<Reply, Failure> {
    let both = SERVICE_QUERY_CONFIG | SERVICE_CHANGE_CONFIG;
    match request {
        TriggerRequest::Read { service } => {
            let opened = service_manager::open(service, SERVICE_QUERY_CONFIG)?;
            read(service, &opened).map(Reply::Triggers)
        }
        TriggerRequest::Add { service, trigger } => {
            let opened = service_manager::open(service, both)?;
            let mut triggers = read(service, &opened)?;
            let there = triggers.contains(trigger);
            if !there {
                triggers.push(trigger.clone());
                write(service, &opened, &triggers)?;
            }
            Ok(Reply::Existed(there))
        }
        TriggerRequest::Remove { service, trigger } => {
            let opened = service_manager::open(service, both)?;
            let mut triggers = read(service, &opened)?;
            let there = triggers.contains(trigger);
            if there {
                triggers.retain(|own| own != trigger);
                write(service, &opened, &triggers)?;
            }
            Ok(Reply::Existed(there))
        }
    }
}

fn read(name: &ServiceName, service: &OpenService) -> Result<Vec<ServiceTrigger>, Failure> {
    let filled = Filled::by(|buffer, size, needed| {
        // SAFETY: the handle is open, the buffer has `size` bytes and the structure's alignment.
        let done = unsafe {
            QueryServiceConfig2W(
                service.handle(),
                SERVICE_CONFIG_TRIGGER_INFO,
                buffer,
                size,
                needed,
            )
        };
        (done == 0).then(last_error)
    })
    .map_err(|code| Failure::from_code(code, format!("read the triggers of service {name}")))?;
    // SAFETY: the call has put one there.
    let Some(info) = unsafe { filled.slice::<SERVICE_TRIGGER_INFO>(1) }.first() else {
        return Ok(Vec::new());
    };
    if info.pTriggers.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the triggers lie in `filled`, so many as the structure says.
    let triggers = unsafe { std::slice::from_raw_parts(info.pTriggers, info.cTriggers as usize) };
    triggers.iter().map(read_one).collect()
}

fn read_one(trigger: &SERVICE_TRIGGER) -> Result<ServiceTrigger, Failure> {
    let subtype = match trigger.pTriggerSubtype.is_null() {
        true => GUID::from_u128(0),
        // SAFETY: a subtype that is there lies beside the trigger.
        false => unsafe { *trigger.pTriggerSubtype },
    };
    let items = match trigger.pDataItems.is_null() {
        true => &[],
        // SAFETY: the items lie beside the trigger, so many as it says.
        false => unsafe {
            std::slice::from_raw_parts(trigger.pDataItems, trigger.cDataItems as usize)
        },
    };
    let data = items.iter().map(|item| {
        let bytes = match item.pData.is_null() {
            true => &[],
            // SAFETY: the data lies beside the item, as long as it says.
            false => unsafe { std::slice::from_raw_parts(item.pData, item.cbData as usize) },
        };
        TriggerData::new(item.dwDataType, bytes)
    });
    Ok(ServiceTrigger {
        kind: trigger.dwTriggerType,
        action: match trigger.dwAction {
            SERVICE_TRIGGER_ACTION_SERVICE_START => TriggerAction::Start,
            SERVICE_TRIGGER_ACTION_SERVICE_STOP => TriggerAction::Stop,
            other => {
                let what = format!("a trigger has the unknown action {other}");
                return Err(Failure::new(FailureKind::Failed, what));
            }
        },
        subtype: from_windows(&subtype),
        data: data.collect(),
    })
}

/// One trigger in the memory that the call reads.
struct Parts {
    subtype: GUID,
    /// What the items point to.
    _bytes: Vec<Vec<u8>>,
    items: Vec<SERVICE_TRIGGER_SPECIFIC_DATA_ITEM>,
}

fn write(
    name: &ServiceName,
    service: &OpenService,
    triggers: &[ServiceTrigger],
) -> Result<(), Failure> {
    let mut parts = Vec::new();
    for trigger in triggers {
        parts.push(parts_of(trigger)?);
    }
    let raw = triggers.iter().zip(&mut parts).map(|(trigger, parts)| {
        let has_subtype = parts.subtype.data1 != 0 || parts.subtype.data4 != [0; 8];
        SERVICE_TRIGGER {
            dwTriggerType: trigger.kind,
            dwAction: match trigger.action {
                TriggerAction::Start => SERVICE_TRIGGER_ACTION_SERVICE_START,
                TriggerAction::Stop => SERVICE_TRIGGER_ACTION_SERVICE_STOP,
            },
            pTriggerSubtype: match has_subtype {
                true => &raw mut parts.subtype,
                false => std::ptr::null_mut(),
            },
            cDataItems: parts.items.len() as u32,
            pDataItems: match parts.items.is_empty() {
                true => std::ptr::null_mut(),
                false => parts.items.as_mut_ptr(),
            },
        }
    });
    let mut raw: Vec<SERVICE_TRIGGER> = raw.collect();
    let info = SERVICE_TRIGGER_INFO {
        cTriggers: raw.len() as u32,
        pTriggers: match raw.is_empty() {
            true => std::ptr::null_mut(), // All that were there are removed.
            false => raw.as_mut_ptr(),
        },
        pReserved: std::ptr::null_mut(),
    };
    // SAFETY: the handle is open; everything that the structure points to lives in `raw` and `parts` until
    // the call is over.
    let done = unsafe {
        ChangeServiceConfig2W(
            service.handle(),
            SERVICE_CONFIG_TRIGGER_INFO,
            (&raw const info).cast(),
        )
    };
    let code = last_error();
    drop((raw, parts));
    match done {
        0 => Err(Failure::from_code(
            code,
            format!("write the triggers of service {name}"),
        )),
        _ => Ok(()),
    }
}

fn parts_of(trigger: &ServiceTrigger) -> Result<Parts, Failure> {
    let broken = || Failure::new(FailureKind::Invalid, "a trigger's data is not base64");
    let mut bytes = Vec::new();
    for data in &trigger.data {
        bytes.push(data.bytes().ok_or_else(broken)?);
    }
    let items = trigger.data.iter().zip(&mut bytes);
    let items = items.map(|(data, bytes)| SERVICE_TRIGGER_SPECIFIC_DATA_ITEM {
        dwDataType: data.kind,
        cbData: bytes.len() as u32,
        pData: bytes.as_mut_ptr(),
    });
    let items = items.collect();
    Ok(Parts {
        subtype: to_windows(&trigger.subtype),
        _bytes: bytes,
        items,
    })
}

/// [MS-DTYP] 2.3.4.2: the first three fields are little-endian.
fn from_windows(guid: &GUID) -> Guid {
    let mut bytes = [0; Guid::LEN];
    let fields = guid.data1.to_le_bytes().into_iter();
    let fields = fields.chain(guid.data2.to_le_bytes());
    let fields = fields.chain(guid.data3.to_le_bytes()).chain(guid.data4);
    bytes
        .iter_mut()
        .zip(fields)
        .for_each(|(to, from)| *to = from);
    Guid::from_bytes(bytes)
}

fn to_windows(guid: &Guid) -> GUID {
    let [a, b, c, d, e, f, g, h, rest @ ..] = guid.to_bytes();
    GUID {
        data1: u32::from_le_bytes([a, b, c, d]),
        data2: u16::from_le_bytes([e, f]),
        data3: u16::from_le_bytes([g, h]),
        data4: rest,
    }
}
