//! Access lists on a host: who may call from elsewhere what runs there, by DCOM and WMI; who may use its files and
//! registry keys; who may listen on its reserved URLs.

mod dcom;
mod namespace;
mod request;
mod tree;
mod url_prefix;

use std::fmt;
use std::str::FromStr;

use security::Guid;
use serde::{Deserialize, Serialize};

use crate::{HostPath, InvalidName, RegistryKey};

pub use dcom::{ApplicationList, MachineList};
pub use namespace::Namespace;
pub use request::{AccessListRequest, AccessLists, Descriptor, FoundAccessList};
pub use tree::AccessTree;
pub use url_prefix::UrlPrefix;

/// Where DCOM keeps the lists for the whole machine.
const MACHINE_KEY: &str = r"SOFTWARE\Microsoft\Ole";
/// Below it, DCOM keeps those of applications.
const APPLICATIONS_KEY: &str = r"SOFTWARE\Classes\AppID";
/// What the text form of an application's list begins with.
const APPLICATION: &str = "AppID";

/// One access list. Its text form: `MachineLaunchRestriction`, `AppID\{…}\LaunchPermission`, `root\CIMV2`,
/// `C:\Data`, `HKLM\SOFTWARE\Contoso`, `http://+:5725/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AccessList {
    /// DCOM's, for the whole machine.
    Machine(MachineList),
    /// DCOM's, for one application.
    Application(Guid, ApplicationList),
    /// That of a namespace of WMI.
    Namespace(Namespace),
    /// That of a file or folder of a drive.
    File(HostPath),
    /// That of a registry key.
    Key(RegistryKey),
    /// That of a reservation of HTTP.sys.
    Url(UrlPrefix),
}

/// Where Windows keeps a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeper<'a> {
    /// In a value of the registry: DCOM.
    Value(RegistryKey, &'static str),
    /// In WMI's repository, with the namespace.
    Wmi(&'a Namespace),
    /// With the file or folder.
    File(&'a HostPath),
    /// With the registry key.
    Key(&'a RegistryKey),
    /// In the configuration of HTTP.sys.
    Http(&'a UrlPrefix),
}

impl AccessList {
    /// Where Windows keeps it.
    pub fn keeper(&self) -> Keeper<'_> {
        match self {
            Self::Machine(list) => {
                Keeper::Value(RegistryKey::known(MACHINE_KEY.to_owned()), list.name())
            }
            Self::Application(id, list) => Keeper::Value(Self::application_key(id), list.name()),
            Self::Namespace(path) => Keeper::Wmi(path),
            Self::File(path) => Keeper::File(path),
            Self::Key(key) => Keeper::Key(key),
            Self::Url(url) => Keeper::Http(url),
        }
    }

    /// Whether both are one list: Windows compares these names without regard to case.
    pub fn is_same(&self, other: &Self) -> bool {
        self.to_string().to_lowercase() == other.to_string().to_lowercase()
    }

    /// Windows' own tool to look at it.
    pub fn tool(&self) -> &'static str {
        match self.keeper() {
            Keeper::Value(..) => "dcomcnfg",
            Keeper::Wmi(_) => "wmimgmt.msc",
            Keeper::File(_) => "icacls",
            Keeper::Key(_) => "regedit",
            Keeper::Http(_) => "netsh http show urlacl",
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

/// The GUID in `{…}`.
pub fn in_braces(text: &str) -> Option<Guid> {
    text.strip_prefix('{')?.strip_suffix('}')?.parse().ok()
}

impl fmt::Display for AccessList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(list) => f.write_str(list.name()),
            Self::Application(id, list) => write!(f, r"{APPLICATION}\{{{id}}}\{}", list.name()),
            Self::Namespace(path) => path.fmt(f),
            Self::File(path) => f.write_str(path.as_str()),
            Self::Key(key) => key.fmt(f),
            Self::Url(url) => url.fmt(f),
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
        let of_object = match text.split_once([':', '\\']) {
            Some((scheme, _)) if same("http", scheme) || same("https", scheme) => {
                UrlPrefix::parse(text).map(Self::Url).ok()
            }
            Some((drive, _)) if drive.len() == 1 => file(text),
            Some((hive, _)) if hive.starts_with(['H', 'h']) => {
                RegistryKey::parse(text).map(Self::Key).ok()
            }
            _ => Namespace::parse(text).map(Self::Namespace).ok(),
        };
        of_object.ok_or_else(|| {
            InvalidName::new(
                "access list",
                text.to_owned(),
                r"it is none such as MachineLaunchRestriction, AppID\{…}\LaunchPermission, root\CIMV2, C:\Data, HKLM\SOFTWARE\Contoso, http://+:5725/",
            )
        })
    }
}

/// That of a path of a drive, with backslashes, of which none is at its end but a drive's own.
fn file(text: &str) -> Option<AccessList> {
    let text = text.replace('/', r"\");
    let (drive, below) = text.split_once(r":\")?;
    let below = below.trim_end_matches('\\');
    let leads_elsewhere = below.split('\\').any(|part| part == "." || part == "..");
    let path = HostPath::parse(format!(r"{drive}:\{below}")).ok()?;
    (!leads_elsewhere).then_some(AccessList::File(path))
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
            r"C:\ProgramData\Contoso\log.txt",
            r"D:\",
            r"HKLM\SOFTWARE\Contoso",
            "http://+:5725/",
            "https://*:443/mim/",
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
        let list = |text: &str| text.parse::<AccessList>().unwrap();
        assert!(spelled.is_same(&list(r"ROOT\CIMV2")));
        assert!(list(r"C:\Dätä").is_same(&list(r"c:\DÄTÄ")));
        assert!(!spelled.is_same(&list("root")));
        for (spelled, text) in [
            ("c:/Data/", r"c:\Data"),
            (r"HKEY_LOCAL_MACHINE\SOFTWARE", r"HKLM\SOFTWARE"),
        ] {
            assert_eq!(spelled.parse::<AccessList>().unwrap().to_string(), text);
        }
        for bad in [
            r"C:\Data\..\Windows",
            "C:",
            "C:Data",
            r"HKCU\SOFTWARE",
            "http://+/",
            "http://+:5725",
            "http://+:0/",
            "http://:80/",
            "http://+:80/x",
            "ftp://+:80/",
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
            "root:x",
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
            assert_eq!(list.keeper(), Keeper::Value(key, name));
        }
        let list: AccessList = r"root\CIMV2".parse().unwrap();
        assert!(matches!(list.keeper(), Keeper::Wmi(path) if path.as_str() == r"root\CIMV2"));
    }
}
