//! The password of the MIM Service's mailbox: where it is stored under a gMSA, and what encrypts it.
//!
//! Microsoft publishes a script for it (SCRIPT) and a picture of the registry after setup (GMSA). They contradict each
//! other: the script writes `EncryptedExchangeOnlineAccountPassword` whatever it was called for; the picture has two
//! more values, of which one is filled and the other empty. What setup makes is taken for right: one value for
//! Exchange Online, one for an Exchange of one's own. Not yet seen on Windows.

use model::intent::Mailbox;
use model::inventory::HostInventory;
use model::plan::PasswordHelper;
use planner::{HostView, StoredPassword};

use crate::rules::{KEY_PROTECT, SETTINGS_KEY};

/// Where the MIM Service is installed.
const LOCATION: &str = "Location"; // SEEN
const ONLINE: &str = "GMSAEncryptedExchangeOnlineAccountPassword"; // GMSA, picture
const ON_PREMISE: &str = "GMSAEncryptedExchangeOnPremiseAccountPassword"; // GMSA, picture
/// What a password account's service has.
const OF_A_PASSWORD_ACCOUNT: &str = "EncryptedExchangeOnlineAccountPassword"; // SCRIPT
const PROGRAM: &str = "Microsoft.IdentityManagement.KeyProtectService.exe"; // SCRIPT

/// The registry values that discovery must read.
pub(crate) fn registry() -> impl Iterator<Item = (String, String)> {
    let names = [LOCATION, ONLINE, ON_PREMISE, OF_A_PASSWORD_ACCOUNT];
    names
        .into_iter()
        .map(|name| (SETTINGS_KEY.to_owned(), name.to_owned()))
}

/// The value that holds a password on a host.
pub(crate) fn filled(host: &HostInventory) -> Option<&'static str> {
    let names = [ONLINE, ON_PREMISE, OF_A_PASSWORD_ACCOUNT];
    let holds = |name: &str| {
        let text = host.registry_text(SETTINGS_KEY, name);
        text.is_some_and(|text| !text.is_empty())
    };
    names.into_iter().find(|name| holds(name))
}

/// Which mailbox the two values of a gMSA on a host tell of; `None` where both or neither is filled.
pub fn mailbox_of(host: &HostInventory) -> Option<Mailbox> {
    let holds = |name: &str| {
        let text = host.registry_text(SETTINGS_KEY, name);
        text.is_some_and(|text| !text.is_empty())
    };
    match (holds(ONLINE), holds(ON_PREMISE)) {
        (true, false) => Some(Mailbox::Online),
        (false, true) => Some(Mailbox::OnPremise),
        _ => None,
    }
}

/// What the intent wants stored on a host.
pub(crate) fn stored_password(view: &HostView<'_>) -> Option<StoredPassword> {
    let exchange = view.conversion.exchange.as_ref()?;
    let (value, empty) = match exchange.mailbox {
        Mailbox::Online => (ONLINE, ON_PREMISE),
        Mailbox::OnPremise => (ON_PREMISE, ONLINE),
        Mailbox::None => return None,
    };
    let folder = view.host.registry_text(SETTINGS_KEY, LOCATION)?;
    let helper = PasswordHelper {
        service: KEY_PROTECT.parse().ok()?,
        program: format!("{}\\{PROGRAM}", folder.trim_end_matches('\\')),
        runs_as: view.gmsa.clone(),
        argument: "e".to_owned(),   // SCRIPT: encrypt
        pipe: "keypipe".to_owned(), // SCRIPT
        event_source: "Microsoft.IdentityManagement.KeyProtectService".to_owned(), // GMSA, picture
        event: 4355,                // GMSA, picture
    };
    Some(StoredPassword {
        account: exchange.account.clone()?,
        helper,
        key: SETTINGS_KEY.to_owned(),
        value: value.to_owned(),
        empty: empty.to_owned(),
    })
}
