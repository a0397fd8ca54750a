//! Everything below a folder or a registry key, looked at for entries that name somebody. Not yet seen on Windows.

use std::fs;

use agent_protocol::{
    AccessList, AccessLists, AccessTree, Descriptor, Failure, FailureKind, FoundAccessList,
    HostPath, RegistryKey, RegistryView,
};

use super::read;
use crate::failures::from_io;
use crate::windows::registry::OpenKey;

/// More than this is not looked at in one tree.
const LIMIT: usize = 100_000;

/// The lists that name somebody; a tree that is not there has none.
pub fn find(trees: &[AccessTree]) -> AccessLists {
    let mut found = AccessLists::default();
    for tree in trees {
        let mut walk = Walk::default();
        walk.go(tree.clone());
        found.lists.append(&mut walk.lists);
        if let Some(failure) = walk.told() {
            found.unreadable.push((tree.top(), failure));
        }
    }
    found
}

#[derive(Default)]
struct Walk {
    lists: Vec<FoundAccessList>,
    looked_at: usize,
    /// How many could not be read, and why the first of them.
    unread: usize,
    first: Option<Failure>,
}

impl Walk {
    fn go(&mut self, tree: AccessTree) {
        let mut waiting = vec![tree];
        while let Some(tree) = waiting.pop() {
            let below = self.look(tree.top()).and_then(|there| match there {
                true => self.below(&tree),
                false => Ok(Vec::new()),
            });
            match below {
                Ok(below) => waiting.extend(below),
                Err(failure) => self.miss(failure),
            }
            if self.looked_at > LIMIT {
                return;
            }
        }
    }

    /// Whether it is there.
    fn look(&mut self, list: AccessList) -> Result<bool, Failure> {
        self.looked_at += 1;
        let Some(bytes) = read(&list)? else {
            return Ok(false);
        };
        let descriptor = Descriptor(bytes);
        match descriptor.names_somebody() {
            Some(true) => self.lists.push(FoundAccessList {
                list,
                title: None,
                descriptor,
            }),
            Some(false) => {}
            None => self.miss(Failure::new(
                FailureKind::Invalid,
                format!("the access list of {list} cannot be understood"),
            )),
        }
        Ok(true)
    }

    /// Folders and keys directly below; files are looked at on the way.
    fn below(&mut self, tree: &AccessTree) -> Result<Vec<AccessTree>, Failure> {
        match tree {
            AccessTree::Folder(path) => self.in_folder(path),
            AccessTree::Key(key) => {
                let names = OpenKey::to_read(key, RegistryView::Bits64)?.subkeys();
                let names =
                    names.map_err(|code| Failure::from_code(code, format!("list {key}")))?;
                let keys = names
                    .iter()
                    .filter_map(|name| RegistryKey::parse(format!(r"{key}\{name}")).ok());
                Ok(keys.map(AccessTree::Key).collect())
            }
        }
    }

    /// What only leads elsewhere, a link or a mount point, is looked at and not followed.
    fn in_folder(&mut self, path: &HostPath) -> Result<Vec<AccessTree>, Failure> {
        let failed = |error: std::io::Error| from_io(&error, format!("list {}", path.as_str()));
        let mut folders = Vec::new();
        for entry in fs::read_dir(format!(r"\\?\{}", path.as_str())).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let own = format!(
                r"{}\{}",
                path.as_str().trim_end_matches('\\'),
                name.to_string_lossy()
            );
            let Ok(own) = HostPath::parse(own) else {
                continue;
            };
            match entry.file_type().map_err(failed)?.is_dir() {
                true => folders.push(AccessTree::Folder(own)),
                false => {
                    if let Err(failure) = self.look(AccessList::File(own)) {
                        self.miss(failure);
                    }
                }
            }
            if self.looked_at > LIMIT {
                break;
            }
        }
        Ok(folders)
    }

    /// What went away meanwhile is not missed.
    fn miss(&mut self, failure: Failure) {
        if failure.kind != FailureKind::NotFound {
            self.unread += 1;
            self.first.get_or_insert(failure);
        }
    }

    /// What is not known, in one sentence.
    fn told(self) -> Option<Failure> {
        if self.looked_at > LIMIT {
            let what = format!("there are more than {LIMIT}: the others were not looked at");
            return Some(Failure::new(FailureKind::Failed, what));
        }
        let first = self.first?;
        let what = match self.unread {
            1 => first.message,
            more => format!(
                "{more} could not be read or understood, the first: {}",
                first.message
            ),
        };
        Some(Failure {
            message: what,
            ..first
        })
    }
}
