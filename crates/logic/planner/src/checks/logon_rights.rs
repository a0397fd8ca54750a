//! Findings about log-on rights and denials that a group policy sets.

use model::finding::Finding;
use model::host::{AccountRight, RightHolders};
use model::inventory::{Account, HostInventory};
use model::names::LogonAccount;

use crate::conversion::Conversion;
use crate::findings as kind;
use crate::steps::logon_rights::is_copied;

/// On every host: what the old account has by a policy that does not name the gMSA.
pub(super) fn of_the_logon_rights(conversion: &Conversion<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for old in conversion.old_accounts() {
        let Some(account) = conversion.account(&old) else {
            continue;
        };
        for host in &conversion.inventory.hosts {
            let by_policy = by_policy(conversion, host, account, &old);
            if !by_policy.is_empty() {
                findings.push(found(conversion, host, &old, &by_policy));
            }
        }
    }
    findings
}

fn by_policy(
    conversion: &Conversion<'_>,
    host: &HostInventory,
    account: &Account,
    old: &LogonAccount,
) -> Vec<AccountRight> {
    let gmsa = conversion.gmsa_account();
    let (old_name, new_name) = (old.to_string(), gmsa.to_string());
    let sid = conversion.account(gmsa).map(|account| account.sid);
    let names = |held: &&RightHolders| {
        held.policies.iter().any(|policy| {
            let named = |name: &str| {
                let mut names = policy.names.iter();
                names.any(|named| named.eq_ignore_ascii_case(name))
            };
            let old = policy.sids.contains(&account.sid) || named(&old_name);
            let new = sid.is_some_and(|sid| policy.sids.contains(&sid)) || named(&new_name);
            old && !new
        })
    };
    let copied = host
        .rights
        .iter()
        .filter(|held| is_copied(held.right) && !conversion.must_not_be_denied(held.right));
    copied.filter(names).map(|held| held.right).collect()
}

fn found(
    conversion: &Conversion<'_>,
    host: &HostInventory,
    old: &LogonAccount,
    rights: &[AccountRight],
) -> Finding {
    let gmsa = conversion.gmsa_account();
    let named: Vec<_> = rights.iter().map(ToString::to_string).collect();
    let what = format!(
        "a group policy gives {old} there {}, and does not name {gmsa}",
        named.join(", ")
    );
    let advice = format!(
        "add {gmsa} to the same rights in that policy (gpresult /h on {} names it); a right is needed for what the account \
         does there, a denial is your security's affair and can come later",
        host.name
    );
    kind::LOGON_RIGHTS_BY_POLICY.found(host.name.as_str(), what, advice)
}
