//! What the server says, as tokens ([MS-TDS] 2.2.7, "Packet Data Token Stream Definition").

use bytes::BufMut as _;
use tds_protocol::codec::{write_b_varchar, write_us_varchar, write_utf16_string};

/// SQL_Latin1_General_CP1_CI_AS.
const COLLATION: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];
/// SQL Server 2019.
pub(super) const VERSION: [u8; 6] = [15, 0, 0x07, 0xD0, 0, 0];
/// The same as `ProductVersion`.
pub(super) const PRODUCT_VERSION: &str = "15.0.2000.5";

/// Why the server does not do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) number: i32,
    state: u8,
    class: u8,
    text: String,
}

impl Refusal {
    /// An error of severity 16, as most are.
    pub(super) fn new(number: i32, text: impl Into<String>) -> Self {
        Self {
            number,
            state: 1,
            class: 16,
            text: text.into(),
        }
    }

    /// With another severity.
    pub(super) fn class(self, class: u8) -> Self {
        Self { class, ..self }
    }
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bytes,
}

/// A value in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Text(String),
    Number(i32),
    Bytes(Vec<u8>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Cell {
    fn from(yes: bool) -> Self {
        Self::Number(i32::from(yes))
    }
}

impl From<Option<&str>> for Cell {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) columns: &'static [(&'static str, Kind)],
    pub(super) rows: Vec<Vec<Cell>>,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Of a batch.
    Done,
    /// Of a procedure call.
    DoneProc,
}

/// Tokens on their way.
#[derive(Default)]
pub(super) struct Tokens(pub(super) Vec<u8>);

impl Tokens {
    pub(super) fn refusal(&mut self, refusal: &Refusal, server: &str) {
        self.message(0xAA, refusal, server);
    }

    /// INFO 5701, as after `USE`; and the change itself.
    pub(super) fn database_changed(&mut self, from: &str, to: &str, server: &str) {
        self.changed(1, to, from);
        let text = format!("Changed database context to '{to}'.");
        self.message(0xAB, &Refusal::new(5701, text).class(0), server);
    }

    fn message(&mut self, token: u8, message: &Refusal, server: &str) {
        let mut body = message.number.to_le_bytes().to_vec();
        body.extend([message.state, message.class]);
        write_us_varchar(&mut body, &message.text);
        write_b_varchar(&mut body, server);
        write_b_varchar(&mut body, "");
        body.put_i32_le(1);
        self.sized(token, &body);
    }

    /// The client is in.
    pub(super) fn welcome(&mut self, database: &str, server: &str) {
        self.database_changed("master", database, server);
        let mut collation = vec![7, 5];
        collation.extend(COLLATION);
        collation.push(0);
        self.sized(0xE3, &collation);
        let mut ack = vec![1, 0x74, 0, 0, 4];
        write_b_varchar(&mut ack, "Microsoft SQL Server");
        ack.extend(&VERSION[..4]);
        self.sized(0xAD, &ack);
        self.changed(4, "4096", "4096");
        self.end(End::Done, false, None);
    }

    pub(super) fn sspi(&mut self, token: &[u8]) {
        self.sized(0xED, token);
    }

    pub(super) fn table(&mut self, table: &Table) {
        let bytes = &mut self.0;
        bytes.push(0x81);
        bytes.put_u16_le(u16::try_from(table.columns.len()).unwrap_or(u16::MAX));
        for (name, kind) in table.columns {
            bytes.put_u32_le(0);
            bytes.put_u16_le(1); // nullable
            match kind {
                Kind::Text => {
                    bytes.push(0xE7);
                    bytes.put_u16_le(512);
                    bytes.extend(COLLATION);
                }
                Kind::Number => bytes.extend([0x26, 4]),
                Kind::Bytes => {
                    bytes.push(0xA5);
                    bytes.put_u16_le(85);
                }
            }
            write_b_varchar(bytes, name);
        }
        for row in &table.rows {
            bytes.push(0xD1);
            for (cell, (_, kind)) in row.iter().zip(table.columns) {
                value(bytes, cell, *kind);
            }
        }
    }

    /// The end of an answer, or of its part where `more` follows.
    pub(super) fn end(&mut self, end: End, failed: bool, rows: Option<usize>) {
        let status = u16::from(failed) << 1 | u16::from(rows.is_some()) << 4;
        let done = |bytes: &mut Vec<u8>, token: u8, status: u16| {
            bytes.push(token);
            bytes.put_u16_le(status);
            bytes.put_u16_le(0xC1);
            bytes.put_u64_le(rows.unwrap_or(0) as u64);
        };
        match end {
            End::Done => done(&mut self.0, 0xFD, status),
            End::DoneProc => {
                done(&mut self.0, 0xFF, status | 1);
                self.0.push(0x79);
                self.0.put_i32_le(0);
                done(&mut self.0, 0xFE, status & 2);
            }
        }
    }

    /// The client gave up waiting, and hears that this was heard.
    pub(super) fn attention(&mut self) {
        self.0.push(0xFD);
        self.0.put_u16_le(0x20);
        self.0.put_u16_le(0);
        self.0.put_u64_le(0);
    }

    fn changed(&mut self, what: u8, to: &str, from: &str) {
        let mut body = vec![what];
        write_b_varchar(&mut body, to);
        write_b_varchar(&mut body, from);
        self.sized(0xE3, &body);
    }

    fn sized(&mut self, token: u8, body: &[u8]) {
        self.0.push(token);
        self.0
            .put_u16_le(u16::try_from(body.len()).unwrap_or(u16::MAX));
        self.0.extend_from_slice(body);
    }
}

fn value(bytes: &mut Vec<u8>, cell: &Cell, kind: Kind) {
    match (cell, kind) {
        (Cell::Text(text), Kind::Text) => {
            let length = text.encode_utf16().count() * 2;
            bytes.put_u16_le(u16::try_from(length).unwrap_or(u16::MAX));
            write_utf16_string(bytes, text);
        }
        (Cell::Bytes(value), Kind::Bytes) => {
            bytes.put_u16_le(u16::try_from(value.len()).unwrap_or(u16::MAX));
            bytes.extend_from_slice(value);
        }
        (Cell::Number(number), Kind::Number) => {
            bytes.push(4);
            bytes.put_i32_le(*number);
        }
        (_, Kind::Number) => bytes.push(0),
        _ => bytes.put_u16_le(u16::MAX),
    }
}
