//! The conversation with one agent: connected when needed, asked once, answered from stock where that is foreseen.

use std::time::{Duration, Instant, SystemTime};

use agent_protocol::{AgentHello, Failure, FailureKind, Reply, Request, Secret};
use model::ports::{ErrorKind, Reads, WorldError};
use tokio::time::timeout;

use super::{AgentHost, LONG, SHORT};
use crate::foreseen::{self, Foreseen};
use crate::{AgentClient, AgentError};

impl AgentHost {
    /// Has any request done: those of the agent that the port has no words for, too.
    pub async fn ask(
        &self,
        request: Request,
        secret: Secret,
        limit: Duration,
    ) -> Result<Reply, AgentError> {
        let foreseen = self.foreseen(&request).await;
        if let Some((answer, _)) = foreseen {
            return answer.map_err(AgentError::from);
        }
        let mut slot = self.client.lock().await;
        // A connection that broke while it was idle is noticed only now; reading again is harmless.
        let again = (slot.is_some() && request.only_reads()).then(|| request.clone());
        match (
            self.ask_once(&mut slot, request, secret, limit).await,
            again,
        ) {
            (Err(AgentError::Closed { .. }), Some(request)) => {
                self.ask_once(&mut slot, request, Secret::none(), limit)
                    .await
            }
            (result, _) => result,
        }
    }

    /// The answer in stock, if there is one; a change makes all of them old.
    pub(super) async fn foreseen(
        &self,
        request: &Request,
    ) -> Option<(Result<Reply, Failure>, SystemTime)> {
        let mut foreseen = self.foreseen.lock().await;
        if !request.only_reads() {
            foreseen.forget();
        }
        foreseen.take(request)
    }

    /// Ends the agent, if it was started.
    pub async fn close(&self) {
        if let Some(client) = self.client.lock().await.take() {
            client.close().await;
        }
    }

    /// How the agent introduces itself.
    ///
    /// # Errors
    /// Every reason why it does not.
    pub async fn greet(&self) -> Result<AgentHello, WorldError> {
        let mut slot = self.client.lock().await;
        let client = match slot.take() {
            Some(client) => client,
            None => self.connect().await.map_err(|error| self.world(error))?,
        };
        Ok(slot.insert(client).agent().clone())
    }

    async fn ask_once(
        &self,
        slot: &mut Option<AgentClient>,
        request: Request,
        secret: Secret,
        limit: Duration,
    ) -> Result<Reply, AgentError> {
        tracing::debug!(host = %self.name, %request, "ask");
        // Taken out, so that a request that is dropped half-way leaves no connection in between.
        let mut client = match slot.take() {
            Some(client) => client,
            None => self.connect().await?,
        };
        let result = client.request(request, secret, limit).await;
        if !result.as_ref().is_err_and(AgentError::breaks_connection) {
            *slot = Some(client);
        }
        result
    }

    async fn connect(&self) -> Result<AgentClient, AgentError> {
        AgentClient::greet(self.way.connect().await?).await
    }

    pub(super) async fn plain(
        &self,
        request: Request,
        limit: Duration,
    ) -> Result<Reply, WorldError> {
        self.ask(request, Secret::none(), limit)
            .await
            .map_err(|error| self.world(error))
    }

    /// As [`AgentHost::plain`]; `None` when the agent did not find it.
    pub(super) async fn find(&self, request: Request) -> Result<Option<Reply>, WorldError> {
        match self.ask(request, Secret::none(), SHORT).await {
            Ok(reply) => Ok(Some(reply)),
            Err(AgentError::Failed(failure)) if failure.kind == FailureKind::NotFound => Ok(None),
            Err(error) => Err(self.world(error)),
        }
    }

    /// Has something made or taken away, and tells whether it was there before.
    pub(super) async fn whether_there(
        &self,
        request: Request,
        limit: Duration,
    ) -> Result<bool, WorldError> {
        let words = request.to_string();
        match self.plain(request, limit).await? {
            Reply::Existed(existed) => Ok(existed),
            _ => Err(self.unexpected(&words)),
        }
    }

    /// Gets everything that is going to be read in one exchange.
    pub(super) async fn stock_up(
        &self,
        reads: &Reads,
        patience: Duration,
    ) -> Result<(), WorldError> {
        let requests = foreseen::requests(reads);
        let (before, since) = (self.our_time(), Instant::now());
        let asked = self.ask(Request::Batch(requests.clone()), Secret::none(), LONG);
        let reply = match timeout(patience, asked).await {
            Ok(Ok(reply)) => reply,
            // It answers, but cannot do that: the questions themselves show what it can.
            Ok(Err(AgentError::Failed(_))) => return Ok(()),
            Ok(Err(error)) => return Err(self.world(error)),
            Err(_) => {
                let what = format!("{}: no answer within {} s", self.name, patience.as_secs());
                return Err(WorldError::new(ErrorKind::Timeout, what).advise(
                    "look whether the host is up and not overloaded; --host-timeout waits longer",
                ));
            }
        };
        let Reply::Batch(answers) = reply else {
            return Err(self.unexpected("read many things at once"));
        };
        let at = before + since.elapsed() / 2;
        *self.foreseen.lock().await = Foreseen::new(requests, answers, at);
        Ok(())
    }
}
