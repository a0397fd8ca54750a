//! Local groups.

use clap::{Args, Subcommand};
use model::host::{GroupName, Trustee};
use model::names::HostName;
use model::ports::Host;

use super::accounts::Who;
use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect, not_there};
use crate::documents::host::MemberList;
use crate::error::Failure;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with a local group.
#[derive(Debug, Subcommand)]
pub enum LocalGroup {
    /// Show its direct members.
    #[command(
        after_help = "Example:\n  gmsactl host local-group show MIMSVC01 IIS_IUSRS --estate estate.toml"
    )]
    Show(Group),
    /// Add a member.
    #[command(
        after_help = "Example:\n  gmsactl host local-group add MIMSVC01 IIS_IUSRS --member 'CONTOSO\\MIMPortalGMSA$' --estate estate.toml"
    )]
    Add(Change),
    /// Remove a member.
    #[command(
        after_help = "Example:\n  gmsactl host local-group remove MIMSVC01 IIS_IUSRS --member 'CONTOSO\\svc-sspr' --estate estate.toml"
    )]
    Remove(Change),
}

/// A group on a host.
#[derive(Debug, Args)]
pub struct Group {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// The group's name.
    #[arg(value_name = "GROUP", value_parser = |text: &str| GroupName::parse(text))]
    group: GroupName,
}

/// A change of a group's members.
#[derive(Debug, Args)]
pub struct Change {
    #[command(flatten)]
    of: Group,
    /// Who: a name, or a SID.
    #[arg(long, value_name = "ACCOUNT", value_parser = Who::parse)]
    member: Who,
    #[command(flatten)]
    writing: Writing,
}

impl LocalGroup {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        match self {
            Self::Show(of) => {
                let host = connect(session, &of.host).await?;
                let document = MemberList {
                    host: of.host.clone(),
                    group: of.group.clone(),
                    members: members(host.as_ref(), of).await?,
                };
                output.document(&document, human::members);
                Ok(0)
            }
            Self::Add(args) => args.run(true, session, output).await,
            Self::Remove(args) => args.run(false, session, output).await,
        }
    }
}

impl Change {
    async fn run(&self, add: bool, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.of.host).await?;
        let host = host.as_ref();
        let sid = self.member.sid(host).await?;
        let is_member = |members: &[Trustee]| members.iter().any(|member| member.sid == sid);
        let there = is_member(&members(host, &self.of).await?);
        let text = |there: bool| there.then(|| self.member.to_string());
        let change = change("member", text(there), text(add));
        let verb = if add { "is a member" } else { "is no member" };
        let subject = format!("{} {verb} of {}", self.member, self.of.group);
        let group = &self.of.group;
        let document = Wanted::one(&self.of.host, subject, change).carry_out(
            self.writing,
            async || match add {
                true => host.add_group_member(group, &sid).await.map(drop),
                false => host.remove_group_member(group, &sid).await.map(drop),
            },
            async || {
                let now = host.group_members(group).await?;
                Ok(now.is_some_and(|now| is_member(&now) == add))
            },
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }
}

async fn members(host: &dyn Host, of: &Group) -> Result<Vec<Trustee>, Failure> {
    let found = host.group_members(&of.group).await?;
    let what = format!("local group {}", of.group);
    found.ok_or_else(|| not_there(&of.host, &what, "it is the group's name without a domain"))
}
