//! `gmsactl sql check`: looks, compares, repairs on request and looks again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use directory::ActiveDirectory;
use model::database::{Database, DatabaseAccess, DatabaseServer};
use model::names::SamAccountName;
use model::ports::Directory;
use planner::database::{Matter, Verdict, judge, script};
use security::Sid;
use sql::{Asker, Endpoint, ServerAddress, Whose};

use super::connection::{LogOn, connect};
use crate::cmd::{Done, changing};
use crate::documents::SqlCheck;
use crate::error::{Failure, exit};
use crate::inputs;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `sql check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The server: SERVER, SERVER\INSTANCE or SERVER,PORT. A name without dots is one of the domain.
    #[arg(value_name = "SERVER")]
    instance: ServerAddress,
    /// The database.
    #[arg(long, value_name = "NAME")]
    database: String,
    /// The account that is to get in: name or DOMAIN\name; the $ may be left out.
    #[arg(long, value_name = "NAME")]
    account: String,
    /// The account whose rights it is to have.
    #[arg(long, value_name = "NAME")]
    like: Option<String>,
    /// A database role that it is to have; may be repeated.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// Give the account what it lacks, in one transaction, and look again.
    #[arg(long)]
    repair: bool,
    /// Show what --repair would run and run nothing.
    #[arg(long, requires = "repair")]
    dry_run: bool,
    /// Write the T-SQL of the repair into a file; - prints it, and nothing else.
    #[arg(long, value_name = "FILE|-")]
    script: Option<PathBuf>,
    #[command(flatten)]
    log_on: LogOn,
}

/// An account, as the directory or the server's Windows knows it.
struct Known {
    account: String,
    sid: Sid,
    groups: BTreeSet<Sid>,
}

impl Known {
    fn whose(&self) -> Whose<'_> {
        Whose {
            account: &self.account,
            sid: self.sid,
            groups: &self.groups,
        }
    }
}

/// Everything that was found.
struct Found {
    server: DatabaseServer,
    database: Option<Database>,
    account: DatabaseAccess,
    like: Option<DatabaseAccess>,
}

/// Looks.
pub async fn run(args: &Check, global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    let (directory, endpoint) = reach(args, &session).await?;
    let mut asker = Asker::new(connect(&endpoint).await?);
    let account = known(&args.account, directory.as_ref(), &mut asker).await?;
    let like = match &args.like {
        Some(like) => Some(known(like, directory.as_ref(), &mut asker).await?),
        None => None,
    };
    let found = look(args, &mut asker, &account, like.as_ref()).await?;
    let verdict = verdict(args, &found);
    let text = script(
        &account.account,
        &account.sid,
        &args.database,
        &verdict.repairs,
    );
    let mut document = document(args, found, verdict, text);
    if directory.is_none() {
        let note = "no directory was asked: access through Windows groups was not looked at";
        document.notes.push(note.to_owned());
    }
    if args.repair && !args.dry_run && !document.script.is_empty() {
        repair(&mut document, asker, &endpoint).await?;
        let mut asker = Asker::new(connect(&endpoint).await?);
        let found = look(args, &mut asker, &account, like.as_ref()).await?;
        let after = verdict_after(args, &found, &document)?;
        document.checks = after.checks;
        document.holds = document.checks.iter().all(|check| check.holds);
    }
    show(args, &document, output)
}

/// Directory and server; the password is asked for once.
async fn reach(
    args: &Check,
    session: &Session<'_>,
) -> Result<(Option<ActiveDirectory>, Endpoint), Failure> {
    let has_directory = args.log_on.is_windows() || session.estate.domain.server.is_some();
    let operator = match has_directory {
        true => Some(session.operator()?),
        false => None,
    };
    let access = args.log_on.access(session, operator.as_ref()).await?;
    let endpoint = access.endpoint(&args.instance).await?;
    let directory = match operator.filter(|_| has_directory) {
        Some(operator) => Some(session.directory_as(operator).await?),
        None => None,
    };
    Ok((directory, endpoint))
}

/// By the directory where there is one, else by the server's own Windows.
async fn known(
    name: &str,
    directory: Option<&ActiveDirectory>,
    asker: &mut Asker,
) -> Result<Known, Failure> {
    let usage = |error: String| Failure::new("usage", error).exit(exit::USAGE);
    let bare: SamAccountName = changing::name(name).map_err(usage)?;
    if let Some(directory) = directory {
        let found = changing::account(directory, &bare).await?;
        let domain = directory.domain().await?;
        let groups = directory.token_groups(&found.dn).await?;
        let everybody = [Sid::EVERYONE, Sid::AUTHENTICATED_USERS];
        return Ok(Known {
            account: format!(r"{}\{}", domain.netbios_name, found.name),
            sid: found.sid,
            groups: groups.into_iter().chain(everybody).collect(),
        });
    }
    if !name.contains('\\') {
        let no_domain = usage(format!(
            "{name} has no domain, and no directory is named to ask"
        ));
        return Err(no_domain.hint(r"say DOMAIN\name, or name a domain controller with --server"));
    }
    let sid = asker.sid_of(name).await?.ok_or_else(|| {
        let unknown = format!("the server's Windows knows no account {name}");
        Failure::new("not-found", unknown).hint("a gMSA's name ends in $")
    })?;
    Ok(Known {
        account: name.to_owned(),
        sid,
        groups: BTreeSet::new(),
    })
}

async fn look(
    args: &Check,
    asker: &mut Asker,
    account: &Known,
    like: Option<&Known>,
) -> Result<Found, Failure> {
    let (server, database) = asker.look(&args.database).await?;
    Ok(Found {
        server,
        database,
        account: asker.access(&account.whose()).await?,
        like: match like {
            Some(like) => Some(asker.access(&like.whose()).await?),
            None => None,
        },
    })
}

fn verdict(args: &Check, found: &Found) -> Verdict {
    judge(&Matter {
        server: &found.server,
        database_name: &args.database,
        database: found.database.as_ref(),
        account: &found.account,
        like: found.like.as_ref(),
        roles: &args.role,
    })
}

/// What is still lacking after a repair was not repaired.
fn verdict_after(args: &Check, found: &Found, before: &SqlCheck) -> Result<Verdict, Failure> {
    let after = verdict(args, found);
    if after.repairs.is_empty() {
        return Ok(after);
    }
    let lacking = after.checks.iter().filter(|check| !check.holds);
    let causes = lacking.map(|check| check.detail.clone()).collect();
    let what = format!("{} lacks something still", before.account);
    Err(Failure {
        causes,
        ..Failure::new("failed", what)
            .hint("look again without --repair; somebody else may be at work there")
    })
}

/// Runs the script. An answer that was lost is not repeated: whoever looks again sees what became of it.
async fn repair(
    document: &mut SqlCheck,
    mut asker: Asker,
    endpoint: &Endpoint,
) -> Result<(), Failure> {
    if let Some(check) = document
        .checks
        .iter()
        .find(|it| it.id == "operator" && !it.holds)
    {
        let mut denied = Failure::new("denied", check.detail.clone());
        denied.hint.clone_from(&check.advice);
        return Err(denied);
    }
    document.changed = true;
    match asker.run("repair", &document.script).await {
        Ok(()) => Ok(()),
        // Whether it was done is not known: whoever reads it back will see.
        Err(error) if error.leaves_open() => {
            tracing::warn!(
                server = endpoint.server,
                %error,
                "the answer was lost; it is read back"
            );
            Ok(())
        }
        Err(error) => {
            let mut failure = Failure::from(error);
            failure
                .causes
                .push("nothing of it was done: the transaction was undone".to_owned());
            Err(failure)
        }
    }
}

fn document(args: &Check, found: Found, verdict: Verdict, script: String) -> SqlCheck {
    SqlCheck {
        holds: verdict.holds(),
        server: found.server,
        database: args.database.clone(),
        account: found.account.account,
        sid: found.account.sid,
        like: found.like.map(|like| like.account),
        checks: verdict.checks,
        repairs: verdict.repairs,
        not_copied: verdict.not_copied,
        notes: Vec::new(),
        script,
        changed: false,
        dry_run: args.dry_run,
    }
}

fn show(args: &Check, document: &SqlCheck, output: &Output) -> Done {
    match args.script.as_deref() {
        Some(path) if path == Path::new("-") => output.text(&document.script, &document.script),
        path => {
            if let Some(path) = path {
                inputs::write(path, &document.script)?;
                output.note(&format!("saved: {}", path.display()));
            }
            output.document(document, human::sql_check);
        }
    }
    Ok(if document.holds { 0 } else { exit::REFUSED })
}
