//! What can go wrong in a lab on purpose, by the names that operators give: `docs/faults.md` has a row for each.

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
    /// On every host that the plan changes.
    Hosts(NamedFault),
}

impl LabFault {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        NamedFault::ALL.iter().map(|(name, fault)| Self {
            name,
            what: Broken::Hosts(*fault),
        })
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

    /// One sentence about it.
    pub fn about(&self) -> &'static str {
        match self.what {
            Broken::Hosts(fault) => fault.about(),
        }
    }
}
