//! Services as the service control manager keeps them.

use std::collections::BTreeMap;

use agent_protocol::{
    AccountName, FlagStore, ManagedAccountFlag, RegistryValue, Service, ServiceName, ServiceState,
    ServiceTrigger, StartType,
};
use model::inventory::program_of;
use security::{FileTime, Interval, Sid};
use serde::{Deserialize, Serialize};

use super::domain::PasswordVersion;
use super::registry::Registry;

/// Services by their name in lower case.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Services(BTreeMap<String, LabService>);

/// One service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabService {
    /// Key name.
    pub name: ServiceName,
    /// Name that the Services console shows.
    pub display_name: String,
    /// Logon account, as it was set.
    pub account: AccountName,
    /// The managed-account flag.
    pub managed: bool,
    /// The password that the service control manager has stored, if any.
    pub stored: Option<StoredPassword>,
    /// When it starts.
    pub start: StartType,
    /// What it does now.
    pub state: ServiceState,
    /// When a start that takes its time is over; `None` for one that never is.
    pub pending_until: Option<FileTime>,
    /// Command line.
    pub image_path: String,
    /// Services that it needs, and load-order groups with a leading `+`.
    pub depends_on: Vec<String>,
    /// What it was started with, the last time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// How its process behaves.
    pub behaviour: Behaviour,
    /// Whether the first network connection starts it (`sc triggerinfo … start/networkon`).
    pub starts_with_network: bool,
    /// Its other triggers, which the lab only keeps.
    #[serde(default)]
    pub other_triggers: Vec<ServiceTrigger>,
}

/// A password that the service control manager keeps: of whom, and which of the account's passwords it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPassword {
    /// Whose.
    pub account: Sid,
    /// Which; `None` when it never was that account's password.
    pub version: Option<PasswordVersion>,
}

/// How a service's process behaves, beside what its program does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Behaviour {
    /// How long it takes to start.
    pub start_takes: Interval,
    /// It never connects to the service control manager: its start fails with 1053.
    pub never_connects: bool,
    /// It never ends when told to stop.
    pub never_stops: bool,
    /// It ends while it starts, with this code.
    pub fails_with: Option<u32>,
}

impl LabService {
    /// A stopped service that starts with Windows; its program must be installed beside it.
    pub fn new(name: ServiceName, title: &str, image_path: &str, account: AccountName) -> Self {
        Self {
            name,
            display_name: title.to_owned(),
            account,
            managed: false,
            stored: None,
            start: StartType::Automatic,
            state: ServiceState::Stopped,
            pending_until: None,
            image_path: image_path.to_owned(),
            depends_on: Vec::new(),
            arguments: Vec::new(),
            behaviour: Behaviour::default(),
            starts_with_network: false,
            other_triggers: Vec::new(),
        }
    }

    /// Its registry key.
    pub fn key(&self) -> String {
        format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{}", self.name)
    }

    /// The program of its command line, without quotes and arguments.
    pub fn program(&self) -> &str {
        program_of(&self.image_path)
    }

    /// Writes what the service control manager keeps in the registry.
    pub fn save(&self, registry: &mut Registry) {
        let key = self.key();
        registry.set_text(&key, "DisplayName", &self.display_name);
        registry.set_text(&key, "ObjectName", self.account.as_str());
        registry.set(
            &key,
            "ImagePath",
            RegistryValue::ExpandableText(self.image_path.clone()),
        );
        registry.set(
            &key,
            "DependOnService",
            RegistryValue::MultiText(self.depends_on.clone()),
        );
        let start = match self.start {
            StartType::Boot => 0,
            StartType::System => 1,
            StartType::Automatic | StartType::AutomaticDelayed => 2,
            StartType::Manual => 3,
            StartType::Disabled => 4,
        };
        registry.set(&key, "Start", RegistryValue::Dword(start));
        if self.managed {
            registry.set(
                &key,
                "ServiceAccountManaged",
                RegistryValue::Binary(vec![1, 0, 0, 0]),
            );
        } else if let Ok(key) = agent_protocol::RegistryKey::parse(key) {
            registry.delete(&key, "ServiceAccountManaged");
        }
    }

    /// Reads again what somebody may have written past the service control manager; it does so when it starts.
    pub fn load(&mut self, registry: &Registry) {
        let key = self.key();
        if let Some(account) = registry
            .text(&key, "ObjectName")
            .and_then(|text| AccountName::parse(text).ok())
        {
            self.account = account;
        }
        if let Some(image_path) = registry.text(&key, "ImagePath") {
            self.image_path = image_path.to_owned();
        }
        let Ok(key) = agent_protocol::RegistryKey::parse(key) else {
            return;
        };
        self.managed = match registry.read(&key, "ServiceAccountManaged") {
            Ok(RegistryValue::Dword(flag)) => *flag != 0,
            Ok(RegistryValue::Binary(flag)) => flag.iter().any(|byte| *byte != 0),
            _ => false,
        };
        self.start = match registry.read(&key, "Start") {
            Ok(RegistryValue::Dword(2)) if self.start == StartType::AutomaticDelayed => self.start,
            Ok(RegistryValue::Dword(2)) => StartType::Automatic,
            Ok(RegistryValue::Dword(3)) => StartType::Manual,
            Ok(RegistryValue::Dword(4)) => StartType::Disabled,
            _ => self.start,
        };
    }

    fn needs(&self, name: &str) -> bool {
        self.depends_on
            .iter()
            .any(|needed| needed.eq_ignore_ascii_case(name))
    }
}

impl Services {
    /// The service with that name, in any spelling.
    pub fn get(&self, name: &str) -> Option<&LabService> {
        self.0.get(&name.to_lowercase())
    }

    /// As [`Services::get`], to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut LabService> {
        self.0.get_mut(&name.to_lowercase())
    }

    /// Installs a service, or replaces it.
    pub fn insert(&mut self, service: LabService) {
        self.0.insert(service.name.as_str().to_lowercase(), service);
    }

    /// Takes a service away.
    pub fn remove(&mut self, name: &str) -> Option<LabService> {
        self.0.remove(&name.to_lowercase())
    }

    /// All services, by name.
    pub fn iter(&self) -> impl Iterator<Item = &LabService> {
        self.0.values()
    }

    /// As [`Services::iter`], to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut LabService> {
        self.0.values_mut()
    }

    /// Services that need this one, directly or not, in the order to stop them.
    pub fn dependants(&self, name: &str) -> Vec<ServiceName> {
        let mut found = Vec::new();
        self.collect_dependants(name, &mut vec![name.to_lowercase()], &mut found);
        found
    }

    fn collect_dependants(
        &self,
        name: &str,
        on_path: &mut Vec<String>,
        found: &mut Vec<ServiceName>,
    ) {
        for service in self.0.values().filter(|service| service.needs(name)) {
            let own = service.name.as_str().to_lowercase();
            if found.contains(&service.name) || on_path.contains(&own) {
                continue;
            }
            on_path.push(own);
            self.collect_dependants(service.name.as_str(), on_path, found);
            on_path.pop();
            found.push(service.name.clone());
        }
    }

    /// A service as the agent tells of it.
    pub fn describe(&self, service: &LabService) -> Service {
        Service {
            name: service.name.clone(),
            display_name: service.display_name.clone(),
            logon_account: Some(service.account.clone()),
            managed_account: flag(service.managed),
            start: service.start,
            state: service.state,
            image_path: service.image_path.clone(),
            depends_on: service.depends_on.clone(),
            dependants: self.dependants(service.name.as_str()),
        }
    }
}

/// The managed-account flag; the lab's Windows knows its information level.
pub fn flag(set: bool) -> ManagedAccountFlag {
    ManagedAccountFlag {
        set,
        store: FlagStore::ServiceControlManager,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, needs: &[&str]) -> LabService {
        let mut service = LabService::new(
            ServiceName::parse(name).unwrap(),
            name,
            r"C:\x.exe",
            AccountName::parse("LocalSystem").unwrap(),
        );
        service.depends_on = needs.iter().map(|name| (*name).to_owned()).collect();
        service
    }

    #[test]
    fn dependants_come_in_the_order_to_stop_them_and_once() {
        let mut services = Services::default();
        for (name, needs) in [
            ("A", &[][..]),
            ("B", &["a"]),
            ("C", &["A", "B"]),
            ("D", &["C"]),
            ("X", &["+A"]),
        ] {
            services.insert(service(name, needs));
        }
        let names: Vec<_> = services
            .dependants("a")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["D", "C", "B"]);
    }

    #[test]
    fn services_that_need_each_other_in_a_circle_end_the_search() {
        let mut services = Services::default();
        for (name, needs) in [("A", &["C"]), ("B", &["A"]), ("C", &["B"])] {
            services.insert(service(name, needs));
        }
        assert_eq!(services.dependants("A").len(), 2);
    }

    #[test]
    fn the_program_is_the_command_line_without_quotes_and_arguments() {
        let program = |line: &str| {
            LabService {
                image_path: line.to_owned(),
                ..service("S", &[])
            }
            .program()
            .to_owned()
        };
        assert_eq!(
            program(r#""C:\Program Files\MIM\miiserver.exe" -x"#),
            r"C:\Program Files\MIM\miiserver.exe"
        );
        assert_eq!(
            program(r"C:\Windows\System32\svchost.exe /k net"),
            r"C:\Windows\System32\svchost.exe"
        );
    }
}
