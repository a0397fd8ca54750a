//! The line between a started lab and `lab status`, `stop`, `save`, `fault`: who can read the folder may use it.
//!
//! The lab listens on loopback and writes address and a random token into its folder, for its owner alone. A client
//! sends one line of JSON with the token; the lab answers with JSON and closes. Nothing is ever done to a process: a
//! lab that is told to stop ends by itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use model::names::HostName;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::error::Failure;

/// The file in a lab's folder that says where its line is.
pub const LINE: &str = "control.json";
/// Longest order, in bytes.
const ORDER_LIMIT: u64 = 4096;
/// Longest answer, in bytes: a saved lab of a hundred thousand objects.
const ANSWER_LIMIT: u64 = 1 << 30;
/// How long an order may take to come: others wait behind it.
const HASTE: Duration = Duration::from_secs(5);
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a lab can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Order {
    /// Say what is up.
    Status,
    /// End.
    Stop,
    /// Say everything that is in it.
    Save,
    /// Let something go wrong, or end it.
    Fault {
        /// Its name.
        name: String,
        /// On this host only; on every one where none is named.
        host: Option<HostName>,
        /// End it.
        mend: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct Message {
    token: String,
    order: Order,
}

/// Where a lab's line is, and what opens it.
#[derive(Serialize, Deserialize)]
pub struct Line {
    address: SocketAddr,
    token: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer<T> {
    Done(T),
    Refused {
        message: String,
        hint: Option<String>,
    },
}

/// The lab's end of the line.
pub struct Control {
    listener: TcpListener,
    line: Line,
}

/// An order that came, and where its answer goes.
pub struct Received {
    /// The order.
    pub order: Order,
    stream: TcpStream,
}

impl Control {
    /// Listens on a free port.
    pub async fn listen() -> Result<Self, Failure> {
        let fail = |error: std::io::Error| {
            Failure::new("lab", "the lab's line cannot be opened").caused_by(&error)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(fail)?;
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::new("internal", error.to_string()))?;
        let line = Line {
            address: listener.local_addr().map_err(fail)?,
            token: hex::encode(random),
        };
        Ok(Self { listener, line })
    }

    /// What goes into the folder.
    pub fn to_json(&self) -> Result<Vec<u8>, Failure> {
        Ok(serde_json::to_vec(&self.line)?)
    }

    /// The next order from somebody who knows the token; others are cut off.
    pub async fn next(&self) -> Received {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                continue;
            };
            if let Some(received) = self.receive(stream).await {
                return received;
            }
        }
    }

    async fn receive(&self, stream: TcpStream) -> Option<Received> {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        let mut limited = (&mut stream).take(ORDER_LIMIT);
        timeout(HASTE, limited.read_line(&mut line))
            .await
            .ok()?
            .ok()?;
        let Message { token, order } = serde_json::from_str(&line).ok()?;
        let differences = token
            .bytes()
            .zip(self.line.token.bytes())
            .fold(0, |differences, (a, b)| differences | (a ^ b));
        let known = token.len() == self.line.token.len() && differences == 0;
        let stream = stream.into_inner();
        known.then_some(Received { order, stream })
    }
}

impl Received {
    /// Answers and closes; a client that does not take its answer is left alone.
    pub async fn answer<T: Serialize>(mut self, answer: Result<T, Failure>) {
        let answer = match answer {
            Ok(done) => Answer::Done(done),
            Err(Failure { message, hint, .. }) => Answer::Refused { message, hint },
        };
        let Ok(bytes) = serde_json::to_vec(&answer) else {
            return;
        };
        let sent = async {
            self.stream.write_all(&bytes).await?;
            self.stream.shutdown().await
        };
        drop(timeout(PATIENCE, sent).await);
    }
}

/// Gives an order to the lab that is up in a folder.
pub async fn order<T: DeserializeOwned>(folder: &Path, order: Order) -> Result<T, Failure> {
    let not_up = || {
        Failure::new("unreachable", format!("no lab is up in {}", folder.display())).hint(
            "gmsactl lab start FOLDER starts one; a folder that a killed lab left behind can be deleted",
        )
    };
    let line = std::fs::read(folder.join(LINE)).map_err(|error| not_up().caused_by(&error))?;
    let line: Line = serde_json::from_slice(&line).map_err(|error| not_up().caused_by(&error))?;
    if !line.address.ip().is_loopback() {
        return Err(not_up());
    }
    let answer = timeout(PATIENCE, ask(line, order)).await;
    let answer = answer.map_err(|_| not_up())?;
    let answer = answer.map_err(|error| not_up().caused_by(&error))?;
    match serde_json::from_slice(&answer) {
        Ok(Answer::Done(done)) => Ok(done),
        Ok(Answer::Refused { message, hint }) => Err(Failure {
            hint,
            ..Failure::new("refused", message)
        }),
        // Somebody else listens there by now.
        Err(error) => Err(not_up().caused_by(&error)),
    }
}

async fn ask(line: Line, order: Order) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(line.address).await?;
    let token = line.token;
    let mut message = serde_json::to_vec(&Message { token, order })?;
    message.push(b'\n');
    stream.write_all(&message).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_LIMIT).read_to_end(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_who_knows_the_token_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let control = Control::listen().await.unwrap();
        let mut line: Line = serde_json::from_slice(&control.to_json().unwrap()).unwrap();
        line.token = "0".repeat(64);
        let (address, right) = (line.address, control.line.token.clone());
        std::fs::write(folder.path().join(LINE), serde_json::to_vec(&line).unwrap()).unwrap();
        let lab = tokio::spawn(async move {
            let received = control.next().await;
            let heard = received.order.clone();
            received.answer(Ok("done")).await;
            heard
        });
        let refused: Result<String, _> = super::order(folder.path(), Order::Stop).await;
        assert_eq!(refused.unwrap_err().kind, "unreachable");
        let line = Line {
            address,
            token: right,
        };
        std::fs::write(folder.path().join(LINE), serde_json::to_vec(&line).unwrap()).unwrap();
        let done: String = super::order(folder.path(), Order::Status).await.unwrap();
        assert_eq!(done, "done");
        assert_eq!(lab.await.unwrap(), Order::Status);
    }

    #[tokio::test]
    async fn a_folder_without_a_lab_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let none: Result<(), _> = super::order(folder.path(), Order::Status).await;
        assert_eq!(none.unwrap_err().kind, "unreachable");
    }
}
