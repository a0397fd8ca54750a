//! Who is meant by a name or a SID, and who is a member of what, through however many groups.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ldap::{Dn, Entry, Filter, ResultCode, Scope, Search};
use model::names::{self, SamAccountName};
use model::ports::WorldError;
use security::Sid;
use serde::Serialize;

use crate::ActiveDirectory;
use crate::accounts::{dn, has_class, ldap_dn, parsed, sam_account_name};
use crate::error::world_error;
use crate::naming;

/// A user, group, computer or managed service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// Where it is.
    pub dn: names::Dn,
    /// `sAMAccountName`.
    pub name: SamAccountName,
    /// `objectSid`.
    pub sid: Sid,
    /// Whether it is a group, and so may have members.
    pub group: bool,
}

/// A member of a group, and through which groups: none where it is a direct one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Who.
    #[serde(flatten)]
    pub principal: Principal,
    /// Names of the groups between, the outermost first: one shortest way.
    pub through: Vec<SamAccountName>,
}

const ATTRIBUTES: [&str; 3] = ["objectClass", "objectSid", "sAMAccountName"];

/// SIDs in one filter.
const SIDS_PER_SEARCH: usize = 100;

impl ActiveDirectory {
    /// The principal of that `sAMAccountName`; that of a computer or gMSA may lack its `$`.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn principal(&self, name: &SamAccountName) -> Result<Option<Principal>, WorldError> {
        let with_dollar = format!("{name}$");
        let filter = Filter::any(
            [name.as_str(), &with_dollar].map(|name| Filter::equal("sAMAccountName", name)),
        );
        let cannot = format!("cannot look {name} up");
        let mut found = self.principals_that(filter, &cannot).await?;
        // Without the $ it is somebody else's name too: the exact one first.
        found.sort_by_key(|principal| !principal.name.same_as(name));
        Ok(found.into_iter().next())
    }

    /// The principals of these SIDs, as far as they are of this domain.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn principals(&self, sids: &[Sid]) -> Result<BTreeMap<Sid, Principal>, WorldError> {
        let mut found = BTreeMap::new();
        for chunk in sids.chunks(SIDS_PER_SEARCH) {
            let any = Filter::any(
                chunk
                    .iter()
                    .map(|sid| Filter::equal("objectSid", sid.to_bytes())),
            );
            let of_chunk = self.principals_that(any, "cannot look SIDs up").await?;
            found.extend(of_chunk.into_iter().map(|one| (one.sid, one)));
        }
        Ok(found)
    }

    /// The groups in an account's token as far as the directory makes it: nested ones and the primary group included.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn token_groups(&self, account: &names::Dn) -> Result<Vec<Sid>, WorldError> {
        let cannot = || format!("cannot read the groups of {account}");
        let entry = self.server.read(&ldap_dn(account), &["tokenGroups"]).await;
        let entry = entry.map_err(|error| world_error(cannot(), error))?;
        let sids = entry.iter().flat_map(|entry| entry.values("tokenGroups"));
        Ok(sids.filter_map(|sid| Sid::from_bytes(sid).ok()).collect())
    }

    /// Everybody who is a member of a group, directly or through groups, each once; groups in circles do no harm.
    /// Whose primary group it is is not told: that stands with the account.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn all_members(&self, group: &names::Dn) -> Result<Vec<Member>, WorldError> {
        let mut members: Vec<Member> = Vec::new();
        let mut seen = BTreeSet::from([key(group)]);
        let mut open = VecDeque::from([(group.clone(), Vec::new())]);
        while let Some((of, through)) = open.pop_front() {
            let filter = Filter::equal("memberOf", of.as_str());
            let cannot = format!("cannot read the members of {of}");
            let mut direct = self.principals_that(filter, &cannot).await?;
            direct.sort_by(|a, b| a.name.cmp(&b.name));
            for principal in direct {
                if !seen.insert(key(&principal.dn)) {
                    continue;
                }
                if principal.group {
                    let mut further = through.clone();
                    further.push(principal.name.clone());
                    open.push_back((principal.dn.clone(), further));
                }
                members.push(Member {
                    principal,
                    through: through.clone(),
                });
            }
        }
        Ok(members)
    }

    /// The shortest way from an account up to one of these groups: the groups in between and the last one.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn membership_path(
        &self,
        account: &names::Dn,
        groups: &[names::Dn],
    ) -> Result<Option<Vec<names::Dn>>, WorldError> {
        let wanted: BTreeSet<String> = groups.iter().map(key).collect();
        let mut seen = BTreeSet::from([key(account)]);
        let mut open = VecDeque::from([(account.clone(), Vec::new())]);
        while let Some((of, path)) = open.pop_front() {
            let entry = self.server.read(&ldap_dn(&of), &["memberOf"]).await;
            let cannot = format!("cannot read the memberships of {of}");
            let entry = match entry {
                // A group of another domain: what it is in, its own domain controllers know.
                Err(error) if error.result_code() == Some(ResultCode::REFERRAL) => None,
                answer => answer.map_err(|error| world_error(cannot, error))?,
            };
            let above: Vec<names::Dn> =
                entry.map_or_else(Vec::new, |entry| parsed(&entry, "memberOf"));
            for group in above {
                if !seen.insert(key(&group)) {
                    continue;
                }
                let mut further = path.clone();
                further.push(group.clone());
                if wanted.contains(&key(&group)) {
                    return Ok(Some(further));
                }
                open.push_back((group, further));
            }
        }
        Ok(None)
    }

    async fn principals_that(
        &self,
        filter: Filter,
        cannot: &str,
    ) -> Result<Vec<Principal>, WorldError> {
        let search =
            Search::new(self.naming.domain.clone(), Scope::Subtree, filter).attributes(ATTRIBUTES);
        let found = self.server.search(&search).await;
        let found = found.map_err(|error| world_error(cannot, error))?;
        // A member of another forest stands here as an object without a name of its own.
        let named = |entry: &&Entry| entry.value("sAMAccountName").is_some();
        found.iter().filter(named).map(principal).collect()
    }

    /// Everything in the domain that refers to an object: groups it is in, and lists of principals that name it.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn memberships(&self, object: &names::Dn) -> Result<Vec<names::Dn>, WorldError> {
        let filter = Filter::equal("member", object.as_str());
        let search = Search::new(self.naming.domain.clone(), Scope::Subtree, filter)
            .attributes(["objectClass"]);
        let found = self.server.search(&search).await;
        let cannot = format!("cannot look for groups of {object}");
        let found = found.map_err(|error| world_error(cannot, error))?;
        found.iter().map(dn).collect()
    }
}

fn principal(entry: &Entry) -> Result<Principal, WorldError> {
    Ok(Principal {
        dn: dn(entry)?,
        name: sam_account_name(entry)?,
        sid: naming::sid(entry)?,
        group: has_class(entry, "group"),
    })
}

/// The directory compares names without regard to case.
fn key(dn: &names::Dn) -> String {
    Dn::from(dn.as_str()).as_str().to_lowercase()
}
