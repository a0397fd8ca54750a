//! `account rights` and `account copy-rights`: what an account may do in the directory by name.

use clap::Args;
use directory::ActiveDirectory;
use model::inventory::DirectoryRight;
use model::names::{Dn, SamAccountName};
use model::ports::Directory;
use security::Sid;

use crate::cmd::Done;
use crate::cmd::changing::{Changing, name, principal};
use crate::documents::{RightOnObject, RightsDocument};
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// What the help of `account copy-rights` ends with.
pub const EXAMPLE: &str = "Looked at are the domain's head, its containers and organizational units, AdminSDHolder, and \
    the container of shadow principals; not single users and groups, and nothing that is inherited.\n\n\
    Example:\n  gmsactl account copy-rights svc-pamcomp MIMPamCompGMSA --dry-run --estate estate.toml";

/// Arguments of `account copy-rights`.
#[derive(Debug, Args)]
pub struct CopyRights {
    /// The account or group whose entries are copied; it keeps them.
    #[arg(value_name = "FROM", value_parser = name)]
    from: SamAccountName,
    /// Who gets the same entries; the $ may be left out.
    #[arg(value_name = "TO", value_parser = name)]
    to: SamAccountName,
    /// Only what stands on this object; may be repeated.
    #[arg(long = "on", value_name = "DN")]
    on: Vec<Dn>,
    #[command(flatten)]
    changing: Changing,
}

/// Shows them.
pub async fn show(of: &SamAccountName, global: &Global, output: &Output) -> Done {
    let directory = Session::new(global)?.directory().await?;
    let of = principal(&directory, of).await?;
    let found = directory.rights_of(&[of.sid]).await?;
    let rights = found.entries.into_iter();
    let rights = rights.map(|right| RightOnObject {
        means: planner::rights_in_words(&right.ace),
        object: right.object,
        entry: right.ace,
    });
    let document = RightsDocument {
        dn: of.dn,
        name: of.name,
        sid: of.sid,
        rights: rights.collect(),
        unreadable: found.unreadable,
    };
    output.document(&document, human::directory_rights);
    Ok(0)
}

/// Gives another one the same.
pub async fn copy(args: &CopyRights, global: &Global, output: &Output) -> Done {
    let directory = args.changing.directory(global).await?;
    let outcome = copied(args, &directory).await;
    args.changing.shown(outcome, &directory, output).await
}

async fn copied(args: &CopyRights, directory: &ActiveDirectory) -> Result<Vec<String>, Failure> {
    let from = principal(directory, &args.from).await?;
    let to = principal(directory, &args.to).await?;
    let found = directory.rights_of(&[from.sid]).await?;
    let mut notes = Vec::new();
    if found.unreadable > 0 {
        notes.push(format!(
            "{} access lists are not shown to this user: what {} may do there is not known",
            found.unreadable, from.name
        ));
    }
    let wanted = |object: &Dn| args.on.is_empty() || args.on.iter().any(|on| same(on, object));
    let mut entries = found.entries;
    entries.retain(|right| wanted(&right.object));
    if entries.is_empty() {
        notes.push(format!("{} has no entries there", from.name));
    }
    for of_object in entries.chunk_by(|one, next| one.object == next.object) {
        add(directory, of_object, to.sid).await?;
    }
    Ok(notes)
}

async fn add(
    directory: &ActiveDirectory,
    entries: &[DirectoryRight],
    to: Sid,
) -> Result<(), Failure> {
    let aces = entries.iter();
    let aces: Vec<_> = aces.filter_map(|right| right.ace.for_trustee(to)).collect();
    if let Some(right) = entries.first() {
        directory.add_rights(&right.object, &aces).await?;
    }
    Ok(())
}

fn same(one: &Dn, other: &Dn) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}
