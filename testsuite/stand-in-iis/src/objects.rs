//! The configuration's objects for scripts: a manager, sections, elements, collections, properties and methods.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::element::Element;
use crate::pools::{HOST, IDENTITY_TYPES, Machine, STOPPED, start};

/// What the agent commits to.
const ROOT: &str = "MACHINE/WEBROOT/APPHOST";
/// ERROR_FILE_NOT_FOUND, E_ACCESSDENIED, E_INVALIDARG and ERROR_LOGON_FAILURE as results of COM.
const NOT_FOUND: u32 = 0x8007_0002;
const DENIED: u32 = 0x8007_0005;
const INVALID: u32 = 0x8007_0057;
const LOGON_FAILURE: u32 = 0x8007_052e;

/// What a property has, or a call gives.
#[derive(Clone)]
pub enum Value {
    /// Nothing.
    Nothing,
    /// A number, or one of an enumeration.
    Number(u32),
    /// Yes or no.
    Flag(bool),
    /// Text.
    Text(String),
    /// An object.
    Object(Object),
}

/// Why a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The result of COM.
    pub code: u32,
    /// For people.
    pub why: String,
}

/// The web server's configuration, read once.
pub struct Server {
    configuration: Mutex<Element>,
    commit_path: Mutex<String>,
    machine: Box<dyn Machine>,
}

/// The way from the root to an element: the places of children.
type Place = Vec<usize>;

/// An object.
#[derive(Clone)]
pub struct Object {
    server: Arc<Server>,
    what: What,
}

#[derive(Clone)]
enum What {
    Manager,
    Element(Place),
    Collection(Place),
    ChildElements(Place),
    Properties(Place),
    Property(Place, String),
    Methods(Place),
    Method(Place, String),
    Instance(Place, String),
}

impl Object {
    /// The manager, with which everything begins.
    pub fn manager(configuration: Element, machine: Box<dyn Machine>) -> Self {
        let server = Server {
            configuration: Mutex::new(configuration),
            commit_path: Mutex::default(),
            machine,
        };
        Self {
            server: Arc::new(server),
            what: What::Manager,
        }
    }

    /// Reads a property or calls a method.
    ///
    /// # Errors
    /// Where this object has no such member, or refuses.
    pub fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, Refused> {
        let server = &self.server;
        match (&self.what, name, arguments) {
            (What::Manager, "GetAdminSection", [Value::Text(section), Value::Text(path)]) => self
                .section(section, path)
                .map(|place| self.object(What::Element(place))),
            (What::Manager, "CommitChanges", []) => self.commit(),
            (What::Element(at), "Collection", []) => Ok(self.object(What::Collection(at.clone()))),
            (What::Element(at), "ChildElements", []) => {
                Ok(self.object(What::ChildElements(at.clone())))
            }
            (What::Element(at), "Properties", []) => Ok(self.object(What::Properties(at.clone()))),
            (What::Element(at), "Methods", []) if server.element(at)?.tag == "add" => {
                Ok(self.object(What::Methods(at.clone())))
            }
            (What::Collection(at), "Count", []) => {
                let count = server.members(at)?.len();
                Ok(Value::Number(u32::try_from(count).unwrap_or(u32::MAX)))
            }
            (What::Collection(at), "Item", [Value::Number(number)]) => {
                let members = server.members(at)?;
                let place = members.get(*number as usize).ok_or_else(|| missing(name))?;
                Ok(self.object(What::Element([at.as_slice(), &[*place]].concat())))
            }
            (What::ChildElements(at), "Item", [Value::Text(tag)]) => {
                let place = server.child(at, tag)?;
                Ok(self.object(What::Element(place)))
            }
            (What::Properties(at), "Item", [Value::Text(property)]) => {
                Ok(self.object(What::Property(at.clone(), property.clone())))
            }
            (What::Property(at, property), "Value", []) => server.value(at, property),
            (What::Methods(at), "Item", [Value::Text(method)])
                if ["Start", "Stop", "Recycle"].contains(&method.as_str()) =>
            {
                Ok(self.object(What::Method(at.clone(), method.clone())))
            }
            (What::Method(at, method), "CreateInstance", []) => {
                Ok(self.object(What::Instance(at.clone(), method.clone())))
            }
            (What::Instance(at, method), "Execute", []) => server.execute(at, method),
            _ => Err(missing(name)),
        }
    }

    /// Sets a property.
    ///
    /// # Errors
    /// Where this object has no such property, or refuses the value.
    pub fn put(&self, name: &str, value: &Value) -> Result<(), Refused> {
        match (&self.what, name, value) {
            (What::Manager, "CommitPath", Value::Text(path)) if path == ROOT => {
                path.clone_into(&mut lock(&self.server.commit_path));
                Ok(())
            }
            (What::Property(at, property), "Value", Value::Text(text)) => {
                self.server.set(at, property, text)
            }
            _ => Err(invalid(name)),
        }
    }

    fn object(&self, what: What) -> Value {
        Value::Object(Self {
            server: Arc::clone(&self.server),
            what,
        })
    }

    fn section(&self, section: &str, path: &str) -> Result<Place, Refused> {
        let (host, own) = section.split_once('/').ok_or_else(|| missing(section))?;
        let known = host == HOST && ["applicationPools", "sites"].contains(&own) && path == ROOT;
        if !known {
            return Err(missing(section));
        }
        self.server
            .child(&self.server.child(&Vec::new(), host)?, own)
    }

    fn commit(&self) -> Result<Value, Refused> {
        if *lock(&self.server.commit_path) != ROOT {
            return Err(invalid("CommitPath"));
        }
        let configuration = lock(&self.server.configuration);
        let saved = self.server.machine.save(&configuration);
        saved.map_err(|error| refused(DENIED, &format!("{error:#}")))?;
        Ok(Value::Nothing)
    }
}

impl Server {
    fn element(&self, at: &[usize]) -> Result<Element, Refused> {
        let root = lock(&self.configuration).clone();
        let found = at.iter().try_fold(root, |element, &place| {
            element.children.into_iter().nth(place)
        });
        found.ok_or_else(|| missing("the element"))
    }

    /// Places of the children that an element's collection has.
    fn members(&self, at: &[usize]) -> Result<Vec<usize>, Refused> {
        let element = self.element(at)?;
        let tag = match element.tag.as_str() {
            "applicationPools" => "add",
            "sites" => "site",
            "site" => "application",
            "bindings" => "binding",
            "application" => "virtualDirectory",
            other => return Err(missing(other)),
        };
        let children = element.children.iter().enumerate();
        Ok(children
            .filter(|(_, child)| child.tag == tag)
            .map(|(place, _)| place)
            .collect())
    }

    /// A child, which is there by the schema even where the file has none.
    fn child(&self, at: &[usize], tag: &str) -> Result<Place, Refused> {
        let element = self.element(at)?;
        let place = match (element.tag.as_str(), element.place_of(tag)) {
            (_, Some(place)) => place,
            ("add", None) if tag == "processModel" => self.made(at, tag)?,
            ("site", None) if tag == "bindings" => self.made(at, tag)?,
            _ => return Err(missing(tag)),
        };
        Ok([at, &[place]].concat())
    }

    /// Makes a child.
    fn made(&self, at: &[usize], tag: &str) -> Result<usize, Refused> {
        let mut root = lock(&self.configuration);
        let element = descend(&mut root, at).ok_or_else(|| missing(tag))?;
        element.children.push(Element::new(tag, &[]));
        Ok(element.children.len() - 1)
    }

    fn value(&self, at: &[usize], property: &str) -> Result<Value, Refused> {
        let element = self.element(at)?;
        let text = element.attribute(property);
        let text_or = |default: &str| Value::Text(text.unwrap_or(default).to_owned());
        Ok(match (element.tag.as_str(), property) {
            ("add", "state") => Value::Number(self.machine.state(name_of(&element))),
            ("add", "autoStart") => Value::Flag(text != Some("false")),
            ("processModel", "identityType") => {
                let kind = text.unwrap_or("ApplicationPoolIdentity");
                let number = IDENTITY_TYPES.iter().position(|known| *known == kind);
                Value::Number(number.ok_or_else(|| invalid(kind))? as u32)
            }
            ("processModel", "userName") => text_or(""),
            ("processModel", "password") => {
                return Err(refused(DENIED, "nobody reads passwords here"));
            }
            ("add" | "site", "name") => text_or(""),
            ("application", "path" | "applicationPool") => text_or(""),
            ("virtualDirectory", "path" | "physicalPath") => text_or(""),
            ("binding", "protocol" | "bindingInformation") => text_or(""),
            _ => return Err(missing(property)),
        })
    }

    fn set(&self, at: &[usize], property: &str, text: &str) -> Result<(), Refused> {
        let kept = match property {
            "identityType" if IDENTITY_TYPES.contains(&text) => text.to_owned(),
            "userName" => text.to_owned(),
            "password" => {
                let kept = self.machine.protect(text);
                kept.map_err(|error| refused(DENIED, &format!("{error:#}")))?
            }
            _ => return Err(invalid(property)),
        };
        let mut root = lock(&self.configuration);
        let element = descend(&mut root, at).filter(|element| element.tag == "processModel");
        element
            .ok_or_else(|| invalid(property))?
            .set(property, &kept);
        Ok(())
    }

    fn execute(&self, at: &[usize], method: &str) -> Result<Value, Refused> {
        let pool = self.element(at)?;
        let name = name_of(&pool);
        let done = match method {
            "Stop" => self.machine.set_state(name, STOPPED),
            _ => {
                let model = pool.child("processModel").cloned().unwrap_or_default();
                let text = |attribute| model.attribute(attribute).unwrap_or_default();
                start(
                    self.machine.as_ref(),
                    name,
                    text("userName"),
                    text("password"),
                )
            }
        };
        done.map_err(|error| refused(LOGON_FAILURE, &format!("{method} {name}: {error:#}")))?;
        Ok(Value::Nothing)
    }
}

fn descend<'a>(root: &'a mut Element, at: &[usize]) -> Option<&'a mut Element> {
    at.iter()
        .try_fold(root, |element, &place| element.children.get_mut(place))
}

fn name_of(element: &Element) -> &str {
    element.attribute("name").unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(code: u32, why: &str) -> Refused {
    Refused {
        code,
        why: why.to_owned(),
    }
}

fn missing(what: &str) -> Refused {
    refused(NOT_FOUND, &format!("{what} is not known here"))
}

fn invalid(what: &str) -> Refused {
    refused(INVALID, &format!("{what} cannot be set to this"))
}

#[cfg(test)]
#[path = "objects/tests.rs"]
mod tests;
