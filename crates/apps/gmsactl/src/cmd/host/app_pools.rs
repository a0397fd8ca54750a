//! Application pools.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use model::host::{AppPool, PoolControl, PoolIdentity, PoolName, PoolState};
use model::names::HostName;
use model::ports::Host;

use super::accounts::NewAccount;
use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect, not_there};
use crate::documents::host::PoolList;
use crate::error::Failure;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with application pools.
#[derive(Debug, Subcommand)]
pub enum AppPools {
    /// Show all pools, or those that serve a folder.
    #[command(after_help = "Example:\n  gmsactl host app-pools show MIMSVC01 \
                      --serves 'C:\\inetpub\\wwwroot\\wss\\VirtualDirectories\\80' --estate estate.toml")]
    Show {
        /// The host, as estate.toml names it.
        #[arg(value_name = "HOST")]
        host: HostName,
        /// Only pools that serve this folder.
        #[arg(long, value_name = "FOLDER")]
        serves: Option<String>,
    },
    /// Set whom a pool runs as.
    #[command(
        after_help = "Worker processes that run keep the old identity until the pool is recycled.\n\n\
                      Example:\n  gmsactl host app-pools set-identity MIMSVC01 'MIM Password Reset' \
                      --account 'CONTOSO\\MIMPortalGMSA$' --estate estate.toml"
    )]
    SetIdentity(SetIdentity),
    /// Set a pool back to an identity of Windows' own.
    #[command(
        after_help = "Example:\n  gmsactl host app-pools set-built-in MIMSVC01 'MIM Password Reset' \
                      application-pool-identity --estate estate.toml"
    )]
    SetBuiltIn(SetBuiltIn),
    /// Start a pool.
    #[command(
        after_help = "Example:\n  gmsactl host app-pools start MIMSVC01 'MIM Password Reset' --estate estate.toml"
    )]
    Start(Control),
    /// Stop a pool.
    #[command(
        after_help = "Example:\n  gmsactl host app-pools stop MIMSVC01 'MIM Password Reset' --estate estate.toml"
    )]
    Stop(Control),
    /// Give a pool new worker processes, with the identity that is set now.
    #[command(
        after_help = "Example:\n  gmsactl host app-pools recycle MIMSVC01 'MIM Password Reset' --estate estate.toml"
    )]
    Recycle(Control),
}

/// A pool on a host.
#[derive(Debug, Args)]
pub struct Pool {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// The pool's name.
    #[arg(value_name = "POOL", value_parser = |text: &str| PoolName::parse(text))]
    pool: PoolName,
}

/// Arguments of `host app-pools set-identity`.
#[derive(Debug, Args)]
pub struct SetIdentity {
    #[command(flatten)]
    of: Pool,
    #[command(flatten)]
    new: NewAccount,
    #[command(flatten)]
    writing: Writing,
}

/// Arguments of `host app-pools set-built-in`.
#[derive(Debug, Args)]
pub struct SetBuiltIn {
    #[command(flatten)]
    of: Pool,
    /// Which.
    #[arg(value_name = "IDENTITY")]
    identity: BuiltIn,
    #[command(flatten)]
    writing: Writing,
}

/// Identities of Windows' own.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum BuiltIn {
    /// The account that Windows makes of the pool's name.
    ApplicationPoolIdentity,
    /// Network service.
    NetworkService,
    /// Local service.
    LocalService,
    /// Local system.
    LocalSystem,
}

/// Arguments of `host app-pools start`, `stop` and `recycle`.
#[derive(Debug, Args)]
pub struct Control {
    #[command(flatten)]
    of: Pool,
    /// Longest wait, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    #[command(flatten)]
    writing: Writing,
}

impl AppPools {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        match self {
            Self::Show { host, serves } => show(session, output, host, serves.as_deref()).await,
            Self::SetIdentity(args) => args.run(session, output).await,
            Self::SetBuiltIn(args) => {
                let identity = match args.identity {
                    BuiltIn::ApplicationPoolIdentity => PoolIdentity::ApplicationPoolIdentity,
                    BuiltIn::NetworkService => PoolIdentity::NetworkService,
                    BuiltIn::LocalService => PoolIdentity::LocalService,
                    BuiltIn::LocalSystem => PoolIdentity::LocalSystem,
                };
                set(session, output, &args.of, identity, None, args.writing).await
            }
            Self::Start(args) => args.run(PoolControl::Start, session, output).await,
            Self::Stop(args) => args.run(PoolControl::Stop, session, output).await,
            Self::Recycle(args) => args.run(PoolControl::Recycle, session, output).await,
        }
    }
}

async fn show(
    session: &Session<'_>,
    output: &Output,
    name: &HostName,
    serves: Option<&str>,
) -> Done {
    let found = connect(session, name).await?.app_pools().await?;
    let web_server = found.is_some();
    let mut app_pools = found.unwrap_or_default();
    if let Some(folder) = serves {
        app_pools.retain(|pool| pool.serves(folder));
    }
    let document = PoolList {
        host: name.clone(),
        web_server,
        app_pools,
    };
    output.document(&document, human::app_pools);
    Ok(0)
}

impl SetIdentity {
    async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let user = PoolIdentity::from_configuration("SpecificUser", &self.new.account.to_string());
        let identity = user.ok_or_else(|| Failure::new("usage", "an account has a name"))?;
        let new = Some(&self.new);
        set(session, output, &self.of, identity, new, self.writing).await
    }
}

async fn set(
    session: &Session<'_>,
    output: &Output,
    of: &Pool,
    identity: PoolIdentity,
    new: Option<&NewAccount>,
    writing: Writing,
) -> Done {
    let host = connect(session, &of.host).await?;
    let host = host.as_ref();
    let found = find(host, of).await?;
    let old = found.identity.to_string();
    let new_text = identity.to_string();
    let password_only =
        same(&found.identity, &identity) && new.is_some_and(NewAccount::names_password);
    let identity_change = (!same(&found.identity, &identity))
        .then(|| change("identity", Some(old), Some(new_text)))
        .flatten();
    let password_change = password_only
        .then(|| change("stored password", None, Some("as given".to_owned())))
        .flatten();
    let subject = format!("application pool {} runs as {identity}", of.pool);
    let mut wanted = Wanted::one(&of.host, subject, identity_change.or(password_change));
    if found.state == PoolState::Started && !wanted.changes.is_empty() {
        wanted.advice.push(format!(
            "its worker processes run on as {} until it is recycled",
            found.identity
        ));
    }
    let password = match new {
        Some(new) if !writing.dry_run && !wanted.changes.is_empty() => new.password(session)?,
        _ => None,
    };
    let document = wanted.carry_out(
        writing,
        async || {
            host.set_pool_identity(&of.pool, &identity, password.as_ref())
                .await
        },
        async || {
            let pools = host.app_pools().await?.unwrap_or_default();
            let mut pools = pools.iter().filter(|pool| is(pool, &of.pool));
            Ok(pools.any(|pool| same(&pool.identity, &identity)))
        },
    );
    output.document(&document.await?, human::host_change);
    Ok(0)
}

impl Control {
    async fn run(&self, control: PoolControl, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.of.host).await?;
        let host = host.as_ref();
        let before = find(host, &self.of).await?.state;
        let after = match control {
            PoolControl::Stop => PoolState::Stopped,
            PoolControl::Start | PoolControl::Recycle => PoolState::Started,
        };
        let word = |state: PoolState| Some(format!("{state:?}").to_lowercase());
        let change = match control {
            PoolControl::Recycle => {
                change("worker processes", word(before), Some("new".to_owned()))
            }
            PoolControl::Start | PoolControl::Stop => change("state", word(before), word(after)),
        };
        let subject = format!(
            "application pool {} is {}",
            self.of.pool,
            word(after).unwrap_or_default()
        );
        let document = Wanted::one(&self.of.host, subject, change).carry_out(
            self.writing,
            async || {
                let patience = Duration::from_secs(self.timeout);
                let done = host.control_pool(&self.of.pool, control, patience).await;
                done.map(drop)
            },
            async || {
                let pools = host.app_pools().await?.unwrap_or_default();
                let mut pools = pools.iter().filter(|pool| is(pool, &self.of.pool));
                Ok(pools.any(|pool| pool.state == after))
            },
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }
}

async fn find(host: &dyn Host, of: &Pool) -> Result<AppPool, Failure> {
    let Some(pools) = host.app_pools().await? else {
        let hint = "name the host on which the pool is";
        return Err(not_there(&of.host, "web server (IIS)", hint));
    };
    let found = pools.into_iter().find(|pool| is(pool, &of.pool));
    let what = format!("application pool {}", of.pool);
    found.ok_or_else(|| not_there(&of.host, &what, "gmsactl host app-pools show lists them"))
}

fn is(pool: &AppPool, name: &PoolName) -> bool {
    pool.name.as_str().eq_ignore_ascii_case(name.as_str())
}

fn same(one: &PoolIdentity, other: &PoolIdentity) -> bool {
    one.kind() == other.kind() && one.to_string().eq_ignore_ascii_case(&other.to_string())
}
