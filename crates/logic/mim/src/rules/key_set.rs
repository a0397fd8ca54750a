//! The key set: where its tools and its file are.

use model::finding::Finding;
use planner::{HostView, findings};

use crate::component::Component;
use crate::key_set::KeySet;

/// Where the intent speaks of one all the same.
fn no_key_set(component: &Component, view: &HostView<'_>) -> Option<Finding> {
    let wanted = view.conversion;
    let line = match (wanted.key_set.is_some(), wanted.recipient.is_empty()) {
        (false, true) => return None,
        (_, false) => "recipient",
        (true, true) => "key-set",
    };
    Some(findings::KEY_SET_NONE.found(
        format!("{}, {}", component.entry.id, view.host.name),
        format!("{line} is given, and this component has no key set"),
        format!("take {line} out of this conversion: it belongs to that of sync"),
    ))
}

/// What stands in the way of the export; or an intent that wants one of a component without a key set.
pub(super) fn finding(component: &Component, view: &HostView<'_>) -> Option<Finding> {
    let Some(key_set) = &component.entry.key_set else {
        return no_key_set(component, view);
    };
    let (key, value) = key_set.folder_location();
    let file = view.conversion.key_set.as_deref().unwrap_or(&key_set.file);
    let subject = format!("{}, key set", view.host.name);
    if key_set.folder(view.host).is_none() {
        let what = format!("the product's folder is not in the registry ({key}, {value})");
        return Some(findings::KEY_SET_UNKNOWN.found(
            subject,
            what,
            "repair the installation of the product",
        ));
    }
    if KeySet::folder_of(file).is_none() {
        let what = format!("key-set = {file} is no absolute path");
        return Some(findings::KEY_SET_UNKNOWN.found(
            subject,
            what,
            "name a file with its drive, such as C:\\MIMBackup\\miiskeys-1.bin",
        ));
    }
    let sealed = view.conversion.sealed_copy_of(file);
    let files = [Some(file), sealed.as_deref()];
    let mut there = files.into_iter().flatten();
    let found = there.find_map(|file| Some((file, view.host.files.get(file)?)));
    found.map(|(file, hash)| {
        let what = format!("{file} is there already (SHA-256 {hash})");
        let advice = "move it to a safe place, or name another file as key-set in conversion.toml";
        findings::KEY_SET_FILE_EXISTS.found(subject, what, advice)
    })
}
