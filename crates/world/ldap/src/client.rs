//! A connection to a server, and what can be asked of it.

use std::fmt;

use rasn_ldap::{
    AddRequest, AttributeList, AttributeValueAssertion, ChangeOperation, CompareRequest,
    DelRequest, ModifyDnRequest, ModifyRequest, ModifyRequestChanges, PartialAttribute, ProtocolOp,
    SearchRequest, SearchRequestDerefAliases, SearchRequestScope,
};
use tokio::sync::Mutex;

use crate::bind;
use crate::connection::Connection;
use crate::control::Control;
use crate::dn::Dn;
use crate::entry::{Attribute, Entry, Modification, ModificationKind};
use crate::error::{Error, Operation, Refusal};
use crate::options::ConnectOptions;
use crate::ranges;
use crate::result_code::ResultCode;
use crate::search::{Scope, Search, SearchResult};
use crate::windows_error::WindowsError;
use crate::wire::{Outcome, ResponseBody, text};

/// A logged-on connection. Requests go through `&self`, one after the other.
pub struct Client {
    pub(crate) connection: Mutex<Connection>,
}

impl Client {
    /// Connects, protects the connection and logs on.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Tls`], [`Error::Authentication`], [`Error::Unsupported`] for a combination of
    /// transport and log-on that is refused, and what any operation may end in.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, Error> {
        let connection = bind::connect(options).await?;
        tracing::debug!(server = options.server, transport = ?options.transport, "connected");
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    /// All entries that match, in one answer. Servers cap it (Active Directory: 1000 entries).
    ///
    /// Attributes that Active Directory hands out in ranges (`member;range=0-1499`) come complete.
    ///
    /// # Errors
    /// [`Error::Refused`] and the connection's errors; never ambiguous.
    pub async fn search(&self, search: &Search) -> Result<SearchResult, Error> {
        let (mut result, _) = self.search_once(search, &search.controls).await?;
        ranges::complete(self, &mut result.entries).await?;
        Ok(result)
    }

    /// All entries that match, fetched in pages of `page_size` (Active Directory: 1000 at most).
    ///
    /// # Errors
    /// As [`Client::search`].
    pub async fn search_paged(
        &self,
        search: &Search,
        page_size: u32,
    ) -> Result<SearchResult, Error> {
        let mut pages = self.search_pages(search.clone(), page_size);
        let mut all = SearchResult::default();
        while let Some(mut page) = pages.next_page().await? {
            all.entries.append(&mut page.entries);
            all.referrals.append(&mut page.referrals);
            all.truncated |= page.truncated;
        }
        Ok(all)
    }

    /// The same page by page, for results that should not be held at once.
    pub fn search_pages(&self, search: Search, page_size: u32) -> Pages<'_> {
        Pages {
            client: self,
            search,
            page_size,
            cookie: Some(Vec::new()),
        }
    }

    /// The entry with this name; `None` when there is none.
    ///
    /// # Errors
    /// As [`Client::search`].
    pub async fn read<A: Into<String>>(
        &self,
        dn: &Dn,
        attributes: impl IntoIterator<Item = A>,
    ) -> Result<Option<Entry>, Error> {
        self.read_as(&Search::entry(dn.clone()).attributes(attributes))
            .await
    }

    /// What such a search finds, which is to be for one entry ([`Search::entry`]); `None` where there is none.
    ///
    /// # Errors
    /// As [`Client::search`].
    pub async fn read_as(&self, search: &Search) -> Result<Option<Entry>, Error> {
        match self.search(search).await {
            Ok(mut found) => Ok(found.entries.pop()),
            Err(error) if error.result_code() == Some(ResultCode::NO_SUCH_OBJECT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// [`Error::Refused`] and the connection's errors, which may be ambiguous.
    pub async fn add(
        &self,
        dn: &Dn,
        attributes: &[Attribute],
        controls: &[Control],
    ) -> Result<(), Error> {
        let request = add_request(dn, attributes);
        self.write(Operation::Add, dn, request, controls).await
    }

    /// Changes an entry: all modifications or none.
    ///
    /// # Errors
    /// As [`Client::add`].
    pub async fn modify(
        &self,
        dn: &Dn,
        modifications: &[Modification],
        controls: &[Control],
    ) -> Result<(), Error> {
        let changes = modifications
            .iter()
            .map(|modification| ModifyRequestChanges {
                operation: match modification.kind {
                    ModificationKind::Add => ChangeOperation::Add,
                    ModificationKind::Delete => ChangeOperation::Delete,
                    ModificationKind::Replace => ChangeOperation::Replace,
                },
                modification: to_wire(&modification.attribute),
            });
        let request = ModifyRequest {
            object: dn.as_str().into(),
            changes: changes.collect(),
        };
        self.write(
            Operation::Modify,
            dn,
            ProtocolOp::ModifyRequest(request),
            controls,
        )
        .await
    }

    /// Deletes an entry without children, or with everything below under [`Control::tree_delete`].
    ///
    /// # Errors
    /// As [`Client::add`].
    pub async fn delete(&self, dn: &Dn, controls: &[Control]) -> Result<(), Error> {
        let request = ProtocolOp::DelRequest(DelRequest(dn.as_str().into()));
        self.write(Operation::Delete, dn, request, controls).await
    }

    /// Renames an entry, and moves it when `new_superior` is given. The old name does not stay as a value.
    ///
    /// # Errors
    /// As [`Client::add`].
    pub async fn modify_dn(
        &self,
        dn: &Dn,
        new_rdn: &str,
        new_superior: Option<&Dn>,
    ) -> Result<(), Error> {
        let request = ModifyDnRequest {
            entry: dn.as_str().into(),
            new_rdn: new_rdn.into(),
            delete_old_rdn: true,
            new_superior: new_superior.map(|superior| superior.as_str().into()),
        };
        self.write(
            Operation::ModifyDn,
            dn,
            ProtocolOp::ModDnRequest(request),
            &[],
        )
        .await
    }

    /// Whether an entry's attribute has this value, by the attribute's own rule (RFC 4511 section 4.10).
    ///
    /// # Errors
    /// As [`Client::search`].
    pub async fn compare(
        &self,
        dn: &Dn,
        attribute: &str,
        value: impl Into<Vec<u8>>,
    ) -> Result<bool, Error> {
        let ava = AttributeValueAssertion::new(attribute.into(), value.into().into());
        let request = ProtocolOp::CompareRequest(CompareRequest {
            entry: dn.as_str().into(),
            ava,
        });
        let mut connection = self.connection.lock().await;
        let outcome = connection.call(Operation::Compare, request, &[]).await?;
        match outcome.code() {
            ResultCode::COMPARE_TRUE => Ok(true),
            ResultCode::COMPARE_FALSE => Ok(false),
            _ => Err(refusal(Operation::Compare, dn, &outcome)),
        }
    }

    /// Says good-bye and closes. Dropping the client closes without.
    pub async fn unbind(self) {
        self.connection.into_inner().unbind().await;
    }

    async fn write(
        &self,
        operation: Operation,
        dn: &Dn,
        request: ProtocolOp,
        controls: &[Control],
    ) -> Result<(), Error> {
        let outcome = self
            .connection
            .lock()
            .await
            .call(operation, request, controls)
            .await?;
        tracing::debug!(%operation, %dn, code = %outcome.code(), "answered");
        if outcome.code() == ResultCode::SUCCESS {
            Ok(())
        } else {
            Err(refusal(operation, dn, &outcome))
        }
    }

    /// One search request and all its responses; also the controls of the last.
    pub(crate) async fn search_once(
        &self,
        search: &Search,
        controls: &[Control],
    ) -> Result<(SearchResult, Vec<Control>), Error> {
        let mut connection = self.connection.lock().await;
        let request = ProtocolOp::SearchRequest(search_request(search));
        let pending = connection
            .send(Operation::Search, request, controls)
            .await?;
        let mut result = SearchResult::default();
        loop {
            let response = connection.receive(pending).await?;
            let controls = response.controls().collect();
            match response.body {
                ResponseBody::SearchEntry(entry) => result.entries.push(entry.into()),
                ResponseBody::SearchReference(urls) => {
                    result.referrals.extend(urls.iter().map(|url| text(url)))
                }
                ResponseBody::SearchDone(outcome) => {
                    let limited =
                        search.size_limit > 0 && outcome.code() == ResultCode::SIZE_LIMIT_EXCEEDED;
                    if outcome.code() != ResultCode::SUCCESS && !limited {
                        return Err(refusal(Operation::Search, &search.base, &outcome));
                    }
                    result.truncated = limited;
                    return Ok((result, controls));
                }
                _ => tracing::debug!("a response that belongs to no search was dropped"),
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}

/// A paged search under way (RFC 2696).
#[derive(Debug)]
pub struct Pages<'a> {
    client: &'a Client,
    search: Search,
    page_size: u32,
    /// Where the next page begins; empty before the first, `None` after the last.
    cookie: Option<Vec<u8>>,
}

impl Pages<'_> {
    /// The next page; `None` after the last. After an error there is no next page either.
    ///
    /// # Errors
    /// As [`Client::search`].
    pub async fn next_page(&mut self) -> Result<Option<SearchResult>, Error> {
        let Some(cookie) = self.cookie.take() else {
            return Ok(None);
        };
        let mut controls = self.search.controls.clone();
        controls.push(Control::paged_results(self.page_size, &cookie));
        let (mut page, answer) = self.client.search_once(&self.search, &controls).await?;
        ranges::complete(self.client, &mut page.entries).await?;
        self.cookie = answer
            .iter()
            .find_map(Control::page_cookie)
            .filter(|cookie| !cookie.is_empty());
        Ok(Some(page))
    }
}

pub(crate) fn add_request(dn: &Dn, attributes: &[Attribute]) -> ProtocolOp {
    let attributes = attributes.iter().map(|attribute| {
        let PartialAttribute { r#type, vals, .. } = to_wire(attribute);
        rasn_ldap::Attribute::new(r#type, vals)
    });
    let attributes: AttributeList = attributes.collect();
    ProtocolOp::AddRequest(AddRequest {
        entry: dn.as_str().into(),
        attributes,
    })
}

pub(crate) fn search_request(search: &Search) -> SearchRequest {
    let scope = match search.scope {
        Scope::Base => SearchRequestScope::BaseObject,
        Scope::OneLevel => SearchRequestScope::SingleLevel,
        Scope::Subtree => SearchRequestScope::WholeSubtree,
    };
    let attributes = search
        .attributes
        .iter()
        .map(|name| name.as_str().into())
        .collect();
    let (base, filter) = (search.base.as_str().into(), search.filter.to_wire());
    let aliases = SearchRequestDerefAliases::NeverDerefAliases;
    SearchRequest::new(
        base,
        scope,
        aliases,
        search.size_limit,
        0,
        false,
        filter,
        attributes,
    )
}

fn to_wire(attribute: &Attribute) -> PartialAttribute {
    let values: Vec<_> = attribute
        .values()
        .iter()
        .map(|value| value.clone().into())
        .collect();
    PartialAttribute::new(attribute.name().into(), values.into())
}

pub(crate) fn refusal(operation: Operation, dn: &Dn, outcome: &Outcome) -> Error {
    let diagnostic = outcome.diagnostic();
    Error::Refused(Box::new(Refusal {
        operation,
        dn: dn.to_string(),
        code: outcome.code(),
        windows: WindowsError::from_diagnostic(&diagnostic),
        diagnostic,
        matched_dn: outcome.matched_dn(),
        referrals: outcome.referrals(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send<T: Send>(_: &T) {}

    #[test]
    fn futures_can_move_between_threads() {
        // A port behind an async trait needs it.
        let _: fn(&Client, &ConnectOptions, &Search, &Dn) = |client, options, search, dn| {
            is_send(&Client::connect(options));
            is_send(&client.search_paged(search, 500));
            is_send(&client.modify(dn, &[], &[]));
        };
    }
}
