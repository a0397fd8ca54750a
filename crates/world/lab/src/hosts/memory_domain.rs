//! A domain in memory, for the tests of hosts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::names::SamAccountName;
use security::{FileTime, Interval, Sid};

use super::domain::{AccountKind, DomainAccount, DomainView, NoPassword, PasswordVersion, Token};

pub(crate) const AES: u32 = 0x18;
pub(crate) const RC4: u32 = 0x04;

/// Accounts, groups and a clock that tests move.
pub(crate) struct MemoryDomain(Mutex<Inner>);

struct Inner {
    now: FileTime,
    root_key: bool,
    reachable: bool,
    accounts: BTreeMap<String, Entry>,
    next_rid: u32,
}

struct Entry {
    account: DomainAccount,
    groups: Vec<Sid>,
    password: Vec<u8>,
    readers: Vec<Sid>,
}

impl MemoryDomain {
    /// CONTOSO at 2026-11-22 with an effective root key and nobody in it.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Inner {
            now: "2026-11-22T20:00:00Z".parse().unwrap(),
            root_key: true,
            reachable: true,
            accounts: BTreeMap::new(),
            next_rid: 1104,
        }))
    }

    /// Adds an account and tells its SID; users get `password`.
    pub(crate) fn add(&self, name: &str, kind: AccountKind, password: &str) -> Sid {
        let mut inner = self.inner();
        let sid: Sid = format!("S-1-5-21-1-2-3-{}", inner.next_rid)
            .parse()
            .unwrap();
        inner.next_rid += 1;
        let account = DomainAccount {
            sid,
            name: name.parse().unwrap(),
            kind,
            disabled: false,
            encryption_types: AES,
            password: PasswordVersion(1),
        };
        let entry = Entry {
            account,
            groups: Vec::new(),
            password: password.into(),
            readers: Vec::new(),
        };
        inner.accounts.insert(name.to_lowercase(), entry);
        sid
    }

    /// Makes an account a member of a group.
    pub(crate) fn join(&self, name: &str, group: Sid) {
        self.with(name, |entry| entry.groups.push(group));
    }

    /// Lets a principal retrieve a gMSA's password.
    pub(crate) fn allow(&self, gmsa: &str, reader: Sid) {
        self.with(gmsa, |entry| entry.readers.push(reader));
    }

    /// Changes what is known of an account.
    pub(crate) fn edit(&self, name: &str, change: impl FnOnce(&mut DomainAccount)) {
        self.with(name, |entry| change(&mut entry.account));
    }

    /// Gives a gMSA its next password.
    pub(crate) fn roll_over(&self, gmsa: &str) {
        self.edit(gmsa, |account| account.password.0 += 1);
    }

    /// Takes an account away.
    pub(crate) fn remove(&self, name: &str) {
        self.inner().accounts.remove(&name.to_lowercase());
    }

    pub(crate) fn set_root_key(&self, effective: bool) {
        self.inner().root_key = effective;
    }

    pub(crate) fn set_reachable(&self, reachable: bool) {
        self.inner().reachable = reachable;
    }

    fn with(&self, name: &str, change: impl FnOnce(&mut Entry)) {
        change(self.inner().accounts.get_mut(&name.to_lowercase()).unwrap());
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn by_sid(&self, sid: &Sid) -> Option<&Entry> {
        self.accounts
            .values()
            .find(|entry| entry.account.sid == *sid)
    }
}

impl DomainView for MemoryDomain {
    fn pass(&self, time: Interval) {
        let mut inner = self.inner();
        inner.now = inner.now.checked_add(time).unwrap();
    }

    fn now(&self) -> FileTime {
        self.inner().now
    }

    fn netbios_name(&self) -> String {
        "CONTOSO".to_owned()
    }

    fn dns_name(&self) -> String {
        "contoso.com".to_owned()
    }

    fn find(&self, name: &SamAccountName) -> Option<DomainAccount> {
        let inner = self.inner();
        let entry = inner.accounts.get(&name.as_str().to_lowercase())?;
        Some(entry.account.clone())
    }

    fn token(&self, account: &Sid) -> Token {
        let inner = self.inner();
        let groups = inner.by_sid(account).map(|entry| entry.groups.clone());
        Token::of(groups.unwrap_or_default().into_iter().chain([*account]))
    }

    fn managed_password(&self, gmsa: &Sid, reader: &Token) -> Result<PasswordVersion, NoPassword> {
        let inner = self.inner();
        let entry = inner.by_sid(gmsa).filter(|_| inner.reachable);
        let entry = entry.ok_or(NoPassword::Unreachable)?;
        if !inner.root_key {
            return Err(NoPassword::NoRootKey);
        }
        let allowed = entry.readers.iter().any(|sid| reader.has(sid));
        allowed
            .then_some(entry.account.password)
            .ok_or(NoPassword::NotAllowed)
    }

    fn proves(&self, account: &Sid, password: &[u8]) -> Option<PasswordVersion> {
        let inner = self.inner();
        let entry = inner.by_sid(account)?;
        (entry.password == password).then_some(entry.account.password)
    }
}
