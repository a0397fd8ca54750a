//! The agent's side of the conversation, without its I/O.

use crate::{
    AgentBody, AgentHello, AgentMessage, BATCH_LIMIT, ClientBody, ClientMessage, Failure,
    FailureKind, Frame, FrameError, PROTOCOL_VERSION, ProtocolVersion, Reply, Request, Secret,
};

/// One client's session: says Hello, then hands requests on.
pub struct Session {
    me: AgentHello,
    client: Option<ProtocolVersion>,
}

/// What to send back, and whether to go on.
#[derive(Debug)]
pub struct Answer {
    /// The frame to send.
    pub frame: Frame,
    /// Whether the session is over once it is sent: the two sides no longer understand each other.
    pub last: bool,
}

impl Session {
    /// A session of an agent with that version, built for that operating system.
    pub fn new(agent_version: impl Into<String>, os: impl Into<String>) -> Self {
        let me = AgentHello {
            protocol: PROTOCOL_VERSION,
            agent_version: agent_version.into(),
            os: os.into(),
        };
        Self { me, client: None }
    }

    /// Answers one frame; `handle` does the work of a request, and of each in a batch.
    pub fn answer(
        &mut self,
        frame: Frame,
        mut handle: impl FnMut(Request, Secret) -> Result<Reply, Failure>,
    ) -> Answer {
        let message = match frame.message::<ClientMessage>() {
            Ok(message) => message,
            Err(error) => return self.refuse(&error),
        };
        let body = match message.body {
            ClientBody::Hello(hello) => {
                self.client = Some(hello.protocol);
                AgentBody::Hello(self.me.clone())
            }
            ClientBody::Request(request) => {
                match self
                    .admit(&request, &frame.secret)
                    .and_then(|()| match request {
                        Request::Batch(requests) => Ok(Reply::Batch(
                            requests
                                .into_iter()
                                .map(|request| handle(request, Secret::none()))
                                .collect(),
                        )),
                        request => handle(request, frame.secret),
                    }) {
                    Ok(reply) => AgentBody::Done(reply),
                    Err(failure) => AgentBody::Failed(failure),
                }
            }
        };
        Answer {
            frame: fitting(message.id, body),
            last: false,
        }
    }

    /// The answer to bytes that are no message; the session is over after it.
    pub fn refuse(&self, error: &FrameError) -> Answer {
        let cause = std::error::Error::source(error)
            .map(|cause| format!(": {cause}"))
            .unwrap_or_default();
        let failure = Failure::new(FailureKind::Invalid, format!("{error}{cause}"));
        Answer {
            frame: fitting(0, AgentBody::Failed(failure)),
            last: true,
        }
    }

    fn admit(&self, request: &Request, secret: &Secret) -> Result<(), Failure> {
        let refuse = |why: String| Err(Failure::new(FailureKind::Invalid, why));
        match self.client {
            None => return refuse("the first message must be hello".into()),
            Some(theirs) if theirs != PROTOCOL_VERSION => {
                return refuse(format!(
                    "the client speaks protocol {theirs}, this agent {PROTOCOL_VERSION}"
                ));
            }
            Some(_) => {}
        }
        if let Request::RunSetup(run) = request
            && let Some(why) = run.objection()
        {
            return refuse(why);
        }
        if let Request::Batch(requests) = request {
            let reads = |part: &Request| part.only_reads() && !matches!(part, Request::Batch(_));
            if requests.len() > BATCH_LIMIT || !requests.iter().all(reads) {
                return refuse(format!(
                    "a batch is of at most {BATCH_LIMIT} requests that only read"
                ));
            }
        }
        if !secret.is_empty() && !request.takes_secret() {
            return refuse("the request takes no secret, but one came with it".into());
        }
        Ok(())
    }
}

/// The frame of a message, or of the failure that says it is too long.
fn fitting(id: u64, body: AgentBody) -> Frame {
    Frame::of(&AgentMessage { id, body }, Secret::none()).unwrap_or_else(|error| {
        let body = AgentBody::Failed(Failure::new(
            FailureKind::Failed,
            format!("the reply: {error}"),
        ));
        let header = serde_json::to_vec(&AgentMessage { id, body }).unwrap_or_default();
        Frame {
            header,
            secret: Secret::none(),
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Captured, ClientHello, HEADER_LIMIT, HostPath, RunOutcome, SecretUse};

    fn ask(session: &mut Session, body: ClientBody, secret: &[u8]) -> AgentBody {
        let frame = Frame::of(&ClientMessage { id: 7, body }, Secret::copy_of(secret)).unwrap();
        let answer = session.answer(frame, |request, secret| match request {
            Request::Facts => Err(Failure::new(FailureKind::NotSupported, "not here")),
            _ => Ok(Reply::Existed(secret.expose_bytes() == b"pw")),
        });
        assert!(!answer.last);
        let message: AgentMessage = answer.frame.message().unwrap();
        assert_eq!(message.id, 7);
        message.body
    }

    fn hello(version: u16) -> ClientBody {
        ClientBody::Hello(ClientHello {
            protocol: ProtocolVersion(version),
            client_version: "t".into(),
        })
    }

    fn run(stdin: SecretUse) -> ClientBody {
        let program = HostPath::parse("/bin/true").unwrap();
        ClientBody::Request(Request::Run {
            program,
            arguments: vec![],
            stdin,
            timeout_ms: 1,
        })
    }

    fn failure_text(body: AgentBody) -> String {
        match body {
            AgentBody::Failed(failure) => failure.to_string(),
            other => panic!("no failure: {other:?}"),
        }
    }

    #[test]
    fn hello_comes_first_and_versions_must_agree() {
        let mut session = Session::new("0.1.0", "linux");
        let refused = ask(&mut session, ClientBody::Request(Request::Facts), b"");
        assert_eq!(failure_text(refused), "the first message must be hello");

        assert!(
            matches!(ask(&mut session, hello(9), b""), AgentBody::Hello(me) if me.os == "linux")
        );
        let refused = ask(&mut session, ClientBody::Request(Request::Facts), b"");
        assert_eq!(
            failure_text(refused),
            format!("the client speaks protocol 9, this agent {PROTOCOL_VERSION}")
        );

        ask(&mut session, hello(PROTOCOL_VERSION.0), b"");
        let handled = ask(&mut session, ClientBody::Request(Request::Facts), b"");
        assert_eq!(failure_text(handled), "not here");
    }

    #[test]
    fn the_secret_reaches_only_requests_that_take_one() {
        let mut session = Session::new("0.1.0", "linux");
        ask(&mut session, hello(PROTOCOL_VERSION.0), b"");
        assert_eq!(
            ask(&mut session, run(SecretUse::InFrame), b"pw"),
            AgentBody::Done(Reply::Existed(true))
        );
        let refused = ask(&mut session, run(SecretUse::Absent), b"pw");
        assert_eq!(
            failure_text(refused),
            "the request takes no secret, but one came with it"
        );
    }

    #[test]
    fn a_batch_is_answered_in_order_and_changes_nothing() {
        let mut session = Session::new("0.1.0", "linux");
        ask(&mut session, hello(PROTOCOL_VERSION.0), b"");
        let batch = |requests| ClientBody::Request(Request::Batch(requests));
        let parts = vec![Request::Services, Request::Facts, Request::Products];
        let AgentBody::Done(Reply::Batch(answers)) = ask(&mut session, batch(parts), b"") else {
            panic!("no batch");
        };
        assert_eq!(answers.len(), 3);
        assert_eq!(answers[0], Ok(Reply::Existed(false)));
        assert_eq!(answers[1].as_ref().unwrap_err().message, "not here");

        let too_many = vec![Request::Facts; BATCH_LIMIT + 1];
        for parts in [
            vec![Request::PurgeTickets],
            vec![Request::Batch(vec![])],
            too_many,
        ] {
            let refused = failure_text(ask(&mut session, batch(parts), b""));
            assert!(refused.contains("requests that only read"), "{refused}");
        }
    }

    #[test]
    fn a_message_that_is_none_ends_the_session() {
        let mut session = Session::new("0.1.0", "linux");
        for header in [
            &b""[..],
            b"{",
            b"[]",
            br#"{"id":1,"body":{"request":{"format_disk":{}}}}"#,
        ] {
            let frame = Frame {
                header: header.to_vec(),
                secret: Secret::none(),
            };
            let answer = session.answer(frame, |_, _| Ok(Reply::Done));
            assert!(answer.last);
            let message: AgentMessage = answer.frame.message().unwrap();
            assert_eq!(message.id, 0);
            assert!(failure_text(message.body).starts_with("frame header is not a message"));
        }
    }

    #[test]
    fn a_reply_that_is_too_long_becomes_a_failure() {
        let text = "x".repeat(HEADER_LIMIT);
        let stdout = Captured {
            text,
            truncated: false,
        };
        let stderr = Captured {
            text: String::new(),
            truncated: false,
        };
        let reply = Reply::Ran(RunOutcome {
            exit_code: Some(0),
            stdout,
            stderr,
        });
        let message: AgentMessage = fitting(3, AgentBody::Done(reply)).message().unwrap();
        assert_eq!(message.id, 3);
        assert!(failure_text(message.body).contains("over the limit"));
    }

    proptest! {
        #[test]
        fn hostile_headers_never_panic(header in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut session = Session::new("0.1.0", "linux");
            let answer = session.answer(Frame { header, secret: Secret::none() }, |_, _| Ok(Reply::Done));
            prop_assert!(answer.frame.message::<AgentMessage>().is_ok());
        }
    }
}
