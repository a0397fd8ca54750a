//! What one conversion cannot want, alone or beside others.

use super::{Conversion, Mailbox, Strategy};
use crate::names::Spn;

/// The first one of a conversion: with itself, or with those before it.
pub(super) fn first(conversion: &Conversion, before: &[Conversion]) -> Option<String> {
    if conversion.hosts.is_empty() {
        return Some("hosts is empty: name at least one host".to_owned());
    }
    let mut hosts = conversion.hosts.clone();
    hosts.sort();
    if let Some([twice, _]) = hosts.windows(2).find(|pair| pair.first() == pair.last()) {
        return Some(format!("host {twice} stands twice in hosts"));
    }
    if conversion.interval_days == 0 || conversion.interval_days > 3650 {
        return Some("interval-days must be between 1 and 3650".to_owned());
    }
    if conversion
        .retrieval_group
        .same_as(&conversion.gmsa.sam_account_name())
    {
        return Some("retrieval-group and gmsa are the same name".to_owned());
    }
    let clash = before
        .iter()
        .find(|other| other.component == conversion.component);
    if let Some(host) = clash.and_then(|other| {
        other
            .hosts
            .iter()
            .find(|host| conversion.hosts.contains(host))
    }) {
        return Some(format!(
            "host {host} has this component in an earlier conversion already"
        ));
    }
    if let Some(exchange) = &conversion.exchange
        && (exchange.mailbox == Mailbox::None) != exchange.account.is_none()
    {
        return Some("exchange needs an account for a mailbox, and none without".to_owned());
    }
    if let Some(why) = with_setup(conversion) {
        return Some(why);
    }
    let named = |other: &Conversion, spn: &Spn| {
        let mut spns = other.spns.iter().flatten();
        spns.any(|taken| taken.same_as(spn))
    };
    let mut spns = conversion.spns.iter().flatten();
    if let Some(spn) = spns.find(|spn| before.iter().any(|other| named(other, spn))) {
        return Some(format!(
            "SPN {spn} moves with an earlier conversion already"
        ));
    }
    before
        .iter()
        .find(|other| other.component != conversion.component && other.gmsa == conversion.gmsa)
        .map(|other| {
            format!(
                "component {} has the same gMSA; give each component its own",
                other.component
            )
        })
}

/// Setup and strategy belong together, and a password stands in no file.
fn with_setup(conversion: &Conversion) -> Option<String> {
    let installer = conversion.strategy == Strategy::Installer;
    let Some(setup) = &conversion.setup else {
        return installer.then(|| {
            "strategy installer needs setup: the package on the host, and a copy of it here"
                .to_owned()
        });
    };
    if !installer {
        return Some("setup is for strategy = \"installer\" only".to_owned());
    }
    let mut names = setup.properties.keys();
    names.find(|name| name.is_of_a_password()).map(|name| {
        format!("property {name} is a password: none is needed, and none stands in a file")
    })
}
