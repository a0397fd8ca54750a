//! A connection to a server, and what can be asked of it.

use crate::control::Control;
use crate::dn::Dn;
use crate::entry::{Attribute, Entry, Modification};
use crate::error::Error;
use crate::options::ConnectOptions;
use crate::search::{Search, SearchResult};

/// A logged-on connection. Requests go through `&self`, one after the other.
#[derive(Debug)]
pub struct Client {}

impl Client {
    /// Connects, protects the connection and logs on.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Tls`], [`Error::Authentication`], [`Error::Unsupported`] for a combination of
    /// transport and log-on that is refused, and what any operation may end in.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, Error> {
        let _ = options;
        Err(Error::Unsupported("not built yet"))
    }

    /// All entries that match, in one answer. Servers cap it (Active Directory: 1000 entries).
    ///
    /// # Errors
    /// [`Error::Refused`] and the connection's errors; never ambiguous.
    pub async fn search(&self, search: &Search) -> Result<SearchResult, Error> {
        let _ = search;
        Err(Error::Unsupported("not built yet"))
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
        let _ = page_size;
        self.search(search).await
    }

    /// The same page by page, for results that should not be held at once.
    pub fn search_pages(&self, search: Search, page_size: u32) -> Pages<'_> {
        let _ = (search, page_size);
        Pages { client: self }
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
        let _ = (dn, attributes);
        Err(Error::Unsupported("not built yet"))
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
        let _ = (dn, attributes, controls);
        Err(Error::Unsupported("not built yet"))
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
        let _ = (dn, modifications, controls);
        Err(Error::Unsupported("not built yet"))
    }

    /// Deletes an entry without children, or with everything below under [`Control::tree_delete`].
    ///
    /// # Errors
    /// As [`Client::add`].
    pub async fn delete(&self, dn: &Dn, controls: &[Control]) -> Result<(), Error> {
        let _ = (dn, controls);
        Err(Error::Unsupported("not built yet"))
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
        let _ = (dn, new_rdn, new_superior);
        Err(Error::Unsupported("not built yet"))
    }

    /// Says good-bye and closes. Dropping the client closes without.
    pub async fn unbind(self) {}
}

/// A paged search under way.
#[derive(Debug)]
pub struct Pages<'a> {
    client: &'a Client,
}

impl Pages<'_> {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// As [`Client::search`].
    pub async fn next_page(&mut self) -> Result<Option<SearchResult>, Error> {
        let _ = self.client;
        Err(Error::Unsupported("not built yet"))
    }
}
