//! Triggers of services.

use clap::{Args, Subcommand};
use model::host::ServiceTrigger;
use model::names::{HostName, ServiceName};
use model::ports::Host;

use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect, not_there};
use crate::documents::host::{ListedTrigger, TriggerList};
use crate::error::Failure;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with a service's triggers.
#[derive(Debug, Subcommand)]
pub enum Trigger {
    /// Show all triggers of a service.
    #[command(after_help = "Example:\n  gmsactl host trigger show DC1 kdssvc --estate estate.toml")]
    Show(Service),
    /// Add `start/networkon`: the service starts when the first network address is there.
    #[command(after_help = "Example:\n  gmsactl host trigger add DC1 kdssvc --estate estate.toml")]
    Add(Change),
    /// Remove `start/networkon`, and no other.
    #[command(
        after_help = "Example:\n  gmsactl host trigger remove DC1 kdssvc --estate estate.toml"
    )]
    Remove(Change),
}

/// A service on a host.
#[derive(Debug, Args)]
pub struct Service {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Key name of the service.
    #[arg(value_name = "SERVICE")]
    service: ServiceName,
}

/// A change of a service on a host.
#[derive(Debug, Args)]
pub struct Change {
    #[command(flatten)]
    of: Service,
    #[command(flatten)]
    writing: Writing,
}

impl Trigger {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let (of, writing, add) = match self {
            Self::Show(of) => (of, None, false),
            Self::Add(Change { of, writing }) => (of, Some(*writing), true),
            Self::Remove(Change { of, writing }) => (of, Some(*writing), false),
        };
        let host = connect(session, &of.host).await?;
        let host = host.as_ref();
        let triggers = read(host, of).await?;
        let Some(writing) = writing else {
            let (on, service) = (of.host.clone(), of.service.clone());
            let triggers = triggers.into_iter().map(ListedTrigger::from).collect();
            let host = on;
            output.document(
                &TriggerList {
                    host,
                    service,
                    triggers,
                },
                human::triggers,
            );
            return Ok(0);
        };
        let trigger = ServiceTrigger::start_with_network();
        let there = triggers.contains(&trigger);
        let text = |there: bool| there.then(|| trigger.to_string());
        let subject = match add {
            true => format!("{} starts with the network", of.service),
            false => format!("{} does not start with the network", of.service),
        };
        let change = change("trigger", text(there), text(add));
        let document = Wanted::one(&of.host, subject, change).carry_out(
            writing,
            async || match add {
                true => host
                    .add_service_trigger(&of.service, &trigger)
                    .await
                    .map(drop),
                false => host
                    .remove_service_trigger(&of.service, &trigger)
                    .await
                    .map(drop),
            },
            async || {
                let now = host.service_triggers(&of.service).await?;
                Ok(now.is_some_and(|now| now.contains(&trigger) == add))
            },
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }
}

async fn read(host: &dyn Host, of: &Service) -> Result<Vec<ServiceTrigger>, Failure> {
    let found = host.service_triggers(&of.service).await?;
    let what = format!("service {}", of.service);
    found.ok_or_else(|| not_there(&of.host, &what, "gmsactl host services lists them"))
}
