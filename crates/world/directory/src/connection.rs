//! One connection to one domain controller, made on first use and made again when it broke.
//!
//! INVARIANT: of an object's own security descriptor only the access list is read and written.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ldap::{Attribute, Client, Control, Dn, Entry, Error, Modification, SdFlags, Search};
use model::names::DnsName;
use tokio::sync::Mutex;

use crate::changes::{Change, Recorder};
use crate::descriptors::ACCESS_LIST;
use crate::holding::read_back;
use crate::options::DirectoryOptions;

/// A domain controller as the operator sees it.
pub(crate) struct Connection {
    pub(crate) server: DnsName,
    address: SocketAddr,
    options: Arc<DirectoryOptions>,
    session: Mutex<Option<Session>>,
    recorder: Option<Recorder>,
}

struct Session {
    client: Arc<Client>,
    used: Instant,
}

/// A change of the directory.
#[derive(Clone)]
pub(crate) enum Write {
    Add(Vec<Attribute>),
    Modify(Vec<Modification>),
    Delete,
}

/// Active Directory gives at most 1000 entries at a time.
const PAGE_SIZE: u32 = 500;

/// For results that are not kept.
const LARGE_PAGE: u32 = 1000;

/// Servers close idle connections (Windows after 15 minutes); from here on one is tried before a write.
const IDLE: Duration = Duration::from_secs(30);

impl Connection {
    pub(crate) fn new(
        server: DnsName,
        address: SocketAddr,
        options: Arc<DirectoryOptions>,
    ) -> Self {
        Self {
            server,
            address,
            options,
            session: Mutex::default(),
            recorder: None,
        }
    }

    /// From here on keeps what is changed; in a rehearsal changes nothing.
    pub(crate) fn record(&mut self, rehearses: bool) {
        self.recorder = Some(Recorder::new(rehearses));
    }

    pub(crate) fn rehearses(&self) -> bool {
        self.recorder.as_ref().is_some_and(|it| it.rehearses)
    }

    /// What was changed, or would be.
    pub(crate) fn changes(&self) -> Vec<Change> {
        self.recorder
            .as_ref()
            .map_or_else(Vec::new, Recorder::changes)
    }

    /// What must be seen of what was changed, once it has arrived everywhere.
    pub(crate) fn expected(&self) -> Vec<(Dn, Write)> {
        self.recorder
            .as_ref()
            .map_or_else(Vec::new, Recorder::expected)
    }

    /// All entries that match. A broken connection is made again, once: reading twice changes nothing.
    pub(crate) async fn search(&self, search: &Search) -> Result<Vec<Entry>, Error> {
        let client = self.client().await?;
        match client.search_paged(search, PAGE_SIZE).await {
            Err(Error::Closed { .. } | Error::Protocol { .. }) => {
                self.forget(&client).await;
                let client = self.client().await?;
                self.keep_if_sound(&client, client.search_paged(search, PAGE_SIZE).await)
                    .await
            }
            answer => self.keep_if_sound(&client, answer).await,
        }
        .map(|found| found.entries)
    }

    /// All entries that match, page by page: `take` has one while the server makes the next. What was taken stays
    /// taken where the connection breaks.
    pub(crate) async fn search_pages(
        &self,
        search: Search,
        mut take: impl FnMut(Vec<Entry>),
    ) -> Result<(), Error> {
        let client = self.client().await?;
        let mut pages = client.search_pages(search, LARGE_PAGE);
        let mut page = Vec::new();
        loop {
            let (next, ()) =
                tokio::join!(pages.next_page(), async { take(std::mem::take(&mut page)) });
            match self.keep_if_sound(&client, next).await? {
                Some(next) => page = next.entries,
                None => return Ok(()),
            }
        }
    }

    /// The entry of that name, `None` where there is none. One round trip, no paging.
    pub(crate) async fn read(&self, dn: &Dn, attributes: &[&str]) -> Result<Option<Entry>, Error> {
        let client = self.client().await?;
        let search = Search::entry(dn.clone()).attributes(attributes.iter().copied());
        let search = controls(attributes.iter().copied())
            .into_iter()
            .fold(search, Search::control);
        match client.read_as(&search).await {
            Err(Error::Closed { .. } | Error::Protocol { .. }) => {
                self.forget(&client).await;
                let client = self.client().await?;
                self.keep_if_sound(&client, client.read_as(&search).await)
                    .await
            }
            answer => self.keep_if_sound(&client, answer).await,
        }
    }

    /// Writes once, and keeps what was written where it is recorded.
    pub(crate) async fn write(&self, dn: &Dn, write: &Write) -> Result<(), Error> {
        match &self.recorder {
            Some(recorder) => recorder.write(self, dn, write).await,
            None => self.send(dn, write).await,
        }
    }

    /// Adds entries that do not need one another, several requests on their way at a time, each once. Lost answers are
    /// read back. The error is that of the first that failed, with its number; others may have been added.
    pub(crate) async fn add_each(
        &self,
        entries: Vec<(Dn, Vec<Attribute>)>,
    ) -> Result<(), (usize, Error)> {
        if self.rehearses() {
            for (number, (dn, attributes)) in entries.into_iter().enumerate() {
                let written = self.write(&dn, &Write::Add(attributes)).await;
                written.map_err(|error| (number, error))?;
            }
            return Ok(());
        }
        let client = self.tried_client().await.map_err(|error| (0, error))?;
        let outcomes = client.add_each(&entries).await;
        let mut failed = None;
        for (number, ((dn, attributes), outcome)) in entries.into_iter().zip(outcomes).enumerate() {
            let Some(outcome) = outcome else { continue };
            let write = Write::Add(attributes);
            let outcome = match self.keep_if_sound(&client, outcome).await {
                Err(error) => read_back(self, &dn, &write, error).await,
                done => done,
            };
            match (outcome, &self.recorder) {
                (Ok(()), Some(recorder)) => recorder.note(&dn, &write, None),
                (Ok(()), None) => {}
                (Err(error), _) => drop(failed.get_or_insert((number, error))),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Sends once.
    pub(crate) async fn send(&self, dn: &Dn, write: &Write) -> Result<(), Error> {
        let client = self.tried_client().await?;
        let answer = match write {
            Write::Add(attributes) => client.add(dn, attributes, &[]).await,
            Write::Modify(modifications) => {
                let attributes = modifications.iter().map(|one| one.attribute.name());
                let controls = controls(attributes);
                client.modify(dn, modifications, &controls).await
            }
            Write::Delete => client.delete(dn, &[]).await,
        };
        self.keep_if_sound(&client, answer).await
    }

    /// A connection that was idle is tried with a read first: so it is not the write that finds out that the server
    /// hung up, and its outcome is known.
    async fn tried_client(&self) -> Result<Arc<Client>, Error> {
        if self.idle().await {
            self.read(&Dn::root(), &["currentTime"]).await?;
        }
        self.client().await
    }

    async fn client(&self) -> Result<Arc<Client>, Error> {
        let mut session = self.session.lock().await;
        if let Some(live) = session.as_mut() {
            live.used = Instant::now();
            return Ok(Arc::clone(&live.client));
        }
        let client =
            Arc::new(Client::connect(&self.options.operator_at(&self.server, self.address)).await?);
        tracing::debug!(server = %self.server, address = %self.address, "connected to the directory");
        *session = Some(Session {
            client: Arc::clone(&client),
            used: Instant::now(),
        });
        Ok(client)
    }

    async fn idle(&self) -> bool {
        self.session
            .lock()
            .await
            .as_ref()
            .is_some_and(|live| live.used.elapsed() > IDLE)
    }

    /// After an error that leaves the stream undefined the client refuses everything else.
    async fn keep_if_sound<T>(
        &self,
        client: &Arc<Client>,
        answer: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(Error::Timeout { .. } | Error::Closed { .. } | Error::Protocol { .. }) = &answer
        {
            self.forget(client).await;
        }
        answer
    }

    async fn forget(&self, client: &Arc<Client>) {
        let mut session = self.session.lock().await;
        if session
            .as_ref()
            .is_some_and(|live| Arc::ptr_eq(&live.client, client))
        {
            *session = None;
        }
    }
}

/// What a request about these attributes asks for beside.
fn controls<'a>(mut attributes: impl Iterator<Item = &'a str>) -> Vec<Control> {
    let list = attributes.any(|name| name.eq_ignore_ascii_case(ACCESS_LIST));
    list.then(|| Control::sd_flags(SdFlags::DACL))
        .into_iter()
        .collect()
}
