//! An account that somebody let in by DCOM on the Synchronization Service's host, past gmsactl.

use security::{Ace, SecurityDescriptor, Sid};

use super::answer::DONE;
use super::scene::Scene;
use super::wine::Wine;

/// Key and value of the access lists: one of the machine, one of an application. The host's own Windows has neither.
pub const LISTS: [(&str, &str); 2] = [
    (r"HKLM\SOFTWARE\Microsoft\Ole", "MachineLaunchRestriction"),
    (
        r"HKLM\SOFTWARE\Classes\AppID\{69AD4AEE-51BE-439B-A92C-86AE490E8B30}",
        "AccessPermission",
    ),
];
/// The account's entries in each, in place of AU.
const ENTRIES: [&[&str]; 2] = [
    &["(A;;CCDCLCSWRP;;;AU)"],
    &["(D;;SW;;;AU)", "(A;;CCLC;;;AU)"],
];

/// The account, let in until this goes out of scope.
pub struct LetIn {
    wine: Wine,
    pub account: Sid,
}

impl LetIn {
    pub fn new(account: Sid) -> Self {
        let let_in = Self {
            wine: Wine("mimsync01"),
            account,
        };
        for ((key, value), entries) in LISTS.into_iter().zip(ENTRIES) {
            let list = format!("O:BAG:BAD:{}(A;;CCDCLCSWRP;;;BA)", entries.concat());
            let list = list.replace("AU", &account.to_string());
            let list = SecurityDescriptor::from_sddl(&list).unwrap();
            let bytes = hex::encode(list.to_bytes());
            let what = ["reg", "add", key, "/v", value, "/t", "REG_BINARY", "/d"];
            let_in.wine.says(&[&what[..], &[&bytes, "/f"]].concat());
        }
        let_in
    }

    /// A list as Wine's registry has it.
    pub fn list(&self, (key, value): (&str, &str)) -> SecurityDescriptor {
        let said = self.wine.says(&["reg", "query", key, "/v", value]);
        let bytes = said.split_whitespace().next_back().unwrap();
        SecurityDescriptor::from_bytes(&hex::decode(bytes).unwrap()).unwrap()
    }

    /// The entries of an account in both lists, as they would be the first one's.
    pub fn entries_of(&self, sid: &Sid) -> Vec<Ace> {
        let of_list = |list| {
            let descriptor = self.list(list);
            let own = descriptor.explicit_aces_of(sid);
            own.map(|ace| ace.for_trustee(self.account).unwrap())
                .collect::<Vec<_>>()
        };
        LISTS.into_iter().flat_map(of_list).collect()
    }
}

impl Drop for LetIn {
    fn drop(&mut self) {
        for (key, value) in LISTS {
            self.wine.says(&["reg", "delete", key, "/v", value, "/f"]);
        }
    }
}

/// The SID of an account of the domain.
pub fn sid_of(scene: &Scene, name: &str) -> Sid {
    let shown = scene.json(&["account", "rights", name]).ended(DONE).json();
    shown["sid"].as_str().unwrap().parse().unwrap()
}
