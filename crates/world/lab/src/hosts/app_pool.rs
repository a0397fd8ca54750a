//! Application pools of a host's web server.

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AppPoolRequest, Failure, PoolApplication, PoolControl, PoolIdentity, PoolName, PoolState,
    Reply, Secret, SiteBinding,
};
use serde::{Deserialize, Serialize};

use super::domain::AccountKind;
use super::logon::{LogonRefusal, LogonWanted, Principal, log_on, principal};
use super::machine::Machine;
use super::rights::Right;
use super::services::StoredPassword;

/// ERROR_NOT_FOUND.
const NOT_FOUND: Win32Code = Win32Code(1168);
/// ERROR_SERVICE_NOT_ACTIVE: what recycling a stopped pool gives.
const NOT_ACTIVE: Win32Code = Win32Code(1062);
/// ERROR_LOGON_TYPE_NOT_GRANTED.
const LOGON_TYPE_NOT_GRANTED: Win32Code = Win32Code(1385);

/// An application pool, and the site that it serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPool {
    /// Its name.
    pub name: String,
    /// `processModel` `identityType` and `userName`.
    pub identity: PoolIdentity,
    /// `processModel.password`, as far as the lab keeps passwords; none for a gMSA.
    pub stored: Option<StoredPassword>,
    /// Whether it is started.
    pub started: bool,
    /// The site that it serves, if any.
    pub site: Option<String>,
    /// Folder of that site.
    pub physical_path: Option<String>,
    /// Where that site listens.
    #[serde(default)]
    pub bindings: Vec<SiteBinding>,
}

impl AppPool {
    /// As the agent tells it; `None` for a name that the web server would not have.
    fn describe(&self) -> Option<agent_protocol::AppPool> {
        let application = |(site, path): (&String, &String)| PoolApplication {
            site: site.clone(),
            path: "/".to_owned(),
            physical_path: path.clone(),
            bindings: self.bindings.clone(),
        };
        let served = self.site.as_ref().zip(self.physical_path.as_ref());
        Some(agent_protocol::AppPool {
            name: PoolName::parse(self.name.as_str()).ok()?,
            identity: self.identity.clone(),
            state: self.state(),
            auto_start: true,
            applications: served.map(application).into_iter().collect(),
        })
    }

    /// Lets its site listen on a port of all addresses, by HTTP, under any name.
    pub fn listen_on(&mut self, port: &str) {
        self.bindings = vec![SiteBinding {
            protocol: "http".to_owned(),
            information: format!("*:{port}:"),
        }];
    }

    fn state(&self) -> PoolState {
        match self.started {
            true => PoolState::Started,
            false => PoolState::Stopped,
        }
    }
}

impl Machine<'_> {
    /// Does a request about application pools.
    ///
    /// # Errors
    /// Not found where there is no web server, or no such pool; else what Windows would give.
    pub fn application_pools(
        &mut self,
        request: AppPoolRequest,
        secret: &Secret,
    ) -> Result<Reply, Failure> {
        let words = request.to_string();
        let takes_secret = request.takes_secret();
        if self.state.app_pools.is_empty() {
            let what = "there is no web server (IIS) on this host";
            return Err(Failure::from_code(NOT_FOUND, what));
        }
        match request {
            AppPoolRequest::List => {
                let pools = self.state.app_pools.iter();
                Ok(Reply::AppPools(
                    pools.filter_map(AppPool::describe).collect(),
                ))
            }
            AppPoolRequest::SetIdentity { pool, identity, .. } => {
                let at = self.pool(pool.as_str(), &words)?;
                let password = takes_secret.then(|| secret.expose_bytes());
                self.set_pool_identity(at, identity, password);
                Ok(Reply::Done)
            }
            AppPoolRequest::Control { pool, control, .. } => {
                let at = self.pool(pool.as_str(), &words)?;
                self.control_pool(at, control, &words)
            }
        }
    }

    /// Sets whom a pool runs as. The web server does not check the account: the pool's next start, or a
    /// request that gets 503, is the first to tell.
    pub fn set_pool_identity(
        &mut self,
        at: usize,
        identity: PoolIdentity,
        password: Option<&[u8]>,
    ) {
        let user = identity.user();
        let found = user.and_then(|user| principal(user.as_str(), self.domain));
        let stored = match (found, password) {
            (Some(Principal::Domain(found)), Some(password)) => Some(StoredPassword {
                account: found.sid,
                version: self.domain.proves(&found.sid, password),
            }),
            _ => None,
        };
        if let Some(pool) = self.state.app_pools.get_mut(at) {
            (pool.identity, pool.stored) = (identity, stored);
        }
    }

    /// Starts a pool, or lets it start again: a pool starts whatever its account, and its first worker
    /// process shows whether that can log on.
    ///
    /// # Errors
    /// The code and the reason why it cannot.
    pub fn start_pool(&mut self, at: usize) -> Result<(), (Win32Code, String)> {
        let Some(pool) = self.state.app_pools.get(at).cloned() else {
            return Err((NOT_FOUND, "there is no such pool".to_owned()));
        };
        let refusal = pool.identity.user().and_then(|account| {
            let found = principal(account.as_str(), self.domain);
            let managed =
                matches!(&found, Some(Principal::Domain(found)) if found.kind == AccountKind::Gmsa);
            // IIS_IUSRS gives pool accounts what they need.
            let wanted = LogonWanted {
                right: None,
                denial: Right::DenyLogOnAsBatchJob,
                stored: pool.stored,
                managed,
            };
            log_on(self.state, self.domain, account.as_str(), &wanted).err()
        });
        if let Some(pool) = self.state.app_pools.get_mut(at) {
            pool.started = refusal.is_none();
        }
        match refusal {
            None => Ok(()),
            Some(LogonRefusal::NoRight) => {
                Err((LOGON_TYPE_NOT_GRANTED, "is denied the logon".to_owned()))
            }
            Some(LogonRefusal::Failed(code, why)) => Err((code, format!("is invalid: {why}"))),
        }
    }

    fn control_pool(
        &mut self,
        at: usize,
        control: PoolControl,
        words: &str,
    ) -> Result<Reply, Failure> {
        let Some(pool) = self.state.app_pools.get_mut(at) else {
            return Err(Failure::from_code(NOT_FOUND, words));
        };
        let before = pool.state();
        match (control, before) {
            (PoolControl::Stop, _) => pool.started = false,
            (PoolControl::Start, PoolState::Started) => {}
            (PoolControl::Recycle, PoolState::Stopped) => {
                return Err(Failure::from_code(NOT_ACTIVE, words));
            }
            (PoolControl::Start | PoolControl::Recycle, _) => {
                self.start_pool(at).map_err(|(code, why)| {
                    Failure::from_code(code, format!("{words}: its identity {why}"))
                })?;
            }
        }
        Ok(Reply::AppPoolWas(before))
    }

    fn pool(&self, name: &str, words: &str) -> Result<usize, Failure> {
        let mut pools = self.state.app_pools.iter();
        pools
            .position(|pool| pool.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| Failure::from_code(NOT_FOUND, words))
    }
}
