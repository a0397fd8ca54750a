//! The JSON headers of frames, and the first exchange.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Failure, Reply, Request};

/// Version of requests and replies; raised with every change that the other side would not understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProtocolVersion(pub u16);

/// The version that this crate speaks.
pub const PROTOCOL_VERSION: ProtocolVersion = ProtocolVersion(7);

/// Header of a frame to the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientMessage {
    /// The reply carries the same.
    pub id: u64,
    /// What is said.
    pub body: ClientBody,
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientBody {
    /// First message of a session.
    Hello(ClientHello),
    /// Every other message.
    Request(Request),
}

/// How a client introduces itself. Unknown fields are ignored, in every version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHello {
    /// Protocol version that it speaks.
    pub protocol: ProtocolVersion,
    /// Its own version, for messages.
    pub client_version: String,
}

/// Header of a frame from the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentMessage {
    /// That of the message it answers; 0 when that could not be read.
    pub id: u64,
    /// What is said.
    pub body: AgentBody,
}

/// What an agent says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentBody {
    /// Answer to Hello, whatever version that spoke.
    Hello(AgentHello),
    /// The request is done.
    Done(Reply),
    /// The request failed.
    Failed(Failure),
}

/// How an agent introduces itself. Unknown fields are ignored, in every version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentHello {
    /// Protocol version that it speaks.
    pub protocol: ProtocolVersion,
    /// Its own version, for messages.
    pub agent_version: String,
    /// Operating system it was built for: `windows`, `linux`.
    pub os: String,
}

/// The two sides speak different versions.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error(
    "the agent ({agent_version}) speaks protocol {theirs}, this side {ours}: it is {}",
    if theirs > ours { "newer" } else { "older" }
)]
pub struct VersionMismatch {
    /// The version of this side.
    pub ours: ProtocolVersion,
    /// The version of the agent.
    pub theirs: ProtocolVersion,
    /// The agent's own version.
    pub agent_version: String,
}

impl AgentHello {
    /// Whether this side can speak with that agent.
    pub fn agree(&self) -> Result<(), VersionMismatch> {
        if self.protocol == PROTOCOL_VERSION {
            return Ok(());
        }
        Err(VersionMismatch {
            ours: PROTOCOL_VERSION,
            theirs: self.protocol,
            agent_version: self.agent_version.clone(),
        })
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These bytes must read the same in every version to come.
    #[test]
    fn hello_keeps_its_shape() {
        let hello = ClientMessage {
            id: 1,
            body: ClientBody::Hello(ClientHello {
                protocol: ProtocolVersion(1),
                client_version: "0.1.0".into(),
            }),
        };
        let json = r#"{"id":1,"body":{"hello":{"protocol":1,"client_version":"0.1.0"}}}"#;
        assert_eq!(serde_json::to_string(&hello).unwrap(), json);

        let agent = r#"{"id":1,"body":{"hello":{"protocol":9,"agent_version":"3.2","os":"windows","new":[]}}}"#;
        let AgentBody::Hello(hello) = serde_json::from_str::<AgentMessage>(agent).unwrap().body
        else {
            panic!("not a hello");
        };
        assert_eq!(
            hello.agree().unwrap_err().to_string(),
            "the agent (3.2) speaks protocol 9, this side 7: it is newer"
        );
    }
}
