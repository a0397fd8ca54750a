//! Service principal names follow the names of their host ([MS-ADTS] 3.1.1.5.3 "Modify Operation": a changed dNSHostName
//! or sAMAccountName of a computer).

use crate::store::Store;
use crate::store::dn::fold;
use crate::store::object::{ObjectId, Value};
use crate::store::schema::Attr;

/// Puts the new name into the service principal names that have the old one.
pub(crate) fn follow(store: &mut Store, id: ObjectId, attribute: Attr, new: &[Value]) {
    let Some(object) = store.get(id).filter(|object| object.class.is("computer")) else {
        return;
    };
    let new = new.first().and_then(Value::bytes);
    let new = new.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let (Attr::DnsHostName | Attr::SamAccountName, Some(old), Some(new)) =
        (attribute, object.text(attribute), new)
    else {
        return;
    };
    let (old, new) = (old.trim_end_matches('$'), new.trim_end_matches('$'));
    let mut names: Vec<Value> = Vec::new();
    for spn in object.texts(Attr::ServicePrincipalName) {
        let renamed = Value::text(renamed(spn, old, new));
        if !names.contains(&renamed) {
            names.push(renamed);
        }
    }
    store.set(id, Attr::ServicePrincipalName, names);
}

/// `HOST/old:80/old` becomes `HOST/new:80/new`.
fn renamed(spn: &str, old: &str, new: &str) -> String {
    let part = |(index, part): (usize, &str)| {
        let (host, port) = part.split_at(part.find(':').unwrap_or(part.len()));
        match index > 0 && fold(host) == fold(old) {
            true => format!("{new}{port}"),
            false => part.to_owned(),
        }
    };
    let parts: Vec<String> = spn.split('/').enumerate().map(part).collect();
    parts.join("/")
}

#[test]
fn the_host_is_renamed_wherever_it_stands() {
    for (spn, after) in [
        ("HOST/old.x", "HOST/new.x"),
        ("MSSQLSvc/OLD.x:1433", "MSSQLSvc/new.x:1433"),
        ("old.x/other/old.x", "old.x/other/new.x"),
        ("HOST/old.xy", "HOST/old.xy"),
    ] {
        assert_eq!(renamed(spn, "old.x", "new.x"), after);
    }
}
