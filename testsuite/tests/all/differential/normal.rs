//! Entries in a form that is the same in both directories: without what each of them chooses by itself.

use std::collections::{BTreeMap, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

use ldap::Entry;
use managed_password::{ManagedPasswordBlob, ManagedPasswordId};
use security::{FileTime, Interval, SecurityDescriptor, Sid};

/// Names, attributes in small letters, and values in order.
pub type Entries = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Which object an identifier belongs to.
pub struct Identities {
    domain: Sid,
    by_name: HashMap<String, Sid>,
    names: HashMap<Sid, String>,
}

impl Identities {
    pub fn new(domain: Sid) -> Self {
        Self {
            domain,
            by_name: HashMap::new(),
            names: HashMap::new(),
        }
    }

    /// The object that was added under this name got this identifier.
    pub fn learn(&mut self, name: &str, sid: Sid) {
        self.by_name.insert(name.to_lowercase(), sid);
        self.names.insert(sid, name.to_lowercase());
    }

    /// An object's identifier; nobody's where there is no such object.
    pub fn sid(&self, name: &str) -> Sid {
        let nobody = || "S-1-5-21-1-2-3-4711".parse().unwrap();
        self.by_name
            .get(&name.to_lowercase())
            .copied()
            .unwrap_or_else(nobody)
    }

    fn show(&self, sid: &Sid) -> String {
        match (self.names.get(sid), sid.domain()) {
            (Some(name), _) => format!("<{name}>"),
            (None, Some(domain)) if domain == self.domain => {
                format!("<domain>-{}", sid.rid().unwrap())
            }
            _ if *sid == self.domain => "<domain>".to_owned(),
            _ => sid.to_string(),
        }
    }

    /// A text with names in the place of identifiers.
    fn show_all(&self, sddl: &str) -> String {
        let mut known: Vec<(String, &String)> = self
            .names
            .iter()
            .map(|(sid, name)| (sid.to_string(), name))
            .collect();
        known.sort_by_key(|(sid, _)| std::cmp::Reverse(sid.len())); // None is the beginning of a later one.
        let named = known.iter().fold(sddl.to_owned(), |text, (sid, name)| {
            text.replace(sid, &format!("<{name}>"))
        });
        named.replace(&self.domain.to_string(), "<domain>")
    }
}

/// The entries of an answer.
pub fn entries(identities: &Identities, entries: &[Entry], tag: &str) -> Entries {
    let attributes = |entry: &Entry| {
        let attribute = |attribute: &ldap::Attribute| {
            let name = attribute.name().to_lowercase();
            let mut values: Vec<String> = attribute
                .values()
                .iter()
                .map(|bytes| value(identities, &name, bytes, tag))
                .collect();
            // Beside each other even if they differ in case.
            values.sort_by_cached_key(|value| (value.to_lowercase(), value.clone()));
            (name, values)
        };
        entry.attributes.iter().map(attribute).collect()
    };
    entries
        .iter()
        .map(|entry| (entry.dn.to_string(), attributes(entry)))
        .collect()
}

fn value(identities: &Identities, attribute: &str, bytes: &[u8], tag: &str) -> String {
    let descriptor = || SecurityDescriptor::from_bytes(bytes).ok();
    let text = std::str::from_utf8(bytes).ok();
    let known = match attribute {
        "objectguid" => (bytes.len() == 16).then(|| "<guid>".to_owned()),
        "objectsid" | "tokengroups" => Sid::from_bytes(bytes).ok().map(|sid| identities.show(&sid)),
        "whencreated" | "whenchanged" | "dscorepropagationdata" => text
            .filter(|text| text.ends_with(".0Z"))
            .map(|_| "<time>".to_owned()),
        "usncreated" | "usnchanged" => text
            .filter(|text| text.parse::<u64>().is_ok())
            .map(|_| "<number>".to_owned()),
        "pwdlastset" | "lastlogon" | "badpasswordtime" | "lockouttime" | "lastlogontimestamp" => {
            text.and_then(|text| text.parse().ok())
                .filter(is_about_now)
                .map(|_| "<now>".to_owned())
        }
        "samaccountname" => text
            .filter(|text| text.starts_with('$') && !text.contains(tag))
            .map(|_| "<generated>".to_owned()),
        "msds-groupmsamembership" | "msds-allowedtoactonbehalfofotheridentity" => {
            descriptor().map(|descriptor| identities.show_all(&descriptor.to_sddl()))
        }
        "ntsecuritydescriptor" => descriptor().map(|descriptor| parts(&descriptor)),
        "msds-managedpasswordid" | "msds-managedpasswordpreviousid" => {
            ManagedPasswordId::from_bytes(bytes).ok().map(|id| {
                let (flags, domain, forest) = (id.flags, id.domain, id.forest);
                format!("flags {flags:?}, domain {domain}, forest {forest}")
            })
        }
        "msds-managedpassword" => ManagedPasswordBlob::from_bytes(bytes).ok().map(|blob| {
            let previous = blob.previous.is_some();
            format!("{} bytes, previous: {previous}", blob.encoded_len())
        }),
        _ => None,
    };
    known.unwrap_or_else(|| match text {
        Some(text) => text.to_owned(),
        None => format!("0x{}", hex::encode(bytes)),
    })
}

fn is_about_now(ticks: &u64) -> bool {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    let now = FileTime::from_unix_nanos(nanos as i128).unwrap();
    let time = FileTime::from_ticks(*ticks);
    let hour = Interval::from_hours(1);
    time > now.saturating_sub(hour) && time < now.saturating_add(hour)
}

/// Which parts of a descriptor are there.
fn parts(descriptor: &SecurityDescriptor) -> String {
    let part = |name: &str, there: bool| {
        if there {
            name.to_owned()
        } else {
            String::new()
        }
    };
    part("O", descriptor.owner().is_some())
        + &part("G", descriptor.group().is_some())
        + &part("D", descriptor.dacl().is_some())
}
