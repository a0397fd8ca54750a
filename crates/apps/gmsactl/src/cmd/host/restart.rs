//! A restart of the host, and waiting for its end.

use std::time::{Duration, Instant};

use clap::Args;
use model::names::HostName;
use model::ports::Host;
use security::FileTime;

use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect};
use crate::error::Failure;
use crate::session::Session;
use crate::view::{Output, human};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(5);

/// Arguments of `host reboot`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gmsactl host reboot MIMSYNC01 --delay 60 --wait --estate estate.toml"
)]
pub struct Reboot {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// How long it waits before it begins, in seconds: `shutdown.exe /a` on the host still stops it.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    delay: u32,
    /// Wait until its agent answers again and says that it has booted.
    #[arg(long)]
    wait: bool,
    /// How long to wait after the delay, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 900, requires = "wait")]
    timeout: u32,
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
        if !self.wait {
            let advice = "it is back when gmsactl host facts shows another boot time";
            wanted.advice.push(advice.to_owned());
        }
        let document = wanted.carry_out(
            self.writing,
            async || host.reboot(Duration::from_secs(self.delay.into())).await,
            async || Ok(true), // Whether it does shows only when it is gone.
        );
        let document = document.await?;
        if self.wait && document.applied {
            let patience = Duration::from_secs(u64::from(self.delay) + u64::from(self.timeout));
            let say = |line: &str| output.note(&format!("{}: {line}", self.host));
            wait_for(&*host, booted, patience, PAUSE, say).await?;
        }
        output.document(&document, human::host_change);
        Ok(0)
    }
}

/// Asks every `pause` until the host answers with another boot time than `before`.
async fn wait_for(
    host: &dyn Host,
    before: Option<FileTime>,
    patience: Duration,
    pause: Duration,
    say: impl Fn(&str),
) -> Result<(), Failure> {
    let since = Instant::now();
    let mut silent = None;
    let back = async {
        loop {
            match host.facts().await {
                Ok(facts) if facts.booted != before || (before.is_none() && silent.is_some()) => {
                    let seconds = since.elapsed().as_secs();
                    say(&format!(
                        "it answers again, {seconds} s after it was asked to restart"
                    ));
                    return;
                }
                Ok(_) => {}
                Err(error) if silent.is_none() => {
                    tracing::debug!(%error, "the host does not answer");
                    say("it does not answer any more, as it should; waiting until it does");
                    silent = Some(error);
                }
                Err(error) => silent = Some(error),
            }
            tokio::time::sleep(pause).await;
        }
    };
    if tokio::time::timeout(patience, back).await.is_ok() {
        return Ok(());
    }
    let seconds = patience.as_secs();
    Err(match silent {
        None => Failure::new("timeout", format!("the host has not restarted within {seconds} s: it still answers"))
            .hint("look at the host: a service that does not stop holds it up; or somebody stopped the restart"),
        Some(error) => Failure::new("timeout", format!("the host does not answer again within {seconds} s"))
            .caused_by(&error)
            .hint("look at the host's console; gmsactl host facts tells when it is back"),
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use security::Interval;

    use super::*;
    use crate::lab_estate::LabEstate;

    const SOON: Duration = Duration::from_millis(5);

    #[tokio::test(flavor = "multi_thread")]
    async fn the_end_of_a_restart_is_awaited() {
        let lab = LabEstate::reference(Default::default()).await.unwrap();
        let world = lab.world().await.unwrap();
        let host = world
            .hosts
            .host(&"MIMSYNC01".parse().unwrap())
            .await
            .unwrap();
        let before = host.facts().await.unwrap().booted;

        let never = wait_for(&*host, before, 20 * SOON, SOON, |_| {})
            .await
            .unwrap_err();
        assert!(
            never.message.ends_with("it still answers"),
            "{}",
            never.message
        );

        host.reboot(Duration::ZERO).await.unwrap();
        let late = wait_for(&*host, before, Duration::from_secs(3), SOON, |_| {})
            .await
            .unwrap_err();
        assert!(
            late.message.starts_with("the host does not answer again"),
            "{}",
            late.message
        );
        assert!(!late.causes.is_empty());

        // The lab's restart takes minutes of its own clock: they pass once it is known to be down.
        let said = RefCell::new(Vec::new());
        let say = |line: &str| {
            if said.borrow().is_empty() {
                lab.clock().advance(Interval::from_minutes(5));
            }
            said.borrow_mut().push(line.to_owned());
        };
        wait_for(&*host, before, Duration::from_secs(60), SOON, say)
            .await
            .unwrap();
        let said = said.into_inner();
        assert!(said[0].contains("does not answer any more"), "{said:?}");
        assert!(said[1].starts_with("it answers again"), "{said:?}");
        assert_ne!(host.facts().await.unwrap().booted, before);
    }
}
