//! What the verbs that change the directory have in common: rehearsal, confirmation, what was changed.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use directory::{ActiveDirectory, Change, Principal};
use model::inventory::Account;
use model::names::SamAccountName;
use model::ports::Directory;
use security::Sid;

use super::Done;
use super::waiting::{Patience, look};
use crate::documents::{Changed, ControllerState};
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// The options of every verb that changes the directory.
#[derive(Debug, Args)]
pub struct Changing {
    /// Show the change and make none. Presence of objects and values is looked at, rights are not tried.
    #[arg(long)]
    pub dry_run: bool,
    /// Wait until every writable domain controller of the domain shows the change; exit code 1 where one does not in time.
    #[arg(long, conflicts_with = "dry_run")]
    on_all_dcs: bool,
    /// With --on-all-dcs: give up after so many minutes; 0 looks once.
    #[arg(
        long,
        value_name = "MINUTES",
        default_value_t = 30,
        requires = "on_all_dcs"
    )]
    within: u64,
}

/// How often domain controllers are asked for a change.
const POLL: Duration = Duration::from_secs(2);

impl Changing {
    /// Logs on; what is changed from here on is kept, or with --dry-run only kept.
    pub async fn directory(&self, global: &Global) -> Result<ActiveDirectory, Failure> {
        let directory = Session::new(global)?.directory().await?;
        Ok(directory.recording(self.dry_run))
    }

    /// Shows what was changed; where it did not come to its end, the error tells what had been done by then.
    pub async fn shown(
        &self,
        outcome: Result<Vec<String>, Failure>,
        directory: &ActiveDirectory,
        output: &Output,
    ) -> Done {
        let changes = directory.changes();
        let notes = outcome.map_err(|failure| with_what_was_done(failure, &changes, directory))?;
        let states = match self.on_all_dcs {
            true => Some(self.everywhere(directory, output).await?),
            false => None,
        };
        let late = |states: &Vec<ControllerState>| states.iter().any(|one| one.late.is_some());
        let exit = states
            .as_ref()
            .filter(|states| late(states))
            .map_or(0, |_| exit::REFUSED);
        let document = Changed {
            changed: !changes.is_empty(),
            dry_run: directory.rehearses(),
            changes,
            notes,
            domain_controllers: states,
        };
        output.document(&document, human::changed);
        Ok(exit)
    }

    async fn everywhere(
        &self,
        directory: &ActiveDirectory,
        output: &Output,
    ) -> Result<Vec<ControllerState>, Failure> {
        let patience = Patience::minutes(self.within, POLL);
        let seen = patience
            .until_none_is_late(output, async || look(directory).await)
            .await;
        seen.map_err(|failure| with_what_was_done(failure, &directory.changes(), directory))
    }
}

fn with_what_was_done(
    mut failure: Failure,
    changes: &[Change],
    directory: &ActiveDirectory,
) -> Failure {
    if !directory.rehearses() {
        let done = |change: &Change| {
            let what = human::change_in_short(change);
            format!("before that it was done: {what}; repeating the command leaves it so")
        };
        failure.causes.extend(changes.iter().map(done));
    }
    failure
}

/// Goes on only with an explicit yes: the option, or an answer on the terminal.
pub fn confirm(question: &str, yes: bool, session: &Session<'_>) -> Result<(), Failure> {
    let refused = |why: &str| Failure::new("refused", format!("{question} {why}"));
    if yes {
        return Ok(());
    }
    if !session.is_interactive() {
        return Err(refused("Nobody said yes.").hint("say --yes if you mean it"));
    }
    let mut answer = String::new();
    let asked = write!(std::io::stderr(), "{question} Type yes to go on: ")
        .and_then(|()| std::io::stdin().read_line(&mut answer));
    match asked {
        Ok(_) if answer.trim().eq_ignore_ascii_case("yes") => Ok(()),
        _ => Err(refused("The answer was not yes.")),
    }
}

/// Somebody named on the command line: `name`, `DOMAIN\name`, or a SID.
#[derive(Debug, Clone)]
pub enum Who {
    /// `sAMAccountName`; the `$` may be missing.
    Name(SamAccountName),
    /// A SID, for those that are not of this domain.
    Sid(Sid),
}

/// Reads a [`Who`].
pub fn who(text: &str) -> Result<Who, String> {
    if let Ok(sid) = text.parse() {
        return Ok(Who::Sid(sid));
    }
    name(text).map(Who::Name)
}

/// Reads an account name, without the domain that stands before it.
pub fn name(text: &str) -> Result<SamAccountName, String> {
    let name = text.rsplit_once('\\').map_or(text, |(_, name)| name);
    name.parse()
        .map_err(|error: model::names::InvalidName| error.to_string())
}

/// The principal of that name, who must be there.
pub async fn principal(
    directory: &ActiveDirectory,
    name: &SamAccountName,
) -> Result<Principal, Failure> {
    directory.principal(name).await?.ok_or_else(|| {
        Failure::new(
            "not-found",
            format!("there is no account or group {name} in the domain"),
        )
        .hint("the name is the sAMAccountName, not the display name")
    })
}

/// The SIDs of these; each must be somebody.
pub async fn sids(directory: &ActiveDirectory, of: &[Who]) -> Result<Vec<Sid>, Failure> {
    let mut sids = Vec::new();
    for who in of {
        sids.push(match who {
            Who::Sid(sid) => *sid,
            Who::Name(name) => principal(directory, name).await?.sid,
        });
    }
    Ok(sids)
}

/// The user, computer or managed service account of that name.
pub async fn account(
    directory: &ActiveDirectory,
    name: &SamAccountName,
) -> Result<Account, Failure> {
    let found = match directory.account(name).await? {
        Some(found) => Some(found),
        None => match format!("{name}$").parse() {
            Ok(with_dollar) => directory.account(&with_dollar).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| {
        Failure::new(
            "not-found",
            format!("there is no account {name} in the domain"),
        )
        .hint("the name is the sAMAccountName, not the display name")
    })
}
