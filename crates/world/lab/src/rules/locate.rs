//! From the name in a request to the object.

use security::{Guid, Sid};

use super::refusal::Refusal;
use crate::store::Store;
use crate::store::dn::{self, Rdn};
use crate::store::object::ObjectId;
use crate::store::schema::Attr;

/// Finds the object that a request names: by its name, or as `<GUID=…>`, `<SID=…>` or `<WKGUID=…,…>` ([MS-ADTS]
/// 3.1.1.3.1.2.4 "Alternative Forms of DNs").
pub(crate) fn locate(store: &Store, name: &str) -> Result<ObjectId, Refusal> {
    let missing = || Refusal::no_such_object(String::new());
    if let Some(alternative) = name
        .strip_prefix('<')
        .and_then(|name| name.strip_suffix('>'))
    {
        let (form, value) = alternative.split_once('=').ok_or_else(Refusal::bad_dn)?;
        return match form.to_ascii_uppercase().as_str() {
            "GUID" => by_guid(store, value).ok_or_else(missing),
            "SID" => by_sid(store, value).ok_or_else(missing),
            "WKGUID" => well_known(store, value).ok_or_else(missing),
            _ => Err(Refusal::bad_dn()),
        };
    }
    let parts = dn::parse(name).ok_or_else(Refusal::bad_dn)?;
    store
        .resolve(&parts)
        .ok_or_else(|| not_here(store, name, &parts))
}

/// Finds the object above the one that a name means.
pub(crate) fn locate_parent(store: &Store, name: &str, parts: &[Rdn]) -> Result<ObjectId, Refusal> {
    let above = parts.get(1..).unwrap_or_default();
    store
        .resolve(above)
        .ok_or_else(|| not_here(store, name, parts))
}

/// Why there is no object with a name: it ends below nothing, or in a domain that is not here. The latter is referred to
/// its own domain controllers ([MS-ADTS] 3.1.1.4.6 "Referrals").
fn not_here(store: &Store, name: &str, parts: &[Rdn]) -> Refusal {
    let above = (1..parts.len()).find_map(|cut| store.resolve(parts.get(cut..)?));
    if let Some(above) = above {
        return Refusal::no_such_object(store.dn(above));
    }
    let of_domain = |part: &&Rdn| &*part.attribute == "DC";
    let labels = parts.iter().rev().take_while(of_domain);
    let mut labels: Vec<&str> = labels.map(|part| &*part.value).collect();
    labels.reverse();
    match labels.is_empty() {
        true => Refusal::no_such_object(String::new()),
        false => Refusal::referral(&labels.join("."), name),
    }
}

fn by_guid(store: &Store, text: &str) -> Option<ObjectId> {
    let guid = text
        .parse()
        .ok()
        .or_else(|| Some(Guid::from_bytes(hex(text)?.try_into().ok()?)))?;
    store
        .find(Attr::ObjectGuid, &guid.to_bytes())
        .first()
        .copied()
}

fn by_sid(store: &Store, text: &str) -> Option<ObjectId> {
    let sid: Sid = text
        .parse()
        .ok()
        .or_else(|| Sid::from_bytes(&hex(text)?).ok())?;
    store
        .find(Attr::ObjectSid, &sid.to_bytes())
        .first()
        .copied()
}

fn well_known(store: &Store, value: &str) -> Option<ObjectId> {
    let (guid, container) = value.split_once(',')?;
    let container = store.get(store.resolve_text(container)?)?;
    let mut lists = container
        .texts(Attr::WellKnownObjects)
        .chain(container.texts(Attr::OtherWellKnownObjects));
    lists.find_map(|entry| {
        let (found, name) = entry.strip_prefix("B:32:")?.split_once(':')?;
        found
            .eq_ignore_ascii_case(guid)
            .then(|| store.resolve_text(name))?
    })
}

/// Hexadecimal digits as bytes.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(
        digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}
