//! What a client asks: a batch, or `sp_executesql` with parameters.

use std::collections::BTreeMap;

use bytes::Buf;
use tds_protocol::codec::read_b_varchar;
use zeroize::Zeroizing;

/// `sp_executesql` by number ([MS-TDS] 2.2.6.6, "RPC Request").
const SP_EXECUTESQL: u16 = 10;

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) sql: String,
    pub(super) parameters: BTreeMap<String, Argument>,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    Null,
    Text(String),
    Bytes(Vec<u8>),
    Number(i64),
}

/// Reads a SQL batch; `None` where it is malformed.
pub(super) fn batch(message: &[u8]) -> Option<Request> {
    let text = after_headers(message)?;
    Some(Request {
        sql: utf16(text)?,
        parameters: BTreeMap::new(),
    })
}

/// Reads a procedure call: `Ok(None)` is another procedure than the one that is known here.
pub(super) fn call(message: &[u8]) -> Option<Option<Request>> {
    let mut rest = after_headers(message)?;
    let is_known = match rest.try_get_u16_le().ok()? {
        u16::MAX => rest.try_get_u16_le().ok()? == SP_EXECUTESQL,
        length => {
            let (name, after) = rest.split_at_checked(usize::from(length) * 2)?;
            rest = after;
            utf16(name)?.eq_ignore_ascii_case("sp_executesql")
        }
    };
    if !is_known {
        return Some(None);
    }
    rest.try_get_u16_le().ok()?;
    let mut arguments = Vec::new();
    while rest.has_remaining() {
        arguments.push(argument(&mut rest)?);
    }
    let mut arguments = arguments.into_iter();
    let Some((_, Argument::Text(sql))) = arguments.next() else {
        return None;
    };
    // The second one declares the others.
    let parameters = arguments.skip(1).collect();
    Some(Some(Request { sql, parameters }))
}

/// [MS-TDS] 2.2.5.3, "Data Stream Headers - ALL_HEADERS Rule Definition".
fn after_headers(message: &[u8]) -> Option<&[u8]> {
    let length = u32::from_le_bytes(*message.first_chunk()?);
    message.get(usize::try_from(length).ok()?..)
}

fn argument(rest: &mut &[u8]) -> Option<(String, Argument)> {
    let name = read_b_varchar(rest)?;
    rest.try_get_u8().ok()?;
    let value = match rest.try_get_u8().ok()? {
        // INTN, BITN
        0x26 | 0x68 => {
            rest.try_get_u8().ok()?;
            let length = usize::from(rest.try_get_u8().ok()?);
            let (bytes, after) = rest.split_at_checked(length)?;
            *rest = after;
            match bytes {
                [] => Argument::Null,
                bytes => {
                    let little = bytes.iter().rev();
                    Argument::Number(little.fold(0, |sum, byte| sum << 8 | i64::from(*byte)))
                }
            }
        }
        // NVARCHAR
        0xE7 => {
            let most = rest.try_get_u16_le().ok()?;
            rest.try_get_uint(5).ok()?;
            long(rest, most)?.map_or(Some(Argument::Null), |text| {
                utf16(&text).map(Argument::Text)
            })?
        }
        // VARBINARY
        0xA5 => {
            let most = rest.try_get_u16_le().ok()?;
            long(rest, most)?.map_or(Argument::Null, Argument::Bytes)
        }
        // NTEXT
        0x63 => {
            rest.try_get_u32_le().ok()?;
            rest.try_get_uint(5).ok()?;
            let length = usize::try_from(rest.try_get_u32_le().ok()?).ok()?;
            let (text, after) = rest.split_at_checked(length)?;
            *rest = after;
            Argument::Text(utf16(text)?)
        }
        _ => return None,
    };
    Some((name, value))
}

/// A value with a length of two bytes, or in parts where it may be longer ([MS-TDS] 2.2.5.2.3, "Partially
/// Length-Prefixed Bytes"). The outer `None` is malformed.
fn long(rest: &mut &[u8], most: u16) -> Option<Option<Vec<u8>>> {
    if most != u16::MAX {
        let length = rest.try_get_u16_le().ok()?;
        if length == u16::MAX {
            return Some(None);
        }
        let (value, after) = rest.split_at_checked(usize::from(length))?;
        *rest = after;
        return Some(Some(value.to_vec()));
    }
    if rest.try_get_u64_le().ok()? == u64::MAX {
        return Some(None);
    }
    let mut value = Vec::new();
    loop {
        let length = usize::try_from(rest.try_get_u32_le().ok()?).ok()?;
        if length == 0 {
            return Some(Some(value));
        }
        let (part, after) = rest.split_at_checked(length)?;
        *rest = after;
        value.extend_from_slice(part);
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let units = bytes.chunks_exact(2);
    let whole = units.remainder().is_empty();
    let units = units.map(|unit| match unit {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    whole.then(|| String::from_utf16_lossy(&units.collect::<Vec<_>>()))
}

/// What LOGIN7 says ([MS-TDS] 2.2.6.4), as far as it matters here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Zeroizing<Vec<u8>>,
    pub(super) database: String,
    pub(super) token: Vec<u8>,
}

/// Reads LOGIN7; `None` where it is malformed.
pub(super) fn login(message: &[u8]) -> Option<Login> {
    // Where offset and length of these stand.
    let (user, password, database, token) = (40, 44, 68, 78);
    let field = |at: usize, width: usize| {
        let mut place = message.get(at..)?;
        let start = usize::from(place.try_get_u16_le().ok()?);
        let length = usize::from(place.try_get_u16_le().ok()?) * width;
        // Where an empty field would be does not matter.
        match length {
            0 => Some(&[][..]),
            _ => message.get(start..start + length),
        }
    };
    let clear = field(password, 2)?.iter();
    let clear: Zeroizing<Vec<u8>> =
        Zeroizing::new(clear.map(|byte| (byte ^ 0xA5).rotate_left(4)).collect());
    Some(Login {
        user: utf16(field(user, 2)?)?,
        password: Zeroizing::new(utf16(&clear)?.into_bytes()),
        database: utf16(field(database, 2)?)?,
        token: field(token, 1)?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use tds_protocol::{Login7, RpcParam, RpcRequest, RpcTypeInfo, SqlBatch};

    use super::*;

    #[test]
    fn what_the_codec_writes_is_read() {
        let long = "x".repeat(5000);
        let sid = bytes::Bytes::from_static(&[1, 2, 3]);
        let call_of = |sql: &str| {
            let parameters = vec![
                RpcParam::nvarchar("@account", "CONTOSO\\a"),
                RpcParam::new("@sid", RpcTypeInfo::varbinary(85), sid.clone()),
                RpcParam::int("@number", 258),
                RpcParam::null("@none", RpcTypeInfo::nvarchar(10)),
            ];
            RpcRequest::execute_sql(sql, parameters).encode()
        };
        for sql in ["SELECT 1", &long] {
            let message = call_of(sql);
            let read = call(&message).unwrap().unwrap();
            assert_eq!(read.sql, sql);
            let values: Vec<_> = read.parameters.into_iter().collect();
            let value = |name: &str, value| (name.to_owned(), value);
            assert_eq!(
                values,
                [
                    value("@account", Argument::Text("CONTOSO\\a".into())),
                    value("@none", Argument::Null),
                    value("@number", Argument::Number(258)),
                    value("@sid", Argument::Bytes(vec![1, 2, 3])),
                ]
            );
            for length in 0..message.len().min(200) {
                let cut = call(&message[..length]).flatten();
                let values = cut.map_or(0, |cut| cut.parameters.len());
                assert!(values < 4, "{length}");
            }
        }
        let message = SqlBatch::new("USE [a]").encode();
        assert_eq!(batch(&message).unwrap().sql, "USE [a]");
        assert_eq!(call(&RpcRequest::named("sp_who").encode()), Some(None));
    }

    #[test]
    fn a_login_is_read_back() {
        let message = Login7::new()
            .with_sql_auth("sa", "Pä55")
            .with_database("FIMSync")
            .encode();
        let read = login(&message).unwrap();
        assert_eq!(read.user, "sa");
        assert_eq!(&read.password[..], "Pä55".as_bytes());
        assert_eq!(read.database, "FIMSync");
        let message = Login7::new().with_integrated_auth(vec![7; 9]).encode();
        assert_eq!(login(&message).unwrap().token, [7; 9]);
        for length in 0..message.len() {
            drop(login(&message[..length]));
        }
    }
}
