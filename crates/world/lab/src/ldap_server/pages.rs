//! Paged searches (RFC 2696): what is left of them between two pages.

use std::collections::VecDeque;

use rasn::{AsnType, Decode, Decoder as _};
use rasn_ldap::{Control, ResultCode};

use super::requests::has_control;
use crate::rules::refusal::Refusal;
use crate::store::object::ObjectId;
use crate::visitors::Share;

pub(super) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// [MS-ADTS] 3.1.1.3.4.6 "LDAP Policies": MaxPageSize, MaxResultSetsPerConn.
const MAX_PAGE: usize = 1000;
const MAX_OPEN: usize = 10;

/// `realSearchControlValue ::= SEQUENCE { size INTEGER, cookie OCTET STRING }`.
pub(super) struct Page {
    size: usize,
    cookie: Vec<u8>,
}

#[derive(AsnType, Decode)]
struct PageValue {
    size: i32,
    cookie: rasn::types::OctetString,
}

impl Page {
    /// The page that a request asks for; an error where its control is malformed.
    pub(super) fn of(controls: &[Control]) -> Result<Option<Self>, ResultCode> {
        const MALFORMED: ResultCode = ResultCode::ProtocolError;
        if !has_control(controls, PAGED_RESULTS) {
            return Ok(None);
        }
        let control = controls
            .iter()
            .find(|control| control.control_type[..] == *PAGED_RESULTS.as_bytes());
        let value = control
            .and_then(|control| control.control_value.as_ref())
            .ok_or(MALFORMED)?;
        let value: PageValue = rasn::ber::decode(value).map_err(|_| MALFORMED)?;
        Ok(Some(Self {
            size: usize::try_from(value.size).map_err(|_| MALFORMED)?,
            cookie: value.cookie.to_vec(),
        }))
    }

    /// Whether a search begins with it.
    pub(super) fn is_first(&self) -> bool {
        self.cookie.is_empty()
    }
}

/// How many entries a request gets at most.
pub(super) fn limit(page: Option<&Page>, size_limit: u32) -> usize {
    match page {
        Some(page) => page.size.min(MAX_PAGE),
        None if size_limit == 0 => MAX_PAGE,
        None => MAX_PAGE.min(size_limit as usize),
    }
}

/// One client's searches whose pages have not all been asked for.
pub(super) struct Pages {
    open: VecDeque<(u32, Vec<ObjectId>)>,
    next: u32,
    share: Share,
}

impl Pages {
    pub(super) fn new(share: Share) -> Self {
        Self {
            open: VecDeque::new(),
            next: 1,
            share,
        }
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
        self.account();
    }

    /// Keeps the rest of a search, and gives the cookie to ask for it: empty where nothing is left. What too many
    /// searches would keep is forgotten, the oldest first: their cookies are not known any more.
    pub(super) fn keep(&mut self, rest: Vec<ObjectId>, page: &Page) -> Vec<u8> {
        if rest.is_empty() || page.size == 0 {
            return Vec::new();
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        self.open.push_back((number, rest));
        if self.open.len() > MAX_OPEN {
            self.open.pop_front();
        }
        self.account();
        number.to_be_bytes().to_vec()
    }

    /// The rest of the search that a page goes on with.
    pub(super) fn resume(&mut self, page: &Page) -> Result<Vec<ObjectId>, Refusal> {
        let number = page.cookie.first_chunk().copied().map(u32::from_be_bytes);
        let at = self.open.iter().position(|(open, _)| Some(*open) == number);
        let rest = at.and_then(|at| self.open.remove(at));
        self.account();
        let words = "LdapErr: DSID-0C090E3B, comment: the cookie is not known on this connection, data 0, v4563";
        let unknown = || Refusal::new(ResultCode::UnavailableCriticalExtension, 0x57, words);
        rest.map(|(_, rest)| rest).ok_or_else(unknown)
    }

    fn account(&mut self) {
        let bytes = |open: &VecDeque<(u32, Vec<ObjectId>)>| {
            open.iter().map(|(_, rest)| size_of_val(&rest[..])).sum()
        };
        while self.share.keep(bytes(&self.open)).is_err() {
            self.open.pop_front();
        }
    }
}
