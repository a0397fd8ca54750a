//! Account rights: who may log on how, and who is denied it.

use std::fmt;
use std::str::FromStr;

use security::Sid;
use serde::{Deserialize, Serialize};

use crate::InvalidName;

/// Rights and denials that matter to services, tasks and pools ([MS-LSAD] 3.1.1.2.2, System Access Rights).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AccountRight {
    /// SeServiceLogonRight.
    #[serde(rename = "SeServiceLogonRight")]
    LogOnAsService,
    /// SeBatchLogonRight.
    #[serde(rename = "SeBatchLogonRight")]
    LogOnAsBatchJob,
    /// SeDenyServiceLogonRight.
    #[serde(rename = "SeDenyServiceLogonRight")]
    DenyLogOnAsService,
    /// SeDenyBatchLogonRight.
    #[serde(rename = "SeDenyBatchLogonRight")]
    DenyLogOnAsBatchJob,
    /// SeDenyNetworkLogonRight.
    #[serde(rename = "SeDenyNetworkLogonRight")]
    DenyNetworkLogon,
    /// SeDenyInteractiveLogonRight.
    #[serde(rename = "SeDenyInteractiveLogonRight")]
    DenyLogOnLocally,
    /// SeDenyRemoteInteractiveLogonRight.
    #[serde(rename = "SeDenyRemoteInteractiveLogonRight")]
    DenyRemoteDesktop,
}

impl AccountRight {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::LogOnAsService,
        Self::LogOnAsBatchJob,
        Self::DenyLogOnAsService,
        Self::DenyLogOnAsBatchJob,
        Self::DenyNetworkLogon,
        Self::DenyLogOnLocally,
        Self::DenyRemoteDesktop,
    ];

    /// The name that Windows has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LogOnAsService => "SeServiceLogonRight",
            Self::LogOnAsBatchJob => "SeBatchLogonRight",
            Self::DenyLogOnAsService => "SeDenyServiceLogonRight",
            Self::DenyLogOnAsBatchJob => "SeDenyBatchLogonRight",
            Self::DenyNetworkLogon => "SeDenyNetworkLogonRight",
            Self::DenyLogOnLocally => "SeDenyInteractiveLogonRight",
            Self::DenyRemoteDesktop => "SeDenyRemoteInteractiveLogonRight",
        }
    }
}

/// By the name that Windows has for it, without regard to case.
impl FromStr for AccountRight {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let found = Self::ALL
            .into_iter()
            .find(|right| right.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let why = "it is none of the log-on rights and denials that gmsactl knows";
            InvalidName::new("account right", text.to_owned(), why)
        })
    }
}

impl fmt::Display for AccountRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is asked about account rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RightsRequest {
    /// Who has them → [`crate::Reply::Rights`], one entry for each of [`AccountRight::ALL`].
    Read,
    /// Grants one locally; having it already is success → [`crate::Reply::Existed`].
    Grant {
        /// The right.
        right: AccountRight,
        /// Who is to have it.
        sid: Sid,
    },
    /// Takes one away locally; its absence is success → [`crate::Reply::Existed`].
    Revoke {
        /// The right.
        right: AccountRight,
        /// Who is to lose it.
        sid: Sid,
    },
}

impl RightsRequest {
    /// Whether the host is the same afterwards.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::Read)
    }
}

impl fmt::Display for RightsRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read the account rights"),
            Self::Grant { right, sid } => write!(f, "grant {right} to {sid}"),
            Self::Revoke { right, sid } => write!(f, "revoke {right} from {sid}"),
        }
    }
}

/// Who has a right now, and what group policy says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightHolders {
    /// The right.
    pub right: AccountRight,
    /// Who has it, as the local security authority says.
    pub holders: Vec<Trustee>,
    /// Group policy objects that define it: none where it is set locally.
    pub policies: Vec<PolicyDefinition>,
}

/// An account or a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trustee {
    /// Its SID.
    pub sid: Sid,
    /// Its name as the host resolves it, such as `CONTOSO\svc-mimsync`; `None` where it cannot.
    pub name: Option<String>,
}

/// One group policy object that defines a right: with the next refresh nobody else has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDefinition {
    /// The security template that the host keeps of the policy.
    pub template: String,
    /// Its holders, by SID.
    pub sids: Vec<Sid>,
    /// Its holders that the policy names otherwise.
    pub names: Vec<String>,
}

impl RightHolders {
    /// Whether the account itself is among the holders; groups are not looked into.
    pub fn is_held_by(&self, sid: &Sid) -> bool {
        self.holders.iter().any(|holder| holder.sid == *sid)
    }

    /// The definitions by policy that do not name the account: each may take a local grant back.
    pub fn policies_without<'a>(
        &'a self,
        sid: &'a Sid,
        name: Option<&'a str>,
    ) -> impl Iterator<Item = &'a PolicyDefinition> {
        self.policies.iter().filter(move |policy| {
            let named = |own: &String| name.is_some_and(|name| own.eq_ignore_ascii_case(name));
            !policy.sids.contains(sid) && !policy.names.iter().any(named)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_have_one_name_on_the_wire_and_for_people() {
        for right in AccountRight::ALL {
            assert_eq!(
                serde_json::to_string(&right).unwrap(),
                format!("\"{right}\"")
            );
            assert_eq!(right.name().to_lowercase().parse(), Ok(right));
        }
        assert!("SeDebugPrivilege".parse::<AccountRight>().is_err());
    }

    #[test]
    fn a_policy_that_does_not_name_the_account_takes_the_right_back() {
        let (mine, theirs): (Sid, Sid) = (
            "S-1-5-21-1-2-3-1104".parse().unwrap(),
            "S-1-5-21-1-2-3-1105".parse().unwrap(),
        );
        let policy = |sids: &[Sid], names: &[&str]| PolicyDefinition {
            template: "gpt00000.inf".to_owned(),
            sids: sids.to_vec(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let held = RightHolders {
            right: AccountRight::LogOnAsService,
            holders: vec![Trustee {
                sid: mine,
                name: None,
            }],
            policies: vec![policy(&[mine], &[]), policy(&[theirs], &[r"CONTOSO\svc"])],
        };
        assert!(held.is_held_by(&mine) && !held.is_held_by(&theirs));
        assert_eq!(held.policies_without(&mine, None).count(), 1);
        assert_eq!(
            held.policies_without(&mine, Some(r"contoso\SVC")).count(),
            0
        );
        assert_eq!(held.policies_without(&theirs, None).count(), 1);
    }
}
