//! Who may use DCOM on a host: access lists that stand in the registry as bytes.

use std::fmt;

use security::Sid;
use serde::{Deserialize, Serialize};

/// A value of the key [`ComAccessValue::KEY`] that holds an access list for the whole machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComAccessValue {
    /// `MachineLaunchRestriction`: who may launch and activate at most.
    MachineLaunchRestriction,
    /// `MachineAccessRestriction`: who may call at most.
    MachineAccessRestriction,
    /// `DefaultLaunchPermission`: who may, where an application says nothing.
    DefaultLaunchPermission,
    /// `DefaultAccessPermission`: the same for calls.
    DefaultAccessPermission,
}

/// One account's entry in such a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComAccess {
    /// Which list.
    pub value: ComAccessValue,
    /// Whose entry.
    pub sid: Sid,
    /// What it allows.
    pub mask: u32,
}

impl ComAccessValue {
    /// The key of all four.
    pub const KEY: &str = r"HKLM\SOFTWARE\Microsoft\Ole";

    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::MachineLaunchRestriction,
        Self::MachineAccessRestriction,
        Self::DefaultLaunchPermission,
        Self::DefaultAccessPermission,
    ];

    /// The value's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::MachineLaunchRestriction => "MachineLaunchRestriction",
            Self::MachineAccessRestriction => "MachineAccessRestriction",
            Self::DefaultLaunchPermission => "DefaultLaunchPermission",
            Self::DefaultAccessPermission => "DefaultAccessPermission",
        }
    }
}

impl fmt::Display for ComAccessValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
