//! Searches: which objects, how many at a time (RFC 4511 section 4.5, RFC 2696).

use std::sync::Arc;
use std::time::{Duration, Instant};

use rasn::{AsnType, Decode, Decoder as _};
use rasn_ldap::{Control, ResultCode, SearchRequest, SearchRequestScope};

use super::connection::{Connection, End};
use super::encode::{Outbox, Outcome, ResponseTag};
use super::entries::Selection;
use super::filter::{self, Condition};
use super::requests::has_control;
use crate::directory::Directory;
use crate::rules::access::AccessCheck;
use crate::rules::locate::locate;
use crate::rules::refusal::Refusal;
use crate::rules::root_dse::root_dse;
use crate::rules::{Caller, gmsa};
use crate::store::Store;
use crate::store::object::{ObjectId, comparable};
use crate::store::schema::Attr;

/// [MS-ADTS] 3.1.1.3.4.6 "LDAP Policies": MaxPageSize, MaxQueryDuration.
const MAX_PAGE: usize = 1000;
const MAX_DURATION: Duration = Duration::from_secs(120);
/// Searches of one client whose pages are kept.
const MAX_OPEN_PAGES: usize = 64;
/// Answers are sent when so many bytes have gathered.
const BATCH: usize = 256 * 1024;

pub(super) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

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
        let page = match page_control(controls) {
            Ok(page) => page,
            Err(BadPage) => {
                return self
                    .respond(
                        id,
                        ResponseTag::SEARCH_DONE,
                        Outcome::code(ResultCode::ProtocolError),
                    )
                    .await;
            }
        };
        let token = self.token.clone();
        let caller = directory.caller(&token, self.is_confidential());
        let found = match page.as_ref().filter(|page| !page.cookie.is_empty()) {
            Some(page) => self.resume(&page.cookie),
            None => directory.read(|store| find(&caller, store, &request)),
        };
        let found = match found {
            Ok(found) => found,
            Err(refusal) => return self.respond(id, ResponseTag::SEARCH_DONE, refusal).await,
        };
        let (now, later) = divide(found.ids, page.as_ref(), request.size_limit);
        let selection = Selection::new(&request.attributes, controls);
        let types_only = request.types_only;
        if let Err(refusal) = self
            .send_entries(id, &directory, &caller, &now, &selection, types_only)
            .await?
        {
            return self.respond(id, ResponseTag::SEARCH_DONE, refusal).await;
        }
        let mut outcome = Outcome::code(found.ended);
        if let Some(page) = page {
            outcome.control = Some((
                PAGED_RESULTS,
                Outbox::page_control(&self.keep(later, page.size)),
            ));
        } else if !later.is_empty() {
            outcome = Outcome::code(ResultCode::SizeLimitExceeded);
        }
        self.respond(id, ResponseTag::SEARCH_DONE, outcome).await
    }

    async fn send_entries(
        &mut self,
        id: u32,
        directory: &Directory,
        caller: &Caller<'_>,
        ids: &[ObjectId],
        selection: &Selection,
        types_only: bool,
    ) -> Result<Result<(), Refusal>, End> {
        let mut rest = ids;
        while !rest.is_empty() {
            let mut outbox = Outbox::default();
            let mut done = 0;
            if selection.wants(Attr::ManagedPassword) {
                // Reading a managed password may roll it over: one object at a time, with the right to write.
                let first = rest.first().copied().into_iter();
                for object in first {
                    let password =
                        match directory.write(|store| gmsa::read_password(caller, store, object)) {
                            Ok(password) => password,
                            Err(refusal) => return Ok(Err(refusal)),
                        };
                    directory.read(|store| {
                        selection.entry(
                            caller,
                            store,
                            object,
                            password,
                            id,
                            types_only,
                            &mut outbox,
                        )
                    });
                    done += 1;
                }
            } else {
                directory.read(|store| {
                    let mut access = AccessCheck::new(caller.defaults, caller.token);
                    for object in rest {
                        selection.entry_with(
                            caller,
                            store,
                            *object,
                            None,
                            id,
                            types_only,
                            &mut outbox,
                            &mut access,
                        );
                        done += 1;
                        if outbox.bytes.len() > BATCH {
                            break;
                        }
                    }
                });
            }
            self.send(outbox).await?;
            rest = rest.get(done..).unwrap_or_default();
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
        let shown = attributes.into_iter().filter(|(name, _)| wanted(name));
        let shown = shown
            .map(|(name, values)| (name, values.into_iter().map(String::into_bytes).collect()));
        let mut outbox = Outbox::default();
        outbox.entry(id, "", shown, request.types_only);
        outbox.result(id, ResponseTag::SEARCH_DONE, &Outcome::success());
        self.send(outbox).await
    }

    /// The rest of a paged search.
    fn resume(&mut self, cookie: &[u8]) -> Result<Found, Refusal> {
        let number = cookie
            .first_chunk()
            .map(|cookie| u32::from_be_bytes(*cookie));
        let ids = number.and_then(|number| self.pages.remove(&number));
        let words = "LdapErr: DSID-0C090E3B, comment: the cookie is not known on this connection, data 0, v4563";
        let ids =
            ids.ok_or_else(|| Refusal::new(ResultCode::UnavailableCriticalExtension, 0x57, words))?;
        Ok(Found {
            ids,
            ended: ResultCode::Success,
        })
    }

    fn keep(&mut self, later: Vec<ObjectId>, size: usize) -> Vec<u8> {
        if later.is_empty() || size == 0 {
            return Vec::new();
        }
        if self.pages.len() >= MAX_OPEN_PAGES {
            self.pages.clear();
        }
        let number = self.next_page;
        self.next_page = number.wrapping_add(1).max(1);
        self.pages.insert(number, later);
        number.to_be_bytes().to_vec()
    }
}

/// What goes out now, and what is left for later.
fn divide(
    mut ids: Vec<ObjectId>,
    page: Option<&Page>,
    size_limit: u32,
) -> (Vec<ObjectId>, Vec<ObjectId>) {
    let limit = match page {
        Some(page) => page.size.min(MAX_PAGE),
        None if size_limit == 0 => MAX_PAGE,
        None => MAX_PAGE.min(size_limit as usize),
    };
    let later = if ids.len() > limit {
        ids.split_off(limit)
    } else {
        Vec::new()
    };
    (ids, later)
}

/// RFC 2696: `realSearchControlValue ::= SEQUENCE { size INTEGER, cookie OCTET STRING }`.
struct Page {
    size: usize,
    cookie: Vec<u8>,
}

#[derive(AsnType, Decode)]
struct PageValue {
    size: i32,
    cookie: rasn::types::OctetString,
}

/// The control's value is malformed.
struct BadPage;

fn page_control(controls: &[Control]) -> Result<Option<Page>, BadPage> {
    if !has_control(controls, PAGED_RESULTS) {
        return Ok(None);
    }
    let control = controls
        .iter()
        .find(|control| control.control_type[..] == *PAGED_RESULTS.as_bytes());
    let value = control
        .and_then(|control| control.control_value.as_ref())
        .ok_or(BadPage)?;
    let value: PageValue = rasn::ber::decode(value).map_err(|_| BadPage)?;
    let size = usize::try_from(value.size).map_err(|_| BadPage)?;
    Ok(Some(Page {
        size,
        cookie: value.cookie.to_vec(),
    }))
}

/// All objects in scope that match and that the caller may see.
fn find(caller: &Caller<'_>, store: &Store, request: &SearchRequest) -> Result<Found, Refusal> {
    let everywhere = request.base_object.is_empty();
    let base = if everywhere {
        None
    } else {
        Some(locate(store, &request.base_object)?)
    };
    let too_deep = |_| Refusal::operations(0x20EF, "the filter is too deep");
    let condition = filter::compile(caller.forest, store, &request.filter).map_err(too_deep)?;
    let mut access = AccessCheck::new(caller.defaults, caller.token);
    let limit = Duration::from_secs(request.time_limit.into());
    let deadline = Instant::now()
        + if limit.is_zero() {
            MAX_DURATION
        } else {
            limit.min(MAX_DURATION)
        };

    let mut found = Found {
        ids: Vec::new(),
        ended: ResultCode::Success,
    };
    let scope = Scope {
        base,
        kind: request.scope,
    };
    for (count, id) in scope.objects(store, &condition).enumerate() {
        if count % 1024 == 1023 && Instant::now() > deadline {
            found.ended = ResultCode::TimeLimitExceeded;
            break;
        }
        let Some(object) = store.get(id) else {
            continue;
        };
        let container = object.parent.and_then(|parent| store.get(parent));
        let visible = container.is_none_or(|container| access.sees(container));
        if visible && condition.matches(store, id, object, &mut access) == Some(true) {
            found.ids.push(id);
        }
    }
    Ok(found)
}

struct Scope {
    /// `None`: all naming contexts.
    base: Option<ObjectId>,
    kind: SearchRequestScope,
}

impl Scope {
    fn objects<'a>(
        &'a self,
        store: &'a Store,
        condition: &Condition,
    ) -> Box<dyn Iterator<Item = ObjectId> + 'a> {
        let candidates = condition.candidates(store);
        match (self.base, self.kind) {
            (Some(base), SearchRequestScope::BaseObject) => Box::new(std::iter::once(base)),
            (Some(base), SearchRequestScope::SingleLevel) => match candidates {
                Some(ids) => Box::new(
                    ids.into_iter()
                        .filter(move |id| store.get(*id).is_some_and(|it| it.parent == Some(base))),
                ),
                None => Box::new(store.children(base)),
            },
            (Some(base), _) => match candidates {
                Some(ids) => Box::new(ids.into_iter().filter(move |id| store.is_below(*id, base))),
                None => Box::new(Descent {
                    store,
                    next: vec![base],
                }),
            },
            (None, SearchRequestScope::WholeSubtree) => match candidates {
                Some(ids) => Box::new(ids.into_iter()),
                None => Box::new(store.ids()),
            },
            (None, _) => Box::new(store.contexts()),
        }
    }
}

/// An object and everything below it.
struct Descent<'a> {
    store: &'a Store,
    next: Vec<ObjectId>,
}

impl Iterator for Descent<'_> {
    type Item = ObjectId;

    fn next(&mut self) -> Option<ObjectId> {
        let id = self.next.pop()?;
        self.next.extend(self.store.children(id));
        Some(id)
    }
}

/// Whether one of the values equals what a client asserts.
pub(super) fn any_equal(attribute: Attr, shown: &[Vec<u8>], asserted: &[u8]) -> bool {
    let syntax = attribute.definition().syntax;
    shown
        .iter()
        .any(|value| comparable(syntax, value) == comparable(syntax, asserted))
}
