//! `gmsactl keyset`: the Synchronization Service's key sets, and what was exported of them.

mod export;
mod inspect;
mod verify;

use clap::Subcommand;
use engine::exported_key_sets;
use mim::Node;
use model::inventory::Inventory;
use model::ports::{FileFacts, Hosts, Journal};

use super::Done;
use crate::documents::keyset::ExportNow;
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
}

/// Does one.
pub async fn run(verb: &KeysetVerb, global: &Global, output: &Output) -> Done {
    match verb {
        KeysetVerb::Inspect(args) => args.run(global, output).await,
        KeysetVerb::Export(args) => args.run(global, output).await,
        KeysetVerb::Verify(args) => args.run(global, output).await,
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
        let seen = match hosts.host(&exported.host).await {
            Ok(host) => host.file(&exported.file).await,
            Err(error) => Err(error),
        };
        let (now, detail) = match seen {
            Ok(Some(now)) => (Some(now.clone()), told(&now)),
            Ok(None) => (None, "it is not there".to_owned()),
            Err(error) => (None, error.to_string()),
        };
        exports.push(ExportNow {
            holds: now.as_ref() == Some(&exported.facts),
            exported,
            now,
            detail,
        });
    }
    Ok(exports)
}

fn told(facts: &FileFacts) -> String {
    format!("{} bytes, SHA-256 {}", facts.size, facts.sha256)
}
