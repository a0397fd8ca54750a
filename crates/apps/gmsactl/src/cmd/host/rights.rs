//! Account rights.

use clap::{Args, Subcommand};
use model::host::{AccountRight, RightHolders};
use model::names::HostName;
use model::ports::Host;
use security::Sid;

use super::accounts::Who;
use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect};
use crate::documents::host::RightList;
use crate::error::Failure;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with account rights.
#[derive(Debug, Subcommand)]
pub enum Rights {
    /// Show who may log on as a service or batch job, who is denied what, and what group policies say.
    #[command(after_help = "Example:\n  gmsactl host rights show MIMSYNC01 --estate estate.toml")]
    Show {
        /// The host, as estate.toml names it.
        #[arg(value_name = "HOST")]
        host: HostName,
    },
    /// Grant a right locally, to one account or group.
    #[command(
        after_help = "Example:\n  gmsactl host rights grant MIMSYNC01 SeServiceLogonRight \
                      --to 'CONTOSO\\MIMSyncGMSAsvc$' --estate estate.toml"
    )]
    Grant(Grant),
    /// Take a right away locally, from one account or group.
    #[command(
        after_help = "Example:\n  gmsactl host rights revoke MIMSYNC01 SeServiceLogonRight \
                      --from 'CONTOSO\\svc-mimsync' --estate estate.toml"
    )]
    Revoke(Revoke),
}

/// Arguments of `host rights grant`.
#[derive(Debug, Args)]
pub struct Grant {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Which: SeServiceLogonRight, SeBatchLogonRight, or one of the denials such as SeDenyServiceLogonRight.
    #[arg(value_name = "RIGHT")]
    right: AccountRight,
    /// Who is to have it: a name, or a SID.
    #[arg(long, value_name = "ACCOUNT", value_parser = Who::parse)]
    to: Who,
    #[command(flatten)]
    writing: Writing,
}

/// Arguments of `host rights revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Which.
    #[arg(value_name = "RIGHT")]
    right: AccountRight,
    /// Who is to lose it: a name, or a SID.
    #[arg(long, value_name = "ACCOUNT", value_parser = Who::parse)]
    from: Who,
    #[command(flatten)]
    writing: Writing,
}

impl Rights {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        match self {
            Self::Show { host: name } => {
                let rights = connect(session, name).await?.account_rights().await?;
                let host = name.clone();
                output.document(&RightList { host, rights }, human::rights);
                Ok(0)
            }
            Self::Grant(args) => {
                let host = connect(session, &args.host).await?;
                let host = host.as_ref();
                let sid = args.to.sid(host).await?;
                let found = read(host, args.right).await?;
                let change = (!found.is_held_by(&sid))
                    .then(|| change(args.right.name(), None, Some(args.to.to_string())));
                let subject = format!("{} holds {}", args.to, args.right);
                let mut wanted = Wanted::one(&args.host, subject, change.flatten());
                let name = args.to.name();
                let policies = found.policies_without(&sid, name.as_deref());
                wanted.advice = policies
                    .map(|policy| taken_back(args.right, &policy.template))
                    .collect();
                let document = wanted.carry_out(
                    args.writing,
                    async || host.grant_right(args.right, &sid).await.map(drop),
                    async || is_held(host, args.right, &sid).await,
                );
                output.document(&document.await?, human::host_change);
                Ok(0)
            }
            Self::Revoke(args) => {
                let host = connect(session, &args.host).await?;
                let host = host.as_ref();
                let sid = args.from.sid(host).await?;
                let found = read(host, args.right).await?;
                let change = found
                    .is_held_by(&sid)
                    .then(|| change(args.right.name(), Some(args.from.to_string()), None));
                let subject = format!("{} does not hold {}", args.from, args.right);
                let mut wanted = Wanted::one(&args.host, subject, change.flatten());
                let policies = found.policies.iter();
                let policies = policies.filter(|policy| policy.sids.contains(&sid));
                wanted.advice = policies
                    .map(|policy| given_back(&policy.template))
                    .collect();
                let document = wanted.carry_out(
                    args.writing,
                    async || host.revoke_right(args.right, &sid).await.map(drop),
                    async || Ok(!is_held(host, args.right, &sid).await?),
                );
                output.document(&document.await?, human::host_change);
                Ok(0)
            }
        }
    }
}

/// What becomes of a local grant of a right that a policy defines without the account.
pub fn taken_back(right: AccountRight, template: &str) -> String {
    format!(
        "a group policy defines {right} ({template}) without the account: its next refresh takes a local \
         grant back; add the account to that policy"
    )
}

fn given_back(template: &str) -> String {
    format!(
        "a group policy defines the right ({template}) with the account: its next refresh gives it back; \
         take the account out of that policy"
    )
}

async fn read(host: &dyn Host, right: AccountRight) -> Result<RightHolders, Failure> {
    let rights = host.account_rights().await?;
    let found = rights.into_iter().find(|found| found.right == right);
    found.ok_or_else(|| Failure::new("protocol", format!("the agent says nothing about {right}")))
}

async fn is_held(
    host: &dyn Host,
    right: AccountRight,
    sid: &Sid,
) -> Result<bool, model::ports::WorldError> {
    let rights = host.account_rights().await?;
    let mut found = rights.iter().filter(|found| found.right == right);
    Ok(found.any(|found| found.is_held_by(sid)))
}
