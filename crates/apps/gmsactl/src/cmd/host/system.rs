//! The host as a whole: facts, products, tickets.

use clap::Args;
use model::names::HostName;
use model::ports::{ErrorKind, WorldError};

use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect};
use crate::documents::host::{FactsDocument, ProductList};
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `host facts`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gmsactl host facts MIMSYNC01 --estate estate.toml")]
pub struct Facts {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
}

impl Facts {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let facts = connect(session, &self.host).await?.facts().await?;
        let host = self.host.clone();
        output.document(&FactsDocument { host, facts }, human::facts);
        Ok(0)
    }
}

/// Arguments of `host products`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gmsactl host products MIMSYNC01 --estate estate.toml")]
pub struct Products {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
}

impl Products {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let products = connect(session, &self.host).await?.products().await?;
        let host = self.host.clone();
        output.document(&ProductList { host, products }, human::products);
        Ok(0)
    }
}

/// Arguments of `host purge-tickets`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gmsactl host purge-tickets MIMSYNC01 --estate estate.toml")]
pub struct PurgeTickets {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    #[command(flatten)]
    writing: Writing,
}

/// A host that lacks `klist.exe` has another way.
fn without_the_tool(error: WorldError) -> WorldError {
    match error.kind {
        ErrorKind::NotFound => error.advise("a restart does the same: gmsactl host reboot"),
        _ => error,
    }
}

impl PurgeTickets {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.host).await?;
        let change = change(
            "Kerberos tickets of the computer",
            Some("as they are".to_owned()),
            Some("new, with its memberships of now".to_owned()),
        );
        let wanted = Wanted::one(&self.host, "its tickets are new".to_owned(), change);
        let document = wanted.carry_out(
            self.writing,
            async || host.purge_tickets().await.map_err(without_the_tool),
            async || Ok(true), // Nothing shows it, and doing it again is harmless.
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }
}
