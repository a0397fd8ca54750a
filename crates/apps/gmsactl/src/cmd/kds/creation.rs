//! `kds add` and `kds wait`: a new root key, and the ten hours until it can be used.

use std::time::Duration;

use clap::Args;
use directory::ActiveDirectory;
use model::inventory::RootKeyFacts;
use model::names::DnsName;
use model::ports::{Clock, Directory, WorldError};
use security::{FileTime, Guid, Interval};

use crate::cmd::Done;
use crate::cmd::changing::{Changing, confirm};
use crate::cmd::waiting::Patience;
use crate::documents::{ControllerState, WaitDocument};
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::session::Session;
use crate::system::SystemClock;
use crate::view::{Output, human};

/// Arguments of `kds add`.
#[derive(Debug, Args)]
pub struct Add {
    /// From when it counts: now, or a time (RFC 3339, UTC). It can be used 10 hours later.
    #[arg(long, value_name = "TIME", default_value = "now", value_parser = effective)]
    effective: Effective,
    /// Create one although there is one that can be used, or will be within a day.
    #[arg(long)]
    another: bool,
    /// Do it without asking.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    changing: Changing,
}

/// Arguments of `kds wait`.
#[derive(Debug, Args)]
pub struct Wait {
    /// This one; by default any.
    #[arg(value_name = "ID")]
    id: Option<Guid>,
    /// Give up after so many minutes; 0 looks once.
    #[arg(long, value_name = "MINUTES", default_value_t = 660)]
    timeout: u64,
}

#[derive(Debug, Clone, Copy)]
enum Effective {
    Now,
    At(FileTime),
}

fn effective(text: &str) -> Result<Effective, String> {
    if text.eq_ignore_ascii_case("now") {
        return Ok(Effective::Now);
    }
    let time = text.parse();
    time.map(Effective::At)
        .map_err(|_| "is neither now nor a time such as 2027-01-31T00:00:00Z".to_owned())
}

/// As soon as this is near, another key only makes things harder to understand.
const SOON: Interval = Interval::from_hours(24);

/// Creates.
pub async fn add(args: &Add, global: &Global, output: &Output) -> Done {
    let directory = args.changing.directory(global).await?;
    let outcome = create(args, &directory, &Session::new(global)?).await;
    args.changing.shown(outcome, &directory, output).await
}

async fn create(
    args: &Add,
    directory: &ActiveDirectory,
    session: &Session<'_>,
) -> Result<Vec<String>, Failure> {
    let now = SystemClock.now();
    let keys = directory.root_keys().await?;
    let near = keys
        .iter()
        .find(|key| key.defect.is_none() && key.usable_from <= now.saturating_add(SOON));
    if let Some(key) = near.filter(|_| !args.another) {
        let when = if key.usable_from <= now {
            "can be used".to_owned()
        } else {
            format!("can be used from {}", key.usable_from)
        };
        let message = format!("there is a KDS root key already: {} {when}", key.id);
        return Err(Failure::new("exists", message)
            .hint("one is enough for a forest; --another creates one more, which new passwords then come from"));
    }
    let effective = match args.effective {
        Effective::Now => now,
        Effective::At(time) => time,
    };
    let margin = Interval::from_minutes(10 * 60 + 5);
    let usable = effective.saturating_add(margin);
    if !args.changing.dry_run {
        let question = format!(
            "A KDS root key is created for the whole forest. It cannot be used before {usable}: domain controllers wait 10 \
             hours after its effective time, so that all of them have it by then."
        );
        confirm(&question, args.yes, session)?;
    }
    let id = directory.create_root_key(effective).await?;
    let mut notes = vec![if args.changing.dry_run {
        format!("it could be used from {usable}")
    } else {
        format!("root key {id} can be used from {usable}; gmsactl kds wait {id} tells when")
    }];
    if effective < now {
        notes.push(
            "an effective time in the past takes the wait away, and with it the safety: a domain controller that has not \
             received the key yet makes no passwords from it. For a lab with one domain controller"
                .to_owned(),
        );
    }
    Ok(notes)
}

/// How often domain controllers are asked for their keys.
const POLL: Duration = Duration::from_secs(30);

/// Waits until a key can be used on every domain controller.
pub async fn wait(args: &Wait, global: &Global, output: &Output) -> Done {
    let directory = Session::new(global)?.directory().await?;
    let patience = Patience::minutes(args.timeout, POLL);
    let look = async || look(args.id, &directory).await;
    let domain_controllers = patience.until_none_is_late(output, look).await?;
    let document = WaitDocument {
        usable: domain_controllers.iter().all(|one| one.late.is_none()),
        domain_controllers,
    };
    output.document(&document, human::wait);
    Ok(if document.usable { 0 } else { exit::REFUSED })
}

async fn look(
    id: Option<Guid>,
    directory: &ActiveDirectory,
) -> Result<Vec<ControllerState>, Failure> {
    let state = |(domain_controller, keys): (DnsName, Result<Vec<RootKeyFacts>, WorldError>)| {
        let late = match keys {
            Ok(keys) => {
                let keys = keys.iter().filter(|key| id.is_none_or(|id| id == key.id));
                late(&keys.collect::<Vec<_>>(), SystemClock.now())
            }
            // One that cannot be asked may lack the key.
            Err(error) => Some(error.to_string()),
        };
        ControllerState {
            domain_controller,
            late,
        }
    };
    let asked = directory.root_keys_of_each().await?;
    Ok(asked.into_iter().map(state).collect())
}

/// Why no key of these can be used now; none where one can.
fn late(keys: &[&RootKeyFacts], now: FileTime) -> Option<String> {
    if keys
        .iter()
        .any(|key| key.defect.is_none() && key.usable_from <= now)
    {
        return None;
    }
    let next = keys.iter().filter(|key| key.defect.is_none());
    let next = next.min_by_key(|key| key.usable_from);
    let defect = keys.iter().find_map(|key| key.defect.clone());
    Some(match (next, defect) {
        (Some(key), _) => format!("{} can be used from {}", key.id, key.usable_from),
        (None, Some(defect)) => defect,
        (None, None) => "it has not received the key yet".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_key_is_late_is_told() {
        let time = FileTime::from_ticks;
        let key = |usable_from, defect: Option<&str>| RootKeyFacts {
            id: Guid::from_bytes([1; 16]),
            domain_controller: "dc1.contoso.com".parse().unwrap(),
            created: time(0),
            effective: time(0),
            usable_from: time(usable_from),
            defect: defect.map(str::to_owned),
        };
        let (old, new, bad) = (
            key(5, None),
            key(50, None),
            key(5, Some("its version is 2")),
        );
        assert_eq!(late(&[&old, &new], time(10)), None);
        let says = |keys: &[&RootKeyFacts]| late(keys, time(10)).unwrap();
        assert!(says(&[&new, &bad]).contains("can be used from"));
        assert_eq!(says(&[&bad]), "its version is 2");
        assert!(says(&[]).contains("not received"));
    }
}
