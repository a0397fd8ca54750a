//! The host as a whole: facts, products, tickets, restart.

use std::time::Duration;

use clap::Args;
use model::names::HostName;

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
            async || host.purge_tickets().await,
            async || Ok(true), // Nothing shows it, and doing it again is harmless.
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }
}

/// Arguments of `host reboot`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gmsactl host reboot MIMSYNC01 --delay 60 --estate estate.toml")]
pub struct Reboot {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// How long it waits before it begins, in seconds: `shutdown.exe /a` on the host still stops it.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    delay: u32,
    #[command(flatten)]
    writing: Writing,
}

impl Reboot {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.host).await?;
        let booted = host.facts().await?.booted;
        let change = change(
            "boot",
            booted.map(|time| time.to_string()),
            Some(format!("again, in {} s", self.delay)),
        );
        let mut wanted = Wanted::one(&self.host, "it restarts".to_owned(), change);
        wanted
            .advice
            .push("it is back when gmsactl host facts shows another boot time".to_owned());
        let document = wanted.carry_out(
            self.writing,
            async || host.reboot(Duration::from_secs(self.delay.into())).await,
            async || Ok(true), // Whether it does shows only when it is gone.
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }
}
