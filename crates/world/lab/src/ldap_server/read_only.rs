//! Changes that are asked of a read-only domain controller ([MS-ADTS] 3.1.1.5.1.10 "Originating Updates Attempted on an
//! RODC").

use std::sync::Arc;

use crate::directory::Directory;
use crate::faults::RequestKind;
use crate::rules::locate::{locate, locate_parent};
use crate::rules::refusal::Refusal;
use crate::store::dn;

/// Who carries the change out instead. First the object is looked for, of a new one that above it; nothing else is.
pub(super) fn referral(directory: &Arc<Directory>, kind: RequestKind, name: &str) -> Refusal {
    let found = directory.read(|store| match (kind, dn::parse(name)) {
        (RequestKind::Add, Some(parts)) => locate_parent(store, name, &parts),
        _ => locate(store, name),
    });
    match found {
        Ok(_) => {
            let writable = directory.authority().forest.controller_dns_name();
            Refusal::referral(&writable, name)
        }
        Err(refusal) => refusal,
    }
}
