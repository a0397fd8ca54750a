//! What can go wrong in a lab on purpose, by the names that operators give: `docs/faults.md` has a row for each.

use lab::DirectoryFault;
use lab::hosts::NamedFault;

/// A named fault of a lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabFault {
    /// Such as `disk-full`.
    pub name: &'static str,
    /// What goes wrong.
    pub what: Broken,
}

/// Where a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// In the directory.
    Directory(DirectoryFault),
    /// On every host that the plan changes.
    Hosts(NamedFault),
}

impl LabFault {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let directory = DirectoryFault::ALL.iter().map(|(name, fault)| Self {
            name,
            what: Broken::Directory(*fault),
        });
        let hosts = NamedFault::ALL.iter().map(|(name, fault)| Self {
            name,
            what: Broken::Hosts(*fault),
        });
        directory.chain(hosts)
    }

    /// The fault with that name.
    ///
    /// # Errors
    /// The names that there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let mut all = Self::all();
        all.find(|fault| fault.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                let names: Vec<_> = Self::all().map(|fault| fault.name).collect();
                format!("there is {}", names.join(", "))
            })
    }

    /// Whether single hosts can have it.
    pub fn is_of_hosts(&self) -> bool {
        matches!(self.what, Broken::Hosts(_))
    }

    /// How many domain controllers a lab has to have for it.
    pub fn controllers_needed(&self) -> usize {
        match self.what {
            Broken::Directory(fault) => fault.controllers_needed(),
            Broken::Hosts(_) => 1,
        }
    }

    /// One sentence about it.
    pub fn about(&self) -> &'static str {
        match self.what {
            Broken::Directory(fault) => about_directory(fault),
            Broken::Hosts(fault) => fault.about(),
        }
    }
}

fn about_directory(fault: DirectoryFault) -> &'static str {
    match fault {
        DirectoryFault::KdsKeyNotEffective => "every KDS root key was created this moment",
        DirectoryFault::HostNotInGroup => {
            "computers are stripped from every group as soon as they are added"
        }
        DirectoryFault::SpnDuplicate => "a third account has the service's SPNs, too",
        DirectoryFault::ControllerClockOff => "a domain controller's clock is ten minutes ahead",
        DirectoryFault::ReplicationLag => {
            "nothing that is written reaches the domain controller that the hosts ask"
        }
        DirectoryFault::KdsKeyMissingOnOne => {
            "the domain controller that the hosts ask has no KDS root key"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_by_its_own_name() {
        for fault in LabFault::all() {
            assert_eq!(LabFault::named(fault.name), Ok(fault));
        }
        assert!(LabFault::named("disk").unwrap_err().contains("disk-full"));
    }
}
