//! Operations without anything of one system in them: names and identifiers are filled in when they are sent.
//!
//! In every text `{ou}` stands for the case's organizational unit, `{tag}` for its unique short name, `{sid:NAME:}` for
//! the identifier of the object that was added under this name, in SDDL and as a value alike.

use std::fmt;

use ldap::ModificationKind;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Administrator,
    /// A user without rights, a member of the group "readers".
    Reader,
    /// A user without rights or groups.
    Stranger,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub who: Who,
    pub request: Request,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Add {
        name: String,
        attributes: Vec<(&'static str, Vec<Value>)>,
    },
    Modify {
        name: String,
        changes: Vec<(ModificationKind, &'static str, Vec<Value>)>,
    },
    Delete {
        name: String,
        tree: bool,
    },
    Rename {
        name: String,
        rdn: String,
        superior: Option<String>,
    },
    Compare {
        name: String,
        attribute: &'static str,
        value: Value,
    },
    Search(Search),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub base: String,
    pub scope: ldap::Scope,
    /// RFC 4515.
    pub filter: String,
    pub attributes: Vec<&'static str>,
    pub page: Option<u32>,
    pub limit: u32,
    pub descriptor_parts: Option<u8>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Bytes(Vec<u8>),
    /// A security descriptor, in SDDL.
    Descriptor(String),
    /// A password as `unicodePwd` takes it.
    Password(&'static str),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Request {
    /// `add`, `modify` …: as the list of accepted differences calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Modify { .. } => "modify",
            Self::Delete { .. } => "delete",
            Self::Rename { .. } => "rename",
            Self::Compare { .. } => "compare",
            Self::Search(_) => "search",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {} ", self.who, self.request.kind())?;
        match &self.request {
            Request::Add { name, attributes } => {
                write!(f, "{name}")?;
                attributes
                    .iter()
                    .try_for_each(|(name, values)| write!(f, " {name}={}", shown(values)))
            }
            Request::Modify { name, changes } => {
                write!(f, "{name}")?;
                changes.iter().try_for_each(|(kind, name, values)| {
                    let kind = format!("{kind:?}").to_lowercase();
                    write!(f, " {kind}:{name}={}", shown(values))
                })
            }
            Request::Delete { name, tree } => {
                write!(f, "{name}{}", if *tree { " with its tree" } else { "" })
            }
            Request::Rename {
                name,
                rdn,
                superior,
            } => {
                write!(f, "{name} to {rdn}")?;
                superior
                    .iter()
                    .try_for_each(|superior| write!(f, " below {superior}"))
            }
            Request::Compare {
                name,
                attribute,
                value,
            } => write!(
                f,
                "{name} {attribute}={}",
                shown(std::slice::from_ref(value))
            ),
            Request::Search(search) => {
                let Search {
                    base,
                    scope,
                    filter,
                    attributes,
                    page,
                    limit,
                    descriptor_parts,
                } = search;
                write!(
                    f,
                    "{base} {scope:?} {filter} for {attributes:?}, page {page:?}, limit {limit}, parts {descriptor_parts:?}"
                )
            }
        }
    }
}

fn shown(values: &[Value]) -> String {
    let one = |value: &Value| match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Bytes(bytes) => format!("0x{}", hex::encode(bytes)),
        Value::Descriptor(sddl) => sddl.clone(),
        Value::Password(password) => format!("password {password:?}"),
    };
    format!(
        "[{}]",
        values.iter().map(one).collect::<Vec<_>>().join(" | ")
    )
}
