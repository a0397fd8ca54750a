//! Sealed HTTP bodies ([MS-WSMV] 2.2.9.1, "Encrypted Message Types"). The tabs belong there: peers cut at them.

use logon::Sealed;

const BOUNDARY: &str = "--Encrypted Boundary";
const PROTOCOL: &str = "application/HTTP-SPNEGO-session-encrypted";

/// The Content-Type of a sealed body.
pub(crate) fn content_type() -> String {
    format!("multipart/encrypted;protocol=\"{PROTOCOL}\";boundary=\"Encrypted Boundary\"")
}

/// A body around a sealed message; `length` is that of the message before, in bytes.
pub(crate) fn body(sealed: &Sealed, length: usize) -> Vec<u8> {
    let head = format!(
        "{BOUNDARY}\r\n\tContent-Type: {PROTOCOL}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={length}\r\n\
         {BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
    );
    let token_length = u32::try_from(sealed.token.len()).unwrap_or(0).to_le_bytes();
    let end = format!("{BOUNDARY}--\r\n");
    [
        head.as_bytes(),
        &token_length,
        &sealed.token,
        &sealed.data,
        end.as_bytes(),
    ]
    .concat()
}

/// Token and data of each message in a body, in one piece each; none for a body of another form.
pub(crate) fn messages(body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut messages = Vec::new();
    let mut rest = body;
    loop {
        // The part with the lengths, then the part with the bytes. A body may hold several pairs.
        let start = rest.strip_prefix(BOUNDARY.as_bytes())?;
        if start.starts_with(b"--") {
            return Some(messages).filter(|messages| !messages.is_empty());
        }
        let (_, content) = split(start, format!("{BOUNDARY}\r\n").as_bytes())?;
        let (_, content) = split(content, b"application/octet-stream\r\n")?;
        let next = [&b"\r\n\tContent-Type: application/HTTP-"[..], b"--"]
            .into_iter()
            .filter_map(|after| find(content, &[BOUNDARY.as_bytes(), after].concat()));
        let end = next.min()?;
        let (message, after) = content.split_at_checked(end)?;
        let (_length, sealed) = message.split_at_checked(4)?;
        messages.push(sealed);
        rest = after;
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = find(bytes, at)?;
    Some((bytes.get(..start)?, bytes.get(start + at.len()..)?))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out() {
        let sealed = Sealed {
            token: vec![1, 2, 3],
            data: b"\r\n--data--".to_vec(),
        };
        let body = body(&sealed, 9);
        assert_eq!(
            messages(&body),
            Some(vec![&b"\x01\x02\x03\r\n--data--"[..]])
        );
        let two = [
            body.strip_suffix(b"--Encrypted Boundary--\r\n").unwrap(),
            &body,
        ]
        .concat();
        assert_eq!(messages(&two).map(|messages| messages.len()), Some(2));
        for length in 0..body.len() - 4 {
            assert_eq!(messages(&body[..length]), None, "{length}");
        }
    }
}
