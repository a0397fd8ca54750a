//! `gmsactl keyset`: the Synchronization Service's key sets, and what was exported of them.

mod copy;
mod export;
mod fetch;
mod inspect;
mod open;
mod verify;

use std::sync::Arc;

use clap::Subcommand;
use engine::{exported_key_sets, key_sets_saved_by_setup};
use mim::Node;
use model::inventory::Inventory;
use model::ports::{FileFacts, Host, Hosts, Journal, WorldError};

use super::Done;
use crate::documents::keyset::{ExportNow, FileNow, SavedNow};
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::view::Output;

/// The component of the catalogue that has one.
const COMPONENT: &str = "sync";

/// The verbs below `keyset`.
#[derive(Debug, Subcommand)]
pub enum KeysetVerb {
    /// Which services have a key set, and which exports of one the journal knows.
    Inspect(inspect::Inspect),
    /// Export the key set to a file on its host, with the product's own tool, and record the file's hash.
    Export(export::Export),
    /// Look whether the exported files, or a copy of one on this machine, are still what was exported.
    Verify(verify::Verify),
    /// Bring sealed copies from their hosts to a folder on this machine.
    Fetch(fetch::Fetch),
    /// Decrypt a sealed copy on this machine, if it is one of an export of the journal.
    Open(open::Open),
}

/// Does one.
pub async fn run(verb: &KeysetVerb, global: &Global, output: &Output) -> Done {
    match verb {
        KeysetVerb::Inspect(args) => args.run(global, output).await,
        KeysetVerb::Export(args) => args.run(global, output).await,
        KeysetVerb::Verify(args) => args.run(global, output).await,
        KeysetVerb::Fetch(args) => args.run(global, output).await,
        KeysetVerb::Open(args) => args.run(global, output),
    }
}

/// The services that have a key set.
fn services(session: &Session<'_>, inventory: &Inventory) -> Vec<Node> {
    let found = session.detect(inventory).components.into_iter();
    found
        .filter(|found| found.component.as_str() == COMPONENT)
        .flat_map(|found| found.nodes)
        .collect()
}

/// The exports of the journal, each compared with what its host has now.
async fn exports(
    session: &Session<'_>,
    hosts: &dyn Hosts,
    journal: &dyn Journal,
) -> Result<Vec<ExportNow>, Failure> {
    let mut exports = Vec::new();
    for exported in exported_key_sets(journal, &session.estate.domain.name)? {
        let host = hosts.host(&exported.host).await;
        let wanted = (!exported.removed).then_some(&exported.facts);
        let plain = file_now(&host, &exported.file, wanted).await;
        let sealed = match &exported.sealed {
            Some(sealed) => Some(file_now(&host, &sealed.file, Some(&sealed.facts)).await),
            None => None,
        };
        exports.push(ExportNow {
            holds: plain.holds && sealed.as_ref().is_none_or(|sealed| sealed.holds),
            exported,
            now: plain.now,
            detail: plain.detail,
            sealed_now: sealed,
        });
    }
    Ok(exports)
}

/// The files that setups saved by themselves, each compared with what its host has now.
async fn saved_by_setup(
    session: &Session<'_>,
    hosts: &dyn Hosts,
    journal: &dyn Journal,
) -> Result<Vec<SavedNow>, Failure> {
    let domain = &session.estate.domain.name;
    let exports = exported_key_sets(journal, domain)?;
    let mut found = Vec::new();
    for saved in key_sets_saved_by_setup(journal, domain)? {
        let host = hosts.host(&saved.host).await;
        let now = file_now(&host, &saved.file, Some(&saved.facts)).await;
        found.push(SavedNow {
            same_as_an_export: exports.iter().any(|export| export.facts == saved.facts),
            holds: now.holds,
            now: now.now,
            detail: now.detail,
            saved,
        });
    }
    Ok(found)
}

/// What is in a file's place, compared with what is to be there.
async fn file_now(
    host: &Result<Arc<dyn Host>, WorldError>,
    file: &str,
    wanted: Option<&FileFacts>,
) -> FileNow {
    let seen = match host {
        Ok(host) => host.file(file).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let (holds, now, detail) = match seen {
        Ok(now) => {
            let detail = match (&now, wanted) {
                (Some(now), Some(_)) => told(now),
                (Some(now), None) => {
                    format!("it is there again, for anybody to read: {}", told(now))
                }
                (None, Some(_)) => "it is not there".to_owned(),
                (None, None) => "removed: its sealed copy stays".to_owned(),
            };
            (now.as_ref() == wanted, now, detail)
        }
        Err(why) => (false, None, why),
    };
    FileNow { holds, now, detail }
}

fn told(facts: &FileFacts) -> String {
    format!("{} bytes, SHA-256 {}", facts.size, facts.sha256)
}
