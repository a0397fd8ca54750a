//! The lists of DCOM, by the names of their registry values.

/// A list for the whole machine ("Setting System-Wide Security Using DCOMCNFG").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MachineList {
    /// `MachineLaunchRestriction`: who may launch and activate at most.
    LaunchRestriction,
    /// `MachineAccessRestriction`: who may call at most.
    AccessRestriction,
    /// `DefaultLaunchPermission`: who may launch and activate, where an application says nothing.
    DefaultLaunch,
    /// `DefaultAccessPermission`: who may call, where an application says nothing.
    DefaultAccess,
}

/// A list of one application ("AppID Key").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApplicationList {
    /// `LaunchPermission`: who may launch and activate it.
    Launch,
    /// `AccessPermission`: who may call it.
    Access,
}

impl MachineList {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::LaunchRestriction,
        Self::AccessRestriction,
        Self::DefaultLaunch,
        Self::DefaultAccess,
    ];

    /// The name of its registry value.
    pub fn name(self) -> &'static str {
        match self {
            Self::LaunchRestriction => "MachineLaunchRestriction",
            Self::AccessRestriction => "MachineAccessRestriction",
            Self::DefaultLaunch => "DefaultLaunchPermission",
            Self::DefaultAccess => "DefaultAccessPermission",
        }
    }
}

impl ApplicationList {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Launch, Self::Access];

    /// The name of its registry value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Launch => "LaunchPermission",
            Self::Access => "AccessPermission",
        }
    }
}
