//! Application pools.

use std::time::Duration;

use agent_protocol::{AppPoolRequest, Reply, Request};
use async_trait::async_trait;
use model::host::{AppPool, PoolControl, PoolIdentity, PoolName, PoolState};
use model::ports::{WebServer, WorldError};
use model::secret::Password;

use super::{AgentHost, MARGIN, SHORT, millis, secret_of};

#[async_trait]
impl WebServer for AgentHost {
    async fn app_pools(&self) -> Result<Option<Vec<AppPool>>, WorldError> {
        match self.find(Request::AppPools(AppPoolRequest::List)).await? {
            None => Ok(None),
            Some(Reply::AppPools(pools)) => Ok(Some(pools)),
            Some(_) => Err(self.unexpected("list the application pools")),
        }
    }

    async fn set_pool_identity(
        &self,
        pool: &PoolName,
        identity: &PoolIdentity,
        password: Option<&Password>,
    ) -> Result<(), WorldError> {
        let (password, secret) = secret_of(password);
        let request = Request::AppPools(AppPoolRequest::SetIdentity {
            pool: pool.clone(),
            identity: identity.clone(),
            password,
        });
        let done = self.ask(request, secret, SHORT).await;
        done.map(drop).map_err(|error| self.world(error))
    }

    async fn control_pool(
        &self,
        pool: &PoolName,
        control: PoolControl,
        timeout: Duration,
    ) -> Result<PoolState, WorldError> {
        let request = Request::AppPools(AppPoolRequest::Control {
            pool: pool.clone(),
            control,
            timeout_ms: millis(timeout),
        });
        match self.plain(request, timeout.saturating_add(MARGIN)).await? {
            Reply::AppPoolWas(state) => Ok(state),
            _ => Err(self.unexpected("control application pool")),
        }
    }
}
