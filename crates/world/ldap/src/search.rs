//! What to search for, and what was found.

use crate::control::Control;
use crate::dn::Dn;
use crate::entry::Entry;
use crate::filter::Filter;

/// How far below the base a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The base itself.
    Base,
    /// The entries right below the base.
    OneLevel,
    /// The base and everything below.
    Subtree,
}

/// A search request (RFC 4511 section 4.5.1, "Search Request").
#[derive(Debug, Clone)]
pub struct Search {
    pub(crate) base: Dn,
    pub(crate) scope: Scope,
    pub(crate) filter: Filter,
    pub(crate) attributes: Vec<String>,
    pub(crate) size_limit: u32,
    pub(crate) controls: Vec<Control>,
}

impl Search {
    /// A search for all user attributes, without limit.
    pub fn new(base: impl Into<Dn>, scope: Scope, filter: Filter) -> Self {
        Self {
            base: base.into(),
            scope,
            filter,
            attributes: Vec::new(),
            size_limit: 0,
            controls: Vec::new(),
        }
    }

    /// One entry, by its name.
    pub fn entry(dn: impl Into<Dn>) -> Self {
        Self::new(dn, Scope::Base, Filter::present("objectClass"))
    }

    /// The server's own description: naming contexts, levels, its clock.
    pub fn root_dse() -> Self {
        Self::entry(Dn::root())
    }

    /// Only these attributes. Constructed ones (`msDS-ManagedPassword`, `tokenGroups`) come only when named.
    pub fn attributes<A: Into<String>>(mut self, attributes: impl IntoIterator<Item = A>) -> Self {
        self.attributes = attributes.into_iter().map(Into::into).collect();
        self
    }

    /// At most this many entries; more set [`SearchResult::truncated`]. 0 is no limit.
    pub fn size_limit(mut self, entries: u32) -> Self {
        self.size_limit = entries;
        self
    }

    /// With this control.
    pub fn control(mut self, control: Control) -> Self {
        self.controls.push(control);
        self
    }
}

/// What a search found.
#[derive(Debug, Default)]
pub struct SearchResult {
    /// The entries, in the server's order.
    pub entries: Vec<Entry>,
    /// LDAP URLs of servers that hold more of what was asked for; they have not been followed.
    pub referrals: Vec<String>,
    /// There are more entries than the request's own size limit. A limit of the server's is an error instead.
    pub truncated: bool,
}
