//! Access lists that DCOM and WMI keep on a host: who may call from elsewhere what runs there.

use std::fmt;
use std::str::FromStr;

use security::Guid;
use serde::{Deserialize, Serialize};

use crate::{Failure, InvalidName, RegistryKey, base64_bytes};

/// Where DCOM keeps the lists for the whole machine.
const MACHINE_KEY: &str = r"SOFTWARE\Microsoft\Ole";
/// Below it, DCOM keeps those of applications.
const APPLICATIONS_KEY: &str = r"SOFTWARE\Classes\AppID";
/// What the text form of an application's list begins with.
const APPLICATION: &str = "AppID";

/// One access list. Its text form: `MachineLaunchRestriction`, `AppID\{…}\LaunchPermission`, `root\CIMV2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AccessList {
    /// DCOM's, for the whole machine.
    Machine(MachineList),
    /// DCOM's, for one application.
    Application(Guid, ApplicationList),
    /// That of a namespace of WMI.
    Namespace(Namespace),
}

/// A list for the whole machine ("Setting System-Wide Security Using DCOMCNFG").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MachineList {
    /// `MachineLaunchRestriction`: who may launch and activate at most.
    LaunchRestriction,
    /// `MachineAccessRestriction`: who may call at most.
    AccessRestriction,
    /// `DefaultLaunchPermission`: who may launch and activate, where an application says nothing.
    DefaultLaunch,
    /// `DefaultAccessPermission`: who may call, where an application says nothing.
    DefaultAccess,
}

/// A list of one application ("AppID Key").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApplicationList {
    /// `LaunchPermission`: who may launch and activate it.
    Launch,
    /// `AccessPermission`: who may call it.
    Access,
}

/// A namespace of WMI, such as `root\CIMV2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Namespace(String);

impl MachineList {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::LaunchRestriction,
        Self::AccessRestriction,
        Self::DefaultLaunch,
        Self::DefaultAccess,
    ];

    /// The name of its registry value.
    pub fn name(self) -> &'static str {
        match self {
            Self::LaunchRestriction => "MachineLaunchRestriction",
            Self::AccessRestriction => "MachineAccessRestriction",
            Self::DefaultLaunch => "DefaultLaunchPermission",
            Self::DefaultAccess => "DefaultAccessPermission",
        }
    }
}

impl ApplicationList {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Launch, Self::Access];

    /// The name of its registry value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Launch => "LaunchPermission",
            Self::Access => "AccessPermission",
        }
    }
}

impl Namespace {
    /// `root`, or a path that begins with it.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into().replace('/', r"\");
        let mut parts = text.split('\\');
        let root = parts
            .next()
            .is_some_and(|root| root.eq_ignore_ascii_case("root"));
        let word = |part: &str| {
            let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            !part.is_empty() && part.chars().all(fits)
        };
        match root && parts.all(word) {
            true => Ok(Self(text)),
            false => Err(InvalidName::new(
                "namespace of WMI",
                text,
                r"it is not root, nor a path such as root\CIMV2",
            )),
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where Windows keeps a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeper<'a> {
    /// In a value of the registry: DCOM.
    Registry(RegistryKey, &'static str),
    /// In WMI's repository, with the namespace.
    Wmi(&'a Namespace),
}

impl AccessList {
    /// Where Windows keeps it.
    pub fn keeper(&self) -> Keeper<'_> {
        match self {
            Self::Machine(list) => {
                Keeper::Registry(RegistryKey::known(MACHINE_KEY.to_owned()), list.name())
            }
            Self::Application(id, list) => Keeper::Registry(Self::application_key(id), list.name()),
            Self::Namespace(path) => Keeper::Wmi(path),
        }
    }

    /// The key below which DCOM's applications stand, each in one named by its GUID in braces.
    pub fn applications_key() -> RegistryKey {
        RegistryKey::known(APPLICATIONS_KEY.to_owned())
    }

    /// The key of one of them; its default value is the application's name.
    pub fn application_key(id: &Guid) -> RegistryKey {
        RegistryKey::known(format!(r"{APPLICATIONS_KEY}\{{{id}}}"))
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The GUID in `{…}`.
pub fn in_braces(text: &str) -> Option<Guid> {
    text.strip_prefix('{')?.strip_suffix('}')?.parse().ok()
}

impl fmt::Display for AccessList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(list) => f.write_str(list.name()),
            Self::Application(id, list) => write!(f, r"{APPLICATION}\{{{id}}}\{}", list.name()),
            Self::Namespace(path) => f.write_str(&path.0),
        }
    }
}

impl FromStr for AccessList {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let same = |name: &str, text: &str| name.eq_ignore_ascii_case(text);
        let mut machine = MachineList::ALL.into_iter();
        if let Some(list) = machine.find(|list| same(list.name(), text)) {
            return Ok(Self::Machine(list));
        }
        if let [start, id, name] = *text.split('\\').collect::<Vec<_>>()
            && same(APPLICATION, start)
            && let Some(id) = in_braces(id)
            && let Some(list) = ApplicationList::ALL
                .into_iter()
                .find(|list| same(list.name(), name))
        {
            return Ok(Self::Application(id, list));
        }
        Namespace::parse(text).map(Self::Namespace).map_err(|_| {
            InvalidName::new(
                "access list of DCOM or WMI",
                text.to_owned(),
                r"it is none such as MachineLaunchRestriction, AppID\{…}\LaunchPermission, root\CIMV2",
            )
        })
    }
}

impl TryFrom<String> for AccessList {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<AccessList> for String {
    fn from(list: AccessList) -> String {
        list.to_string()
    }
}

impl TryFrom<String> for Namespace {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<Namespace> for String {
    fn from(path: Namespace) -> String {
        path.0
    }
}

/// What is asked about access lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AccessListRequest {
    /// Those that are there: of the machine, of all its applications, and of these namespaces
    /// → [`crate::Reply::AccessLists`].
    Find {
        /// The namespaces; others are not looked at.
        namespaces: Vec<Namespace>,
    },
    /// One of them → [`crate::Reply::AccessList`].
    Read {
        /// Which.
        list: AccessList,
    },
    /// Replaces one that is there → [`crate::Reply::Done`].
    Write {
        /// Which.
        list: AccessList,
        /// The security descriptor, self-relative.
        descriptor: Descriptor,
    },
}

impl AccessListRequest {
    /// Whether the host is the same afterwards.
    pub fn only_reads(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }
}

impl fmt::Display for AccessListRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Find { .. } => f.write_str("read the access lists of DCOM and WMI"),
            Self::Read { list } => write!(f, "read access list {list}"),
            Self::Write { list, .. } => write!(f, "write access list {list}"),
        }
    }
}

/// A security descriptor as it is stored; base64 on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Descriptor(#[serde(with = "base64_bytes")] pub Vec<u8>);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccessLists {
    /// The lists.
    pub lists: Vec<FoundAccessList>,
    /// Those that are there and cannot be read.
    pub unreadable: Vec<(AccessList, Failure)>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundAccessList {
    /// Which.
    pub list: AccessList,
    /// The application's name, where it has one.
    pub title: Option<String>,
    /// What is in it.
    pub descriptor: Descriptor,
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION_LIST: &str = r"AppID\{f4f2f7f0-8c0f-11d3-af7b-00c04f79f6b1}\LaunchPermission";

    #[test]
    fn a_list_is_one_text() {
        for text in [
            "MachineLaunchRestriction",
            APPLICATION_LIST,
            r"root\CIMV2",
            "root",
        ] {
            let list: AccessList = text.parse().unwrap();
            assert_eq!(list.to_string(), text);
            let json = serde_json::to_string(&list).unwrap();
            assert_eq!(serde_json::from_str::<AccessList>(&json).unwrap(), list);
        }
        let spelled: AccessList = "machinelaunchrestriction".parse().unwrap();
        assert_eq!(spelled, AccessList::Machine(MachineList::LaunchRestriction));
        let spelled: AccessList = "root/cimv2".parse().unwrap();
        assert_eq!(spelled.to_string(), r"root\cimv2");
        for bad in [
            "",
            "LaunchPermission",
            r"AppID\x\LaunchPermission",
            r"AppID\{f4f2f7f0-8c0f-11d3-af7b-00c04f79f6b1}\Launch",
            r"AppID\{..\..\x}\LaunchPermission",
            r"root\",
            r"root\\x",
            r"\\elsewhere\root",
            "root\\a'b",
            "rooté",
        ] {
            assert!(bad.parse::<AccessList>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lists_of_dcom_stand_in_the_registry() {
        for (text, key, name) in [
            (
                APPLICATION_LIST,
                r"SOFTWARE\Classes\AppID\{f4f2f7f0-8c0f-11d3-af7b-00c04f79f6b1}",
                "LaunchPermission",
            ),
            (
                "DefaultAccessPermission",
                r"SOFTWARE\Microsoft\Ole",
                "DefaultAccessPermission",
            ),
        ] {
            let list: AccessList = text.parse().unwrap();
            let key = RegistryKey::local_machine(key).unwrap();
            assert_eq!(list.keeper(), Keeper::Registry(key, name));
        }
        let list: AccessList = r"root\CIMV2".parse().unwrap();
        assert!(matches!(list.keeper(), Keeper::Wmi(path) if path.as_str() == r"root\CIMV2"));
    }
}
