//! A component that the catalogue does not have: a service without a key set.

use std::sync::LazyLock;

use model::finding::Finding;
use model::inventory::{Carrier, HostInventory};
use model::names::{ComponentId, DnsName, LogonAccount, ServiceName, Spn};
use planner::{HostView, KeySetTools, Profile, Suggestion};

use super::super::fake_world::reference::PLAIN_SERVICE;

/// A component without a key set, which the catalogue does not have yet.
pub struct Plain(LazyLock<(ComponentId, Carrier)>);

pub static PLAIN: Plain = Plain(LazyLock::new(|| {
    (
        "plain".parse().unwrap(),
        Carrier::Service(PLAIN_SERVICE.parse().unwrap()),
    )
}));

impl Profile for Plain {
    fn component(&self) -> &ComponentId {
        &self.0.0
    }

    fn title(&self) -> &str {
        "a service without a key set"
    }

    fn carrier(&self) -> &Carrier {
        &self.0.1
    }

    fn watched_services(&self) -> &[ServiceName] {
        &[]
    }

    fn registry(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn owns(&self, _spn: &Spn) -> bool {
        false
    }

    fn expected_spns(&self, _host: &DnsName) -> Vec<Spn> {
        Vec::new()
    }

    fn suggestion(&self) -> Suggestion {
        Suggestion {
            gmsa: "PlainGMSA".parse().unwrap(),
            retrieval_group: "PlainGMSA_Hosts".parse().unwrap(),
            key_set: None,
            groups: Vec::new(),
        }
    }

    fn findings(&self, _view: &HostView<'_>) -> Vec<Finding> {
        Vec::new()
    }

    fn version(&self, _host: &HostInventory) -> Option<String> {
        None
    }

    fn key_set(&self, _: &HostView<'_>, _: &LogonAccount, _: &LogonAccount) -> Option<KeySetTools> {
        None
    }
}
