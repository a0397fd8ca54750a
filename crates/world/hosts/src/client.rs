//! The client's side of the conversation with one agent.

use std::io;
use std::time::Duration;

use agent_protocol::{
    AgentBody, AgentHello, AgentMessage, ClientBody, ClientHello, ClientMessage, Decoder, Frame,
    FrameError, PROTOCOL_VERSION, Reply, Request, Secret,
};
use tokio::time::timeout;

use crate::{AgentError, Outcome, Transport};

/// How long an agent may take to say hello: the host starts it first.
const HELLO_TIMEOUT: Duration = Duration::from_secs(30);

/// A started agent that has said hello. One request at a time.
///
/// After an error that [breaks the connection](AgentError::breaks_connection), drop it.
pub struct AgentClient {
    transport: Box<dyn Transport>,
    decoder: Decoder,
    last_id: u64,
    agent: AgentHello,
}

/// What happened instead of an answer.
enum Lost {
    Closed(Option<io::Error>),
    Garbled(FrameError),
    Late,
}

impl AgentClient {
    /// Says hello; an agent of another protocol version is refused.
    pub async fn greet(transport: Box<dyn Transport>) -> Result<Self, AgentError> {
        Self::greet_within(transport, HELLO_TIMEOUT).await
    }

    /// As [`AgentClient::greet`], with another limit.
    pub async fn greet_within(
        transport: Box<dyn Transport>,
        limit: Duration,
    ) -> Result<Self, AgentError> {
        let unknown = AgentHello {
            protocol: PROTOCOL_VERSION,
            agent_version: String::new(),
            os: String::new(),
        };
        let mut client = Self {
            transport,
            decoder: Decoder::default(),
            last_id: 0,
            agent: unknown,
        };
        let hello = ClientHello {
            protocol: PROTOCOL_VERSION,
            client_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        match client
            .exchange(
                "hello",
                ClientBody::Hello(hello),
                Secret::none(),
                limit,
                Outcome::Unchanged,
            )
            .await?
        {
            AgentBody::Hello(agent) => {
                agent.agree()?;
                tracing::debug!(agent_version = %agent.agent_version, os = %agent.os, "agent said hello");
                client.agent = agent;
                Ok(client)
            }
            AgentBody::Failed(failure) => Err(failure.into()),
            AgentBody::Done(_) => Err(AgentError::Unexpected {
                request: "hello".to_owned(),
            }),
        }
    }

    /// How the agent introduced itself.
    pub fn agent(&self) -> &AgentHello {
        &self.agent
    }

    /// Has a request done; `limit` is for the answer as a whole.
    pub async fn request(
        &mut self,
        request: Request,
        secret: Secret,
        limit: Duration,
    ) -> Result<Reply, AgentError> {
        let name = request.to_string();
        let outcome = if request.only_reads() {
            Outcome::Unchanged
        } else {
            Outcome::Unknown
        };
        match self
            .exchange(&name, ClientBody::Request(request), secret, limit, outcome)
            .await?
        {
            AgentBody::Done(reply) => Ok(reply),
            AgentBody::Failed(failure) => Err(failure.into()),
            AgentBody::Hello(_) => Err(AgentError::Unexpected { request: name }),
        }
    }

    /// Ends the agent.
    pub async fn close(mut self) {
        self.transport.close().await;
    }

    async fn exchange(
        &mut self,
        name: &str,
        body: ClientBody,
        secret: Secret,
        limit: Duration,
        outcome: Outcome,
    ) -> Result<AgentBody, AgentError> {
        self.last_id += 1;
        let id = self.last_id;
        let request = name.to_owned();
        let garbled = |request, said, source| AgentError::Garbled {
            request,
            said,
            source,
        };
        let frame = Frame::of(&ClientMessage { id, body }, secret)
            .map_err(|error| garbled(request.clone(), String::new(), error))?;
        let lost = match timeout(limit, self.ask(&frame))
            .await
            .unwrap_or(Err(Lost::Late))
        {
            // An agent that does not understand a message answers it as number 0.
            Ok(message) if message.id == id || message.id == 0 => return Ok(message.body),
            Ok(_) => return Err(AgentError::Unexpected { request }),
            Err(lost) => lost,
        };
        let said = self.transport.last_words().await;
        Err(match lost {
            Lost::Closed(source) => AgentError::Closed {
                request,
                outcome,
                said,
                source,
            },
            Lost::Garbled(source) => garbled(request, said, source),
            Lost::Late => AgentError::TimedOut {
                request,
                after: limit,
                outcome,
                said,
            },
        })
    }

    async fn ask(&mut self, frame: &Frame) -> Result<AgentMessage, Lost> {
        // What ended before it was asked may have said why: read that, whether or not the question arrived.
        let mut unsent = self.transport.send(&frame.to_bytes()).await.err();
        loop {
            let received = self
                .transport
                .receive()
                .await
                .map_err(|error| Lost::Closed(Some(error)))?;
            let bytes = received.ok_or_else(|| Lost::Closed(unsent.take()))?;
            // Nothing was asked that a second frame could answer: the id of the next request tells.
            if let Some(frame) = self.decoder.push(&bytes).map_err(Lost::Garbled)?.pop() {
                return frame.message().map_err(Lost::Garbled);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use agent_protocol::{Failure, FailureKind, ProtocolVersion, Session};
    use async_trait::async_trait;

    use super::*;

    const SOON: Duration = Duration::from_millis(100);

    /// An agent in memory, and what happens instead of its second answer.
    struct Scripted {
        session: Session,
        decoder: Decoder,
        answers: Vec<Vec<u8>>,
        second: Second,
        sent: usize,
    }

    enum Second {
        Answer,
        Close,
        Silence,
        Bytes(Vec<u8>),
        /// It had said this and was gone before it was asked.
        Gone(Option<Vec<u8>>),
    }

    #[async_trait]
    impl Transport for Scripted {
        async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
            for frame in self.decoder.push(bytes).unwrap() {
                let answer = self
                    .session
                    .answer(frame, |_, secret| Ok(Reply::Existed(secret.is_empty())));
                self.answers.push(answer.frame.to_bytes().to_vec());
            }
            self.sent += 1;
            match &self.second {
                Second::Gone(_) if self.sent == 2 => Err(io::ErrorKind::BrokenPipe.into()),
                _ => Ok(()),
            }
        }

        async fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
            match &self.second {
                _ if self.sent < 2 => Ok(self.answers.pop()),
                Second::Answer => Ok(self.answers.pop()),
                Second::Close => Ok(None),
                Second::Silence => std::future::pending().await,
                Second::Bytes(bytes) => Ok(Some(bytes.clone())),
                Second::Gone(said) => Ok(said.clone()),
            }
        }

        async fn last_words(&mut self) -> String {
            "it said: bye".to_owned()
        }

        async fn close(&mut self) {}
    }

    async fn client(second: Second) -> AgentClient {
        let session = Session::new("0.0.1", "test");
        let decoder = Decoder::default();
        let agent = Scripted {
            session,
            decoder,
            answers: vec![],
            second,
            sent: 0,
        };
        AgentClient::greet(Box::new(agent)).await.unwrap()
    }

    fn delete() -> Request {
        Request::DeleteFile {
            path: agent_protocol::HostPath::parse("/x").unwrap(),
        }
    }

    async fn error(second: Second, request: Request) -> AgentError {
        client(second)
            .await
            .request(request, Secret::none(), SOON)
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn a_request_is_answered() {
        let mut client = client(Second::Answer).await;
        assert_eq!(client.agent().agent_version, "0.0.1");
        let reply = client
            .request(delete(), Secret::none(), SOON)
            .await
            .unwrap();
        assert_eq!(reply, Reply::Existed(true));
    }

    #[tokio::test]
    async fn a_lost_answer_leaves_the_outcome_of_a_change_unknown() {
        for (request, expected) in [
            (delete(), Outcome::Unknown),
            (Request::Facts, Outcome::Unchanged),
        ] {
            let closed = error(Second::Close, request.clone()).await;
            assert!(
                matches!(&closed, AgentError::Closed { outcome, .. } if *outcome == expected),
                "{closed}"
            );
            assert!(closed.to_string().ends_with("; it said: bye"), "{closed}");

            let late = error(Second::Silence, request).await;
            assert!(
                matches!(&late, AgentError::TimedOut { outcome, .. } if *outcome == expected),
                "{late}"
            );
            assert!(late.breaks_connection());
        }
    }

    #[tokio::test]
    async fn garbage_and_answers_to_something_else_are_refused() {
        let garbled = error(
            Second::Bytes(b"Microsoft Windows [Version 10".to_vec()),
            delete(),
        )
        .await;
        assert!(matches!(garbled, AgentError::Garbled { .. }), "{garbled}");

        let early = error(Second::Gone(Some(b"Permission denied".to_vec())), delete()).await;
        assert!(matches!(early, AgentError::Garbled { .. }), "{early}");
        let gone = error(Second::Gone(None), delete()).await;
        let AgentError::Closed { source, .. } = gone else {
            panic!("{gone}")
        };
        assert_eq!(source.unwrap().kind(), io::ErrorKind::BrokenPipe);

        let stale = AgentMessage {
            id: 99,
            body: AgentBody::Done(Reply::Done),
        };
        let stale = Frame::of(&stale, Secret::none())
            .unwrap()
            .to_bytes()
            .to_vec();
        let unexpected = error(Second::Bytes(stale), delete()).await;
        assert!(
            matches!(unexpected, AgentError::Unexpected { .. }),
            "{unexpected}"
        );
    }

    #[tokio::test]
    async fn an_agent_that_does_not_understand_says_so() {
        let body = AgentBody::Failed(Failure::new(
            FailureKind::Invalid,
            "frame header is not a message",
        ));
        let refusal = Frame::of(&AgentMessage { id: 0, body }, Secret::none())
            .unwrap()
            .to_bytes()
            .to_vec();
        let failed = error(Second::Bytes(refusal), delete()).await;
        assert_eq!(failed.to_string(), "frame header is not a message");
    }

    #[tokio::test]
    async fn an_agent_of_another_version_is_refused_and_both_versions_are_named() {
        struct Newer;
        #[async_trait]
        impl Transport for Newer {
            async fn send(&mut self, _: &[u8]) -> io::Result<()> {
                Ok(())
            }
            async fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
                let hello = AgentHello {
                    protocol: ProtocolVersion(PROTOCOL_VERSION.0 + 1),
                    agent_version: "9.9".to_owned(),
                    os: "windows".to_owned(),
                };
                let message = AgentMessage {
                    id: 1,
                    body: AgentBody::Hello(hello),
                };
                Ok(Some(
                    Frame::of(&message, Secret::none())
                        .unwrap()
                        .to_bytes()
                        .to_vec(),
                ))
            }
            async fn last_words(&mut self) -> String {
                String::new()
            }
            async fn close(&mut self) {}
        }
        let error = AgentClient::greet(Box::new(Newer)).await.err().unwrap();
        assert_eq!(
            error.to_string(),
            format!(
                "the agent (9.9) speaks protocol {}, this side {}: it is newer",
                PROTOCOL_VERSION.0 + 1,
                PROTOCOL_VERSION.0
            )
        );
    }
}
