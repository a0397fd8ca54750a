//! A session: questions with parameters, and batches that do something.

use std::time::Duration;

use bytes::Bytes;
use tds_protocol::{PacketType, RpcParam, RpcRequest, RpcTypeInfo, SqlBatch, Token, TokenParser};
use tokio::time::timeout;

use crate::error::{Error, ServerError};
use crate::login::{self, Endpoint, Stream};
use crate::packets::Packets;
use crate::row::{Columns, Row};

/// For one answer: catalogue views are quick, even on large servers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest SID or name of a parameter, in bytes: `varbinary(85)` is what a SID is there.
const LONGEST_SID: u16 = 85;

/// A logged-on connection to one server.
pub struct Client {
    session: Packets<Box<dyn Stream>>,
    /// A question was given up: what comes next on the connection is unknown.
    broken: bool,
}

/// A parameter of a question.
#[derive(Debug, Clone, Copy)]
pub enum Parameter<'a> {
    /// `nvarchar`
    Text(&'a str),
    /// `varbinary(85)`
    Sid(&'a [u8]),
}

impl Client {
    /// Connects and logs on.
    ///
    /// # Errors
    /// [`Error`], by what the operator can do.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, Error> {
        Ok(Self {
            session: login::log_on(endpoint).await?,
            broken: false,
        })
    }

    /// Asks one question (`sp_executesql`), and gives the rows of its last result. `doing` is for errors.
    ///
    /// # Errors
    /// [`Error::Server`] with the server's own error, or what went wrong on the way.
    pub async fn ask(
        &mut self,
        doing: &'static str,
        sql: &str,
        parameters: &[(&str, Parameter<'_>)],
    ) -> Result<Vec<Row>, Error> {
        let parameters = parameters.iter().map(|(name, value)| match value {
            Parameter::Text(text) => RpcParam::nvarchar(*name, text),
            Parameter::Sid(sid) => {
                let kind = RpcTypeInfo::varbinary(LONGEST_SID);
                RpcParam::new(*name, kind, Bytes::copy_from_slice(sid))
            }
        });
        let request = RpcRequest::execute_sql(sql, parameters.collect());
        self.exchange(doing, PacketType::Rpc, &request.encode())
            .await
    }

    /// Runs a batch for what it does.
    ///
    /// # Errors
    /// As [`Client::ask`]; the batch itself says what is undone then.
    pub async fn run(&mut self, doing: &'static str, sql: &str) -> Result<(), Error> {
        let request = SqlBatch::new(sql);
        self.exchange(doing, PacketType::SqlBatch, &request.encode())
            .await
            .map(drop)
    }

    async fn exchange(
        &mut self,
        doing: &'static str,
        kind: PacketType,
        message: &[u8],
    ) -> Result<Vec<Row>, Error> {
        let connection = |detail: String| Error::Connection { doing, detail };
        if self.broken {
            return Err(connection("an answer before was given up".into()));
        }
        // Whoever drops this future in the middle leaves an answer behind that nobody waits for.
        self.broken = true;
        let exchange = async {
            self.session.send(kind, message).await?;
            self.session.receive().await
        };
        let answer = timeout(ANSWER_TIMEOUT, exchange).await;
        let answer = answer.map_err(|_| Error::Timeout {
            doing,
            after: ANSWER_TIMEOUT,
        })?;
        let answer = answer.map_err(|error| connection(error.to_string()))?;
        self.broken = false;
        let answer = rows(answer.into());
        match answer.map_err(|detail| Error::Protocol { doing, detail })? {
            Ok(rows) => Ok(rows),
            Err(error) => Err(Error::Server { doing, error }),
        }
    }
}

/// The rows of the last result, or the first error.
fn rows(answer: Bytes) -> Result<Result<Vec<Row>, ServerError>, String> {
    let mut tokens = TokenParser::new(answer);
    let mut columns: Option<Columns> = None;
    let mut rows = Vec::new();
    let mut failed: Option<ServerError> = None;
    loop {
        let metadata = columns.as_ref().map(|columns| &columns.metadata);
        let token = tokens.next_token_with_metadata(metadata);
        let Some(token) = token.map_err(|error| error.to_string())? else {
            break;
        };
        match (token, &columns) {
            (Token::ColMetaData(metadata), _) => {
                columns = Some(Columns::new(metadata));
                rows.clear();
            }
            (Token::Row(row), Some(columns)) => rows.push(Row::of_row(columns, &row)?),
            (Token::NbcRow(row), Some(columns)) => rows.push(Row::of_compressed(columns, &row)?),
            (Token::Error(error), _) => {
                failed.get_or_insert_with(|| error.into());
            }
            (Token::Info(info), _) => {
                tracing::debug!(number = info.number, text = info.message, "the server says");
            }
            _ => {}
        }
    }
    Ok(failed.map_or(Ok(rows), Err))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(number: i32) -> Vec<u8> {
        let mut content = number.to_le_bytes().to_vec();
        content.extend([1, 14, 2, 0, b'n', 0, b'o', 0, 0, 0, 1, 0, 0, 0]);
        let length = u16::try_from(content.len()).unwrap().to_le_bytes();
        [&[0xAA][..], &length, &content].concat()
    }

    const DONE: [u8; 13] = [0xFD, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn the_first_error_counts() {
        let answer = [error(15247), error(3621), DONE.to_vec()].concat();
        let failed = rows(answer.into()).unwrap().unwrap_err();
        assert_eq!(failed.number, 15247);
        assert_eq!(failed.message, "no");
        assert_eq!(rows(DONE.to_vec().into()).unwrap().unwrap(), Vec::new());
    }

    #[test]
    fn an_answer_that_is_cut_off_is_no_answer() {
        let whole = [error(208), DONE.to_vec()].concat();
        for length in 1..error(208).len() {
            let cut = whole[..length].to_vec();
            assert!(rows(cut.into()).is_err(), "{length}");
        }
    }
}
