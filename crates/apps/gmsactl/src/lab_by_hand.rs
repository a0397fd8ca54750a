//! What a person does with the wizard of a product's setup, on a host of a lab.

use agent_protocol::RegistryKey;
use lab::mim::setup::wizard::{self, Entries};
use model::names::HostName;
use model::plan::{Action, PlannedCarrier};

use crate::lab_estate::LabEstate;

/// Does it, and says what was done; `None` where the wizard did not get to its end, or there is nothing to do.
pub fn follow_wizard(lab: &LabEstate, host: &HostName, action: &Action) -> Option<String> {
    let Action::FollowWizard {
        carrier,
        to,
        wizard,
        key_set,
        saves,
        stores,
        ..
    } = action
    else {
        return None;
    };
    let key = stores
        .as_ref()
        .map(|stores| RegistryKey::parse(&stores.key));
    let mailbox = match (stores, &key) {
        (Some(stores), Some(Ok(key))) => Some((
            key,
            [stores.filled.as_str(), stores.empty.as_str()],
            lab.expose_service_password(),
        )),
        _ => None,
    };
    let (of, pool) = match carrier {
        PlannedCarrier::Service(service) => (service.as_str(), false),
        PlannedCarrier::Pool(pool) => (pool.as_str(), true),
    };
    let account = to.to_string();
    let entries = Entries {
        of,
        pool,
        account: &account,
        key_set: key_set.as_deref(),
        saves: saves.first().map(String::as_str),
        mailbox,
    };
    let done = lab
        .host(host)?
        .with(|machine| wizard::follow_wizard(machine, &lab.sql, &entries));
    match done {
        Ok(()) => Some(format!("On {host}: {}", wizard.way_in)),
        Err(why) => {
            tracing::warn!(%host, %why, "setup ended with a complaint");
            None
        }
    }
}
