//! Which accounts the host's machine-wide DCOM access lists name.

use model::host::RegistryValue;
use model::inventory::{ComAccess, ComAccessValue, Gap};
use model::ports::{Host, WorldError};
use security::{AceType, SecurityDescriptor};

use super::{HostQuestion, gap};

/// The registry values that are read.
pub(super) fn values() -> impl Iterator<Item = (String, String)> {
    let value = |value: ComAccessValue| (ComAccessValue::KEY.to_owned(), value.name().to_owned());
    ComAccessValue::ALL.into_iter().map(value)
}

/// Entries that allow something to accounts of a domain; what else the lists have is nobody's business here.
pub(super) async fn read(
    host: &dyn Host,
    question: &HostQuestion,
    gaps: &mut Vec<Gap>,
) -> Vec<ComAccess> {
    let mut found = Vec::new();
    for value in ComAccessValue::ALL {
        match host.registry_value(ComAccessValue::KEY, value.name()).await {
            Ok(Some(RegistryValue::Binary(bytes))) => found.extend(entries(value, &bytes)),
            Ok(_) => {} // Windows' own default, which names no account of a domain.
            Err(error) => gaps.push(of(question, value, &error)),
        }
    }
    found
}

fn entries(value: ComAccessValue, bytes: &[u8]) -> Vec<ComAccess> {
    // One that cannot be read is left alone: the step would refuse it too.
    let Ok(descriptor) = SecurityDescriptor::from_bytes(bytes) else {
        return Vec::new();
    };
    let aces = descriptor.dacl().map(|dacl| dacl.aces());
    let aces = aces.unwrap_or_default().iter();
    let entry = |ace: &security::Ace| {
        let sid = ace.sid().filter(|sid| sid.domain().is_some())?;
        let mask = ace.mask()?.0;
        let allows = ace.ace_type() == AceType::ACCESS_ALLOWED;
        allows.then_some(ComAccess { value, sid, mask })
    };
    aces.filter_map(entry).collect()
}

fn of(question: &HostQuestion, value: ComAccessValue, error: &WorldError) -> Gap {
    gap(&format!("{}, {value} of DCOM", question.name), error)
}
