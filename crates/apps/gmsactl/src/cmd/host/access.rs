//! Access lists: of DCOM and WMI, of reserved URLs, of folders and registry keys.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use model::host::{AccessList, AccessLists, AccessTree, Descriptor, FoundAccessList, Namespace};
use model::names::HostName;
use model::ports::{ErrorKind, Host, WorldError};
use security::{Ace, SecurityDescriptor, SecurityDescriptorError, Sid};

use super::accounts::Who;
use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect};
use crate::documents::host::{AccessDocument, AccessEntry, UnreadList};
use crate::error::Failure;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with access lists.
#[derive(Debug, Subcommand)]
pub enum Access {
    /// Show who may launch, activate and call what runs there, by DCOM and WMI, and who may listen on its reserved URLs.
    #[command(
        after_help = "Looked at are DCOM's four lists of the whole machine, those of every application, those of WMI's \
                      namespaces root, root\\CIMV2 and the ones that MIM brings, those of all reserved URLs; with --below \
                      also those files, folders and keys that have an entry of their own for an account or a group of a \
                      domain.\n\n\
                      Examples:\n  gmsactl host access show MIMSYNC01 --of 'CONTOSO\\svc-mimservice' --estate estate.toml\n  \
                      gmsactl host access show APP01 --below 'C:\\Program Files\\Contoso' --below 'HKLM\\SOFTWARE\\Contoso' \
                      --estate estate.toml"
    )]
    Show(Show),
    /// Give an account the entries that another one has, beside that one's own.
    #[command(
        after_help = "Examples:\n  gmsactl host access copy MIMSYNC01 --from 'CONTOSO\\svc-mimservice' \
                      --to 'CONTOSO\\MIMSrvGMSAsvc$' --dry-run --estate estate.toml\n  \
                      gmsactl host access copy APP01 --from 'CONTOSO\\svc-app' --to 'CONTOSO\\app-gmsa$' \
                      --below 'C:\\Program Files\\Contoso' --dry-run --estate estate.toml"
    )]
    Copy(Copy),
}

/// Arguments of `host access show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Only the entries of this account or group: a name, or a SID.
    #[arg(long, value_name = "ACCOUNT", value_parser = Who::parse)]
    of: Option<Who>,
    /// One more namespace to look at, such as root\Microsoft\SqlServer; may be repeated.
    #[arg(long = "namespace", value_name = "PATH", value_parser = namespace)]
    namespaces: Vec<Namespace>,
    /// A folder or registry key to look through, with everything below; may be repeated.
    #[arg(long, value_name = "PATH|KEY")]
    below: Vec<AccessTree>,
}

/// Arguments of `host access copy`.
#[derive(Debug, Args)]
pub struct Copy {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// Whose entries are copied; it keeps them.
    #[arg(long, value_name = "ACCOUNT", value_parser = Who::parse)]
    from: Who,
    /// Who gets the same entries: a name, a gMSA's with its $, or a SID.
    #[arg(long, value_name = "ACCOUNT", value_parser = Who::parse)]
    to: Who,
    /// Only in this list, as `show` names it, or of this file, folder or key alone; may be repeated.
    #[arg(long = "on", value_name = "LIST")]
    on: Vec<AccessList>,
    /// Also in those of a folder or registry key and of everything below; may be repeated.
    #[arg(long, value_name = "PATH|KEY")]
    below: Vec<AccessTree>,
    #[command(flatten)]
    writing: Writing,
}

impl Access {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        match self {
            Self::Show(args) => args.run(session, output).await,
            Self::Copy(args) => args.run(session, output).await,
        }
    }
}

impl Show {
    async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.host).await?;
        let of = match &self.of {
            Some(who) => Some(who.sid(host.as_ref()).await?),
            None => None,
        };
        let mut found = find(session, host.as_ref(), &self.namespaces).await?;
        add_below(&mut found, host.as_ref(), &self.below).await?;
        let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
        for (list, failure) in found.unreadable {
            let why = failure.to_string();
            unreadable.push(UnreadList { list, why });
        }
        for found in found.lists {
            let (list, title) = (found.list, found.title);
            match SecurityDescriptor::from_bytes(&found.descriptor.0) {
                Ok(descriptor) => {
                    let aces = descriptor.dacl().map(|dacl| dacl.aces());
                    let aces = aces.unwrap_or_default().iter();
                    let aces = aces.filter(|ace| of.is_none() || ace.sid() == of);
                    entries.extend(aces.map(|ace| AccessEntry {
                        means: planner::host_access_in_words(&list, ace),
                        list: list.clone(),
                        title: title.clone(),
                        sid: ace.sid(),
                        entry: ace.clone(),
                    }));
                }
                Err(error) => unreadable.push(UnreadList {
                    list,
                    why: error.to_string(),
                }),
            }
        }
        let document = AccessDocument {
            host: self.host.clone(),
            entries,
            unreadable,
        };
        output.document(&document, human::access);
        Ok(0)
    }
}

impl Copy {
    async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let host = connect(session, &self.host).await?;
        let host = host.as_ref();
        let (from, to) = (self.from.sid(host).await?, self.to.sid(host).await?);
        let named = self.on.iter().filter_map(|list| match list {
            AccessList::Namespace(path) => Some(path.clone()),
            _ => None,
        });
        let mut found = find(session, host, &named.collect::<Vec<_>>()).await?;
        add_below(&mut found, host, &self.below).await?;
        self.add_named(&mut found, host).await?;
        let (missing, all) = self.missing(&found, from, to)?;
        let subject = format!("{} may do on {} what {} may", self.to, self.host, self.from);
        let mut wanted = Wanted::one(&self.host, subject, None);
        for (list, aces) in &missing {
            let words = aces
                .iter()
                .map(|ace| planner::host_access_in_words(list, ace));
            wanted
                .changes
                .extend(words.filter_map(|words| change(&list.to_string(), None, Some(words))));
        }
        let unreadable = found.unreadable.iter();
        let unread = unreadable
            .filter(|(list, _)| self.concerns(list))
            .map(|(list, why)| format!("what {} may do by {list} is not known: {why}", self.from));
        wanted.advice.extend(unread);
        if all == 0 {
            let none = format!(
                "{} has no entry of its own in any of these lists",
                self.from
            );
            wanted.advice.push(none);
        }
        let document = wanted.carry_out(
            self.writing,
            async || write(host, &missing).await,
            async || hold(host, &missing).await,
        );
        output.document(&document.await?, human::host_change);
        Ok(0)
    }

    /// Files and keys that are named one by one; each is there once.
    async fn add_named(&self, found: &mut AccessLists, host: &dyn Host) -> Result<(), Failure> {
        for list in &self.on {
            let is_object = matches!(list, AccessList::File(_) | AccessList::Key(_));
            let known = found.lists.iter().any(|found| found.list.is_same(list));
            if is_object && !known {
                let descriptor = read(host, list).await?;
                found.lists.push(FoundAccessList {
                    list: list.clone(),
                    title: None,
                    descriptor: Descriptor(descriptor.to_bytes()),
                });
            }
        }
        Ok(())
    }

    /// Whether a list is one of those that are asked for.
    fn concerns(&self, list: &AccessList) -> bool {
        self.on.is_empty()
            || self.on.iter().any(|on| on.is_same(list))
            || self.below.iter().any(|tree| tree.has(list))
    }

    /// What the account lacks, by list, and how many entries the other one has.
    fn missing(
        &self,
        found: &AccessLists,
        from: Sid,
        to: Sid,
    ) -> Result<(BTreeMap<AccessList, Vec<Ace>>, usize), Failure> {
        let (mut missing, mut all) = (BTreeMap::new(), 0);
        for found in &found.lists {
            if !self.concerns(&found.list) {
                continue;
            }
            let descriptor = SecurityDescriptor::from_bytes(&found.descriptor.0)
                .map_err(|error| damaged(&found.list, &error))?;
            let theirs = descriptor.explicit_aces_of(&from);
            let wanted: Vec<_> = theirs.filter_map(|ace| ace.for_trustee(to)).collect();
            all += wanted.len();
            let had: Vec<_> = descriptor.explicit_aces_of(&to).collect();
            let lacks: Vec<_> = wanted
                .into_iter()
                .filter(|ace| !had.contains(&ace))
                .collect();
            if !lacks.is_empty() {
                missing.insert(found.list.clone(), lacks);
            }
        }
        Ok((missing, all))
    }
}

async fn find(
    session: &Session<'_>,
    host: &dyn Host,
    others: &[Namespace],
) -> Result<AccessLists, Failure> {
    let namespaces = session.namespaces(others);
    let mut found = host.access_lists(&namespaces).await?;
    match host.url_reservations().await {
        Ok(urls) => add(&mut found, urls),
        Err(error) if error.kind == ErrorKind::NotSupported => {}
        Err(error) => return Err(error.into()),
    }
    Ok(found)
}

async fn add_below(
    found: &mut AccessLists,
    host: &dyn Host,
    trees: &[AccessTree],
) -> Result<(), Failure> {
    if !trees.is_empty() {
        add(found, host.access_lists_below(trees).await?);
    }
    Ok(())
}

fn add(found: &mut AccessLists, others: AccessLists) {
    found.lists.extend(others.lists);
    found.unreadable.extend(others.unreadable);
}

/// The lists are read anew, so that what others changed meanwhile stays.
async fn write(
    host: &dyn Host,
    missing: &BTreeMap<AccessList, Vec<Ace>>,
) -> Result<(), WorldError> {
    for (list, aces) in missing {
        let mut descriptor = read(host, list).await?;
        let added = descriptor.add_all(aces).map_err(|error| {
            let what = format!("{list} takes no entry");
            WorldError::new(ErrorKind::Conflict, what).caused_by(error)
        })?;
        if added {
            host.write_access_list(list, &descriptor).await?;
        }
    }
    Ok(())
}

async fn hold(
    host: &dyn Host,
    missing: &BTreeMap<AccessList, Vec<Ace>>,
) -> Result<bool, WorldError> {
    for (list, aces) in missing {
        let descriptor = read(host, list).await?;
        let there = descriptor
            .dacl()
            .map(|dacl| dacl.aces())
            .unwrap_or_default();
        if !aces.iter().all(|ace| there.contains(ace)) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn read(host: &dyn Host, list: &AccessList) -> Result<SecurityDescriptor, WorldError> {
    let gone = || WorldError::new(ErrorKind::NotFound, format!("there is no {list} any more"));
    host.access_list(list).await?.ok_or_else(gone)
}

fn damaged(list: &AccessList, error: &SecurityDescriptorError) -> Failure {
    Failure::new("conflict", format!("{list} is no access list: {error}")).hint(format!(
        "look at it with {}, or name other lists with --on",
        list.tool()
    ))
}

fn namespace(text: &str) -> Result<Namespace, String> {
    Namespace::parse(text).map_err(|error| error.to_string())
}
