//! One of the two directories under test: its connections, and an operation carried out on it.

use std::collections::HashMap;

use ldap::{Attribute, Client, Control, Dn, Error, Modification, Scope, SdFlags};
use security::{SecurityDescriptor, Sid};

use super::address::{Address, CORNER, PASSWORD, READER, READERS, STRANGER, quoted, remove};
use super::normal::{Entries, Identities, entries};
use super::operation::{Operation, Request, Search, Value, Who};

/// What is read of an object after it was changed.
const READ_BACK: [&str; 5] = [
    "*",
    "canonicalName",
    "msDS-User-Account-Control-Computed",
    "tokenGroups",
    "objectCategory",
];

/// There is no answer: the connection broke.
#[derive(Debug, Clone)]
pub struct Lost(pub String);

/// An answer with everything in it that must be the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The LDAP result code.
    pub code: u32,
    /// The Windows error in the server's words.
    pub windows: Option<u32>,
    /// What was found; after a successful write, what the object is now.
    pub entries: Entries,
    /// The server's own words.
    pub said: String,
}

impl Answer {
    /// The result code, with the Windows error where there is one.
    pub fn shown(&self) -> String {
        match self.windows {
            Some(windows) => format!("{} {windows:#x}", self.code),
            None => self.code.to_string(),
        }
    }
}

/// Connections of one worker to one directory.
pub struct System {
    name: &'static str,
    administrator: Client,
    reader: Client,
    stranger: Client,
    domain: Sid,
    accounts: HashMap<String, Sid>,
}

impl System {
    pub async fn connect(address: &Address) -> Self {
        let administrator = address.administrator().await;
        let mut accounts = HashMap::new();
        for (name, account) in [
            ("reader", READER),
            ("readers", READERS),
            ("stranger", STRANGER),
        ] {
            let sid = sid(&administrator, &format!("CN={account},{CORNER}")).await;
            accounts.insert(name.to_owned(), sid.unwrap());
        }
        Self {
            name: address.name,
            domain: sid(&administrator, "DC=contoso,DC=com").await.unwrap(),
            reader: address.connect(READER, PASSWORD.as_bytes()).await,
            stranger: address.connect(STRANGER, PASSWORD.as_bytes()).await,
            administrator,
            accounts,
        }
    }

    /// An empty organizational unit for one case.
    pub async fn place(&self, tag: &str) -> Result<Place<'_>, Lost> {
        let ou = format!("OU={tag},{CORNER}");
        self.leave(tag).await?;
        let class = [Attribute::new("objectClass", ["organizationalUnit"])];
        let added = self.administrator.add(&Dn::from(&*ou), &class, &[]).await;
        let missing = |error: Error| self.lost_or(&error, &ou);
        added.map_err(missing)?;
        let mut identities = Identities::new(self.domain);
        for (name, sid) in &self.accounts {
            identities.learn(name, *sid);
        }
        Ok(Place {
            system: self,
            tag: tag.to_owned(),
            ou,
            identities,
        })
    }

    /// Removes a case's unit.
    pub async fn leave(&self, tag: &str) -> Result<(), Lost> {
        let ou = format!("OU={tag},{CORNER}");
        let removed = remove(&self.administrator, &ou).await;
        removed.map_err(|error| self.lost_or(&error, &ou))
    }

    /// # Panics
    /// Where there was an answer, but one that the test cannot go on with.
    fn lost_or(&self, error: &Error, name: &str) -> Lost {
        match error {
            Error::Refused(_) => panic!("{}: {name}: {error}", self.name),
            _ => Lost(format!("{}: {error}", self.name)),
        }
    }

    fn client(&self, who: Who) -> &Client {
        match who {
            Who::Administrator => &self.administrator,
            Who::Reader => &self.reader,
            Who::Stranger => &self.stranger,
        }
    }
}

async fn sid(client: &Client, name: &str) -> Option<Sid> {
    let entry = client.read(&Dn::from(name), ["objectSid"]).await.unwrap()?;
    Sid::from_bytes(entry.value("objectSid")?).ok()
}

/// One case's organizational unit in one directory.
pub struct Place<'a> {
    system: &'a System,
    tag: String,
    ou: String,
    identities: Identities,
}

impl Place<'_> {
    /// Carries an operation out, and reads back what a successful write left.
    pub async fn carry_out(&mut self, operation: &Operation) -> Result<Answer, Lost> {
        let client = self.system.client(operation.who);
        let (outcome, written) = match &operation.request {
            Request::Add { name, attributes } => {
                let attributes: Vec<Attribute> = attributes
                    .iter()
                    .map(|(name, values)| self.attribute(name, values))
                    .collect();
                let name = self.text(name);
                (
                    client.add(&Dn::from(&*name), &attributes, &[]).await,
                    Some(name),
                )
            }
            Request::Modify { name, changes } => {
                let changes: Vec<Modification> = changes
                    .iter()
                    .map(|(kind, name, values)| Modification {
                        kind: *kind,
                        attribute: self.attribute(name, values),
                    })
                    .collect();
                let name = self.text(name);
                (
                    client.modify(&Dn::from(&*name), &changes, &[]).await,
                    Some(name),
                )
            }
            Request::Delete { name, tree } => {
                let controls: &[Control] = &[Control::tree_delete()];
                let controls = if *tree { controls } else { &[] };
                (
                    client.delete(&Dn::from(self.text(name)), controls).await,
                    None,
                )
            }
            Request::Rename {
                name,
                rdn,
                superior,
            } => {
                let (name, rdn) = (self.text(name), self.text(rdn));
                let superior = superior.as_ref().map(|superior| self.text(superior));
                let below = superior.as_ref().map(|superior| Dn::from(&**superior));
                let outcome = client
                    .modify_dn(&Dn::from(&*name), &rdn, below.as_ref())
                    .await;
                let above = below.or_else(|| Dn::from(&*name).parent());
                let above = above.unwrap_or_else(Dn::root);
                (outcome, Some(format!("{rdn},{above}")))
            }
            Request::Compare {
                name,
                attribute,
                value,
            } => {
                let compared = client
                    .compare(&Dn::from(self.text(name)), attribute, self.bytes(value))
                    .await;
                return match compared {
                    Ok(equal) => Ok(Answer {
                        code: if equal { 6 } else { 5 },
                        ..Answer::default()
                    }),
                    Err(error) => self.refused(&error),
                };
            }
            Request::Search(search) => return self.search(operation.who, search).await,
        };
        match (outcome, written) {
            (Ok(()), Some(name)) => {
                let is_add = matches!(operation.request, Request::Add { .. });
                self.read_back(&name, is_add).await
            }
            (Ok(()), None) => Ok(Answer::default()),
            (Err(error), _) => self.refused(&error),
        }
    }

    async fn read_back(&mut self, name: &str, learn: bool) -> Result<Answer, Lost> {
        let client = &self.system.administrator;
        let entry = client.read(&Dn::from(name), READ_BACK).await;
        let entry = entry.map_err(|error| self.system.lost_or(&error, name))?;
        if let Some(sid) = entry
            .as_ref()
            .and_then(|entry| Sid::from_bytes(entry.value("objectSid")?).ok())
            .filter(|_| learn)
        {
            let key = name.replace(&self.ou, "{ou}").replace(&self.tag, "{tag}");
            self.identities.learn(&key, sid);
        }
        Ok(Answer {
            entries: entries(&self.identities, entry.as_slice(), &self.tag),
            ..Answer::default()
        })
    }

    /// Everything in the organizational unit, with all attributes.
    pub async fn everything(&self) -> Result<Answer, Lost> {
        let search = Search {
            base: "{ou}".to_owned(),
            scope: Scope::Subtree,
            filter: "(objectClass=*)".to_owned(),
            attributes: vec!["*", "canonicalName"],
            page: Some(100),
            limit: 0,
            descriptor_parts: None,
        };
        self.search(Who::Administrator, &search).await
    }

    async fn search(&self, who: Who, search: &Search) -> Result<Answer, Lost> {
        let client = self.system.client(who);
        let filter = self.text(&search.filter).parse().unwrap();
        let base = Dn::from(self.text(&search.base));
        let mut request = ldap::Search::new(base, search.scope, filter)
            .attributes(search.attributes.iter().copied())
            .size_limit(search.limit);
        if let Some(parts) = search.descriptor_parts {
            request = request.control(Control::sd_flags(SdFlags(parts)));
        }
        let found = match search.page {
            Some(size) => client.search_paged(&request, size).await,
            None => client.search(&request).await,
        };
        match found {
            // Which of the entries come first is the server's choice.
            Ok(found) if found.truncated => Ok(Answer {
                code: ldap::ResultCode::SIZE_LIMIT_EXCEEDED.0,
                said: format!("{} entries", found.entries.len()),
                ..Answer::default()
            }),
            Ok(found) => Ok(Answer {
                entries: entries(&self.identities, &found.entries, &self.tag),
                ..Answer::default()
            }),
            Err(error) => self.refused(&error),
        }
    }

    fn refused(&self, error: &Error) -> Result<Answer, Lost> {
        let Error::Refused(refusal) = error else {
            return Err(Lost(format!("{}: {error}", self.system.name)));
        };
        Ok(Answer {
            code: refusal.code.0,
            windows: refusal.windows.map(|windows| windows.code),
            entries: Entries::new(),
            said: refusal.diagnostic.trim_end_matches(['\0', '\n']).to_owned(),
        })
    }

    fn attribute(&self, name: &str, values: &[Value]) -> Attribute {
        Attribute::new(name, values.iter().map(|value| self.bytes(value)))
    }

    fn bytes(&self, value: &Value) -> Vec<u8> {
        match value {
            Value::Text(text) => self.text(text).into_bytes(),
            Value::Bytes(bytes) => bytes.clone(),
            Value::Descriptor(sddl) => SecurityDescriptor::from_sddl(&self.text(sddl))
                .unwrap()
                .to_bytes(),
            Value::Password(password) => quoted(password),
        }
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some((before, (name, after))) = text
            .split_once("{sid:")
            .and_then(|(before, rest)| Some((before, rest.split_once(":}")?)))
        {
            text = format!("{before}{}{after}", self.identities.sid(name));
        }
        text.replace("{ou}", &self.ou).replace("{tag}", &self.tag)
    }
}
