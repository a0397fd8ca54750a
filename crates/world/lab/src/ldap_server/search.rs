//! Searches: which objects, how many at a time (RFC 4511 section 4.5, RFC 2696).

use std::sync::Arc;
use std::time::{Duration, Instant};

use rasn_ldap::{Control, ResultCode, SearchRequest, SearchRequestScope};

use super::connection::{Connection, End};
use super::continuations::continuations;
use super::encode::{Outbox, Outcome, ResponseTag};
use super::entries::{Reader, Selection};
use super::filter::{self, Condition};
use super::pages::{self, PAGED_RESULTS, Page};
use crate::directory::Directory;
use crate::rules::access::AccessCheck;
use crate::rules::locate::locate;
use crate::rules::refusal::Refusal;
use crate::rules::root_dse::root_dse;
use crate::rules::{Caller, gmsa};
use crate::store::Store;
use crate::store::object::{ObjectId, comparable};
use crate::store::schema::Attr;

/// [MS-ADTS] 3.1.1.3.4.6 "LDAP Policies": MaxQueryDuration.
const MAX_DURATION: Duration = Duration::from_secs(120);
/// Objects that are looked at in one go; then others get a turn.
const TURN: usize = 1024;
/// Entries are handed on when so many bytes have gathered.
const BATCH: usize = 64 * 1024;

/// What a search found, and why it stopped.
struct Found {
    ids: Vec<ObjectId>,
    ended: ResultCode,
}

impl Connection {
    pub(super) async fn search(
        &mut self,
        id: u32,
        request: SearchRequest,
        controls: &[Control],
    ) -> Result<(), End> {
        let directory = Arc::clone(&self.directory);
        if request.base_object.is_empty() && request.scope == SearchRequestScope::BaseObject {
            return self.show_root_dse(id, &directory, &request).await;
        }
        if self.token.is_anonymous() {
            return self
                .respond(id, ResponseTag::SEARCH_DONE, Refusal::not_logged_on())
                .await;
        }
        let page = match Page::of(controls) {
            Ok(page) => page,
            Err(code) => {
                return self
                    .respond(id, ResponseTag::SEARCH_DONE, Outcome::code(code))
                    .await;
            }
        };
        let token = self.token.clone();
        let mut caller = directory.caller(&token, self.is_confidential());
        caller.of_global_catalog = self.is_global_catalog;
        let limit = pages::limit(page.as_ref(), request.size_limit);
        let found = match page.as_ref().filter(|page| !page.is_first()) {
            Some(page) => self.pages.resume(page).map(Found::all),
            None => {
                // Without pages, what is beyond the limit need not be found.
                let enough = page.as_ref().map_or(limit + 1, |_| usize::MAX);
                find(&directory, caller, &request, enough).await
            }
        };
        let mut found = match found {
            Ok(found) => found,
            Err(refusal) => return self.respond(id, ResponseTag::SEARCH_DONE, refusal).await,
        };
        let later = found.ids.split_off(limit.min(found.ids.len()));
        let selection = Selection::new(&request, controls);
        let mut reader = Reader {
            caller,
            message: id,
            access: AccessCheck::of(&caller),
        };
        if let Err(refusal) = self
            .send_entries(&directory, &mut reader, &found.ids, &selection)
            .await?
        {
            return self.respond(id, ResponseTag::SEARCH_DONE, refusal).await;
        }
        if later.is_empty() {
            let mut outbox = Outbox::default();
            for url in directory.read(|store| continuations(&caller, store, &request, controls)) {
                outbox.reference(id, &url);
            }
            self.send(outbox).await?;
        }
        let mut outcome = Outcome::code(found.ended);
        if let Some(page) = &page {
            let cookie = self.pages.keep(later, page);
            outcome.control = Some((PAGED_RESULTS, Outbox::page_control(&cookie)));
        } else if !later.is_empty() {
            outcome = Outcome::code(ResultCode::SizeLimitExceeded);
        }
        self.respond(id, ResponseTag::SEARCH_DONE, outcome).await
    }

    async fn send_entries(
        &mut self,
        directory: &Arc<Directory>,
        reader: &mut Reader<'_>,
        ids: &[ObjectId],
        selection: &Selection,
    ) -> Result<Result<(), Refusal>, End> {
        let mut rest = ids.iter();
        while !rest.as_slice().is_empty() {
            let mut outbox = Outbox::default();
            if selection.wants(Attr::ManagedPassword) && !reader.caller.of_global_catalog {
                // Reading a managed password may roll it over: one object at a time, with the right to write.
                for id in rest.by_ref().take(1) {
                    let password = match read_password(directory, &reader.caller, *id) {
                        Ok(password) => password,
                        Err(refusal) => return Ok(Err(refusal)),
                    };
                    directory
                        .read(|store| selection.write(reader, store, *id, password, &mut outbox));
                }
            } else {
                directory.read(|store| {
                    while outbox.bytes.len() < BATCH
                        && let Some(id) = rest.next()
                    {
                        selection.write(reader, store, *id, None, &mut outbox);
                    }
                });
            }
            self.send(outbox).await?;
        }
        Ok(Ok(()))
    }

    async fn show_root_dse(
        &mut self,
        id: u32,
        directory: &Directory,
        request: &SearchRequest,
    ) -> Result<(), End> {
        let attributes =
            directory.read(|store| root_dse(&directory.forest, store, directory.now()));
        let all = request.attributes.is_empty()
            || request
                .attributes
                .iter()
                .any(|name| matches!(name.as_str(), "*" | "+"));
        let wanted = |name: &str| {
            all || request
                .attributes
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(name))
        };
        let mut outbox = Outbox::default();
        let mut entry = outbox.entry(id, "");
        for (name, texts) in attributes.iter().filter(|(name, _)| wanted(name)) {
            entry.attribute(&[name], |values| {
                let shown = texts.iter().filter(|_| !request.types_only);
                shown.for_each(|text| values.push(text.as_bytes()));
            });
        }
        drop(entry);
        outbox.result(id, ResponseTag::SEARCH_DONE, &Outcome::success());
        self.send(outbox).await
    }
}

/// The managed password of an object; a read-only domain controller has a writable one read it, with its own clock.
fn read_password(
    directory: &Arc<Directory>,
    caller: &Caller<'_>,
    id: ObjectId,
) -> Result<Option<Vec<u8>>, Refusal> {
    let authority = directory.authority();
    if Arc::ptr_eq(directory, &authority) {
        return directory.write(|store| gmsa::read_password(caller, store, id));
    }
    let guid = directory.read(|store| Some(store.get(id)?.bytes(Attr::ObjectGuid)?.to_vec()));
    let caller = Caller {
        now: authority.now(),
        ..*caller
    };
    authority.write(|store| {
        let there = store.find(Attr::ObjectGuid, &guid.unwrap_or_default());
        match there.first().copied() {
            Some(id) => gmsa::read_password(&caller, store, id),
            None => Ok(None),
        }
    })
}

impl Found {
    fn all(ids: Vec<ObjectId>) -> Self {
        Self {
            ids,
            ended: ResultCode::Success,
        }
    }
}

/// The first `enough` objects in scope that match and that the caller may see.
async fn find(
    directory: &Directory,
    caller: Caller<'_>,
    request: &SearchRequest,
    enough: usize,
) -> Result<Found, Refusal> {
    let began = directory.read(|store| {
        let mut sweep = Sweep::new(caller, store, request, enough)?;
        let ended = sweep.turn(store);
        Ok((sweep, ended))
    });
    let (mut sweep, mut ended) = began?;
    while !ended {
        tokio::task::yield_now().await;
        ended = directory.read(|store| sweep.turn(store));
    }
    Ok(sweep.found)
}

/// A search under way.
struct Sweep<'a> {
    condition: Condition,
    rest: std::vec::IntoIter<ObjectId>,
    access: AccessCheck<'a>,
    enough: usize,
    deadline: Instant,
    found: Found,
}

impl<'a> Sweep<'a> {
    fn new(
        caller: Caller<'a>,
        store: &Store,
        request: &SearchRequest,
        enough: usize,
    ) -> Result<Self, Refusal> {
        let base = match &*request.base_object.0 {
            "" => None,
            name => Some(locate(store, name)?),
        };
        let too_much = |_| Refusal::operations(0x20EF, "the filter is too deep or too long");
        let condition = filter::compile(caller.forest, store, &request.filter).map_err(too_much)?;
        let limit = Duration::from_secs(request.time_limit.into());
        let limit = if limit.is_zero() {
            MAX_DURATION
        } else {
            limit.min(MAX_DURATION)
        };
        let scope = Scope {
            base,
            kind: request.scope,
        };
        Ok(Self {
            rest: scope.objects(store, &condition).into_iter(),
            condition,
            access: AccessCheck::of(&caller),
            enough,
            deadline: Instant::now() + limit,
            found: Found::all(Vec::new()),
        })
    }

    /// Looks at some objects; whether the search is over.
    fn turn(&mut self, store: &Store) -> bool {
        for id in self.rest.by_ref().take(TURN) {
            let Some(object) = store.get(id) else {
                continue; // It was deleted meanwhile.
            };
            let container = object.parent.and_then(|parent| store.get(parent));
            let visible = container.is_none_or(|container| self.access.sees(container));
            if visible && self.condition.matches(store, id, object, &mut self.access) == Some(true)
            {
                self.found.ids.push(id);
                if self.found.ids.len() >= self.enough {
                    return true;
                }
            }
        }
        if self.rest.as_slice().is_empty() {
            return true;
        }
        let late = Instant::now() > self.deadline;
        if late {
            self.found.ended = ResultCode::TimeLimitExceeded;
        }
        late
    }
}

struct Scope {
    /// `None`: all naming contexts.
    base: Option<ObjectId>,
    kind: SearchRequestScope,
}

impl Scope {
    /// The objects to look at.
    fn objects(&self, store: &Store, condition: &Condition) -> Vec<ObjectId> {
        match (self.base, self.kind) {
            (Some(base), SearchRequestScope::BaseObject) => vec![base],
            (Some(base), SearchRequestScope::SingleLevel) => match condition.candidates(store) {
                Some(mut ids) => {
                    let is_child = |id| store.get(id).is_some_and(|it| it.parent == Some(base));
                    ids.retain(|id| is_child(*id));
                    ids
                }
                None => store.children(base).collect(),
            },
            (Some(base), _) => match condition.candidates(store) {
                Some(mut ids) => {
                    ids.retain(|id| store.is_below(*id, base));
                    ids
                }
                None => descent(store, base),
            },
            (None, SearchRequestScope::WholeSubtree) => condition
                .candidates(store)
                .unwrap_or_else(|| store.ids().collect()),
            (None, _) => store.contexts().collect(),
        }
    }
}

/// An object and everything below it.
fn descent(store: &Store, base: ObjectId) -> Vec<ObjectId> {
    let mut found = Vec::new();
    let mut next = vec![base];
    while let Some(id) = next.pop() {
        found.push(id);
        next.extend(store.children(id));
    }
    found
}

/// Whether one of the values equals what a client asserts.
pub(super) fn any_equal(attribute: Attr, shown: &[Vec<u8>], asserted: &[u8]) -> bool {
    let syntax = attribute.definition().syntax;
    shown
        .iter()
        .any(|value| comparable(syntax, value) == comparable(syntax, asserted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::token::Token;
    use crate::seed::{LabSeed, build};

    #[test]
    fn a_search_ends_at_its_time_limit_with_what_it_has() {
        let mut seed = LabSeed::new("contoso.com", "CONTOSO", b"Lab-Admin-Pa55");
        (0..2 * TURN).for_each(|number| seed.group(&format!("group{number}"), &[]));
        let directory = build(&seed).unwrap();
        let token = Token::system();
        let request = SearchRequest::new(
            "DC=contoso,DC=com".into(),
            SearchRequestScope::WholeSubtree,
            rasn_ldap::SearchRequestDerefAliases::NeverDerefAliases,
            0,
            5,
            false,
            rasn_ldap::Filter::Present("objectClass".into()),
            Vec::new(),
        );
        directory.read(|store| {
            let caller = directory.caller(&token, true);
            let sweep = |limit: Duration| {
                let mut sweep = Sweep::new(caller, store, &request, usize::MAX)
                    .ok()
                    .unwrap();
                sweep.deadline = sweep.deadline - Duration::from_secs(5) + limit;
                while !sweep.turn(store) {}
                sweep.found
            };
            let (cut, whole) = (sweep(Duration::ZERO), sweep(Duration::from_secs(3600)));
            assert_eq!(cut.ended, ResultCode::TimeLimitExceeded);
            assert!((1..=TURN).contains(&cut.ids.len()), "{}", cut.ids.len());
            assert_eq!(whole.ended, ResultCode::Success);
            assert!(whole.ids.len() > 2 * TURN);
        });
    }
}
