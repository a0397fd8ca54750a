//! Events.

use clap::Args;
use model::host::{EventQuery, UnixMillis};
use model::names::HostName;
use security::FileTime;

use super::{Done, connect};
use crate::documents::host::{EventList, ListedEvent};
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `host events`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gmsactl host events MIMSYNC01 --provider 'Service Control Manager' \
                  --id 7038 --id 7041 --since 2026-11-22T12:00:00Z --estate estate.toml"
)]
pub struct Events {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Name of the log.
    #[arg(long, value_name = "NAME", default_value = "System")]
    log_name: String,
    /// Only events of this provider.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only events with this number; may be given many times.
    #[arg(long, value_name = "NUMBER")]
    id: Vec<u32>,
    /// Only events since this time (RFC 3339, UTC), by the host's clock.
    #[arg(long, value_name = "TIME")]
    since: Option<FileTime>,
    /// At most so many, the newest.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

impl Events {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let millis = |time: FileTime| i64::try_from(time.to_unix_nanos() / 1_000_000).ok();
        let query = EventQuery {
            log: self.log_name.clone(),
            provider: self.provider.clone(),
            ids: self.id.clone(),
            since: self.since.and_then(millis).map(UnixMillis),
            limit: self.limit,
        };
        let page = connect(session, &self.host).await?.events(&query).await?;
        let document = EventList {
            host: self.host.clone(),
            log: query.log,
            events: page.events.into_iter().map(ListedEvent::from).collect(),
            more: page.more,
        };
        output.document(&document, human::events);
        Ok(0)
    }
}
