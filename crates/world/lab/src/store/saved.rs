//! A store as a file keeps it: every object, with its identifiers and secrets.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use security::Guid;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Store;
use super::class::Class;
use super::dn::Rdn;
use super::object::{Object, ObjectId, Value};
use super::schema::Attr;
use crate::kdc::AccountSecret;

/// All objects of a directory, containers before their contents.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedStore {
    usn: i64,
    next_rid: u32,
    objects: Vec<SavedObject>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedObject {
    id: u32,
    class: String,
    place: Place,
    attributes: BTreeMap<String, Vec<SavedValue>>,
    secret: Option<SavedSecret>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Place {
    /// The head of a naming context.
    Context(String),
    Below {
        parent: u32,
        attribute: String,
        value: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SavedValue {
    Text(String),
    Hex(String),
    Object(u32),
}

/// What an account logs on with. In a lab it was made up, or given to the lab.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedSecret {
    /// Not there for a gMSA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<HexBytes>,
    salt: String,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct HexBytes(#[serde(with = "hex_bytes")] Zeroizing<Vec<u8>>);

impl fmt::Debug for SavedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SavedSecret(..)")
    }
}

/// What is wrong with a saved store: one line.
#[derive(Debug)]
pub(crate) struct Damaged(pub(crate) String);

impl SavedStore {
    pub(crate) fn of(store: &Store) -> Self {
        let mut objects = Vec::new();
        let mut next: VecDeque<ObjectId> = store.contexts().collect();
        while let Some(id) = next.pop_front() {
            next.extend(store.children(id));
            objects.extend(
                store
                    .get(id)
                    .map(|object| SavedObject::of(store, id, object)),
            );
        }
        Self {
            usn: store.usn,
            next_rid: store.next_rid,
            objects,
        }
    }

    /// The store again; its objects may have other places in it.
    pub(crate) fn to_store(&self) -> Result<Store, Damaged> {
        let mut store = Store::new(self.next_rid);
        let mut places = HashMap::new();
        for saved in &self.objects {
            let id = saved.put(&mut store, &places)?;
            if places.insert(saved.id, id).is_some() {
                return Err(Damaged(format!("two objects have number {}", saved.id)));
            }
        }
        for saved in &self.objects {
            let id = place(&places, saved.id)?;
            for (name, values) in &saved.attributes {
                let unknown = || Damaged(format!("there is no attribute {name}"));
                let attribute = Attr::named(name).ok_or_else(unknown)?;
                let values: Result<Vec<Value>, Damaged> =
                    values.iter().map(|value| value.to_value(&places)).collect();
                store.set(id, attribute, values?);
            }
            if let Some(secret) = &saved.secret {
                let salt = secret.salt.clone();
                let secret = match &secret.password {
                    Some(password) => AccountSecret::new(&password.0, salt),
                    None => AccountSecret::managed(salt),
                };
                store.change(id, |object| object.secret = Some(Arc::new(secret)));
            }
        }
        store.usn = self.usn;
        Ok(store)
    }
}

impl SavedObject {
    fn of(store: &Store, id: ObjectId, object: &Object) -> Self {
        let place = match object.parent {
            None => Place::Context(store.dn(id)),
            Some(parent) => Place::Below {
                parent: parent.0,
                attribute: object.rdn.attribute.to_string(),
                value: object.rdn.value.to_string(),
            },
        };
        let attributes = object.attributes().map(|(attribute, values)| {
            let values = values.iter().map(SavedValue::of).collect();
            (attribute.name().to_owned(), values)
        });
        let secret = object.secret.as_ref().map(|secret| SavedSecret {
            password: secret
                .expose_utf8()
                .map(|utf8| HexBytes(Zeroizing::new(utf8.to_vec()))),
            salt: secret.salt().to_owned(),
        });
        Self {
            id: id.0,
            class: object.class.name.to_owned(),
            place,
            attributes: attributes.collect(),
            secret,
        }
    }

    fn put(&self, store: &mut Store, places: &HashMap<u32, ObjectId>) -> Result<ObjectId, Damaged> {
        let unknown = || Damaged(format!("there is no class {}", self.class));
        let class = Class::named(&self.class).ok_or_else(unknown)?;
        // Its own identifier is among its attributes.
        let guid = Guid::from_bytes([0; 16]);
        match &self.place {
            Place::Context(name) => store
                .insert_context(name, class, guid)
                .ok_or_else(|| Damaged(format!("{name} is no name"))),
            Place::Below {
                parent,
                attribute,
                value,
            } => {
                let parent = place(places, *parent)?;
                let rdn = Rdn::new(attribute, value);
                if store.child(parent, &rdn).is_some() {
                    return Err(Damaged(format!("{attribute}={value} is there twice")));
                }
                Ok(store.insert(parent, rdn, class, guid))
            }
        }
    }
}

impl SavedValue {
    fn of(value: &Value) -> Self {
        match value {
            Value::Object(id) => Self::Object(id.0),
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Hex(hex::encode(bytes)),
            },
        }
    }

    fn to_value(&self, places: &HashMap<u32, ObjectId>) -> Result<Value, Damaged> {
        match self {
            Self::Text(text) => Ok(Value::text(text)),
            Self::Object(id) => place(places, *id).map(Value::Object),
            Self::Hex(digits) => hex::decode(digits)
                .map(Value::from)
                .map_err(|_| Damaged(format!("{digits:.20} is not hexadecimal"))),
        }
    }
}

fn place(places: &HashMap<u32, ObjectId>, id: u32) -> Result<ObjectId, Damaged> {
    let missing = || Damaged(format!("there is no object {id} where one is meant"));
    places.get(&id).copied().ok_or_else(missing)
}

mod hex_bytes {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Zeroizing::new(hex::encode(bytes)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Zeroizing<Vec<u8>>, D::Error> {
        let digits = Zeroizing::new(String::deserialize(from)?);
        let bytes = hex::decode(digits.as_str());
        bytes
            .map(Zeroizing::new)
            .map_err(|_| D::Error::custom("not hexadecimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{self, LabSeed};
    use crate::snapshot::differences;

    fn saved() -> (Arc<Store>, String) {
        let seed = LabSeed::reference_estate(b"Lab-Admin-Pa55", b"Lab-Service-Pa55");
        let store = seed::build(&seed).unwrap().save().store;
        let text = serde_json::to_string(&SavedStore::of(&store)).unwrap();
        (store, text)
    }

    #[test]
    fn a_store_comes_back_with_every_identifier_and_secret() {
        let (store, text) = saved();
        let again: SavedStore = serde_json::from_str(&text).unwrap();
        let again = again.to_store().unwrap();
        assert_eq!(again.len(), store.len());
        let user = |store: &Store| {
            let id = store.find(Attr::SamAccountName, b"svc-mimsync")[0];
            let object = store.get(id).unwrap();
            let guid = object.bytes(Attr::ObjectGuid).unwrap().to_vec();
            let knows = object
                .secret
                .as_ref()
                .unwrap()
                .is_password(b"Lab-Service-Pa55");
            (object.sid(), guid, store.dn(id), knows)
        };
        assert_eq!(user(&again), user(&store));
        assert!(user(&again).3);
        assert_eq!((again.usn, again.next_rid), (store.usn, store.next_rid));
        assert_eq!(differences(&store, &Arc::new(again)), Vec::<String>::new());
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let (_, text) = saved();
        for (good, bad) in [
            (r#""class":"user""#, r#""class":"nonsense""#),
            (r#""member":"#, r#""no-such-attribute":"#),
            (r#""parent":0"#, r#""parent":4000000000"#),
            (r#"{"object":"#, r#"{"object":4"#),
        ] {
            let damaged = text.replacen(good, bad, 1);
            assert_ne!(damaged, text, "{good}");
            let saved: Result<SavedStore, _> = serde_json::from_str(&damaged);
            assert!(
                saved.is_err() || saved.unwrap().to_store().is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let (_, text) = saved();
        let saved: SavedStore = serde_json::from_str(&text).unwrap();
        assert!(!format!("{saved:?}").contains(&hex::encode("Lab-Service-Pa55")));
    }
}
