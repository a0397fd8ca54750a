//! Distinguished names as text (RFC 4514) and as comparable parts.

/// One part of a name: `CN=Users`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Rdn {
    /// In capitals: `CN`.
    pub(crate) attribute: Box<str>,
    /// Unescaped.
    pub(crate) value: Box<str>,
}

/// The form in which relative names compare: without case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FoldedRdn(Box<str>);

impl Rdn {
    pub(crate) fn new(attribute: &str, value: &str) -> Self {
        Self {
            attribute: attribute.to_ascii_uppercase().into(),
            value: value.into(),
        }
    }

    pub(crate) fn folded(&self) -> FoldedRdn {
        FoldedRdn(format!("{}={}", self.attribute, fold(&self.value)).into())
    }

    /// Appends the text form.
    pub(crate) fn print(&self, text: &mut String) {
        text.push_str(&self.attribute);
        text.push('=');
        let last = self.value.chars().count().saturating_sub(1);
        for (position, character) in self.value.chars().enumerate() {
            match character {
                ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => text.extend(['\\', character]),
                '#' if position == 0 => text.push_str("\\#"),
                ' ' if position == 0 || position == last => text.push_str("\\ "),
                '\0' => text.push_str("\\00"),
                '\n' => text.push_str("\\0A"),
                '\r' => text.push_str("\\0D"),
                _ => text.push(character),
            }
        }
    }
}

/// Text without case, as Active Directory compares names.
pub(crate) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Longest name accepted, in bytes; and the deepest.
const MAX_LEN: usize = 8 * 1024;
const MAX_DEPTH: usize = 64;

/// Cuts a name into its parts, the leaf first. `None` where it is no name; the empty name has no parts.
pub(crate) fn parse(text: &str) -> Option<Vec<Rdn>> {
    if text.len() > MAX_LEN {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(' ');
    while !rest.is_empty() {
        let (part, after) = parse_part(rest)?;
        parts.push(part);
        match after {
            Some(after) if after.trim_start_matches(' ').is_empty() => return None,
            Some(after) => rest = after.trim_start_matches(' '),
            None => break,
        }
    }
    (parts.len() <= MAX_DEPTH).then_some(parts)
}

/// One part, and what follows its comma.
fn parse_part(text: &str) -> Option<(Rdn, Option<&str>)> {
    let (attribute, value) = text.split_once('=')?;
    let attribute = attribute.trim();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if attribute.is_empty() || !attribute.bytes().all(is_name) {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::new();
    let mut kept = 0; // Bytes that trailing spaces may not take away.
    let mut characters = value.trim_start_matches(' ').char_indices();
    let value = value.trim_start_matches(' ');
    let mut after = None;
    while let Some((position, character)) = characters.next() {
        match character {
            ',' | ';' => {
                after = value.get(position + 1..);
                break;
            }
            '+' | '"' | '<' | '>' => return None, // No multi-valued names in Active Directory.
            '\\' => {
                let escaped = characters.next()?.1;
                match escaped.to_digit(16) {
                    Some(high) => {
                        let low = characters.next()?.1.to_digit(16)?;
                        bytes.push(u8::try_from(high << 4 | low).ok()?);
                    }
                    None => bytes.extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes()),
                }
                kept = bytes.len();
            }
            _ => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    while bytes.len() > kept && bytes.last() == Some(&b' ') {
        bytes.pop();
    }
    let value = String::from_utf8(bytes)
        .ok()
        .filter(|value| !value.is_empty())?;
    Some((Rdn::new(attribute, &value), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_printed() {
        for (text, parts) in [
            ("", Some(vec![])),
            ("CN=a,DC=b", Some(vec![("CN", "a"), ("DC", "b")])),
            ("cn = a , dc=b", Some(vec![("CN", "a"), ("DC", "b")])),
            (
                r"CN=Smith\, J\2e,DC=b",
                Some(vec![("CN", "Smith, J."), ("DC", "b")]),
            ),
            (r"CN=M\c3\bcller\ ", Some(vec![("CN", "Müller ")])),
            ("CN=a,", None),
            ("CN", None),
            ("=a", None),
            ("CN=a+SN=b", None),
            (r"CN=a\", None),
            (r"CN=\ff", None),
        ] {
            let parsed = parse(text);
            let parsed: Option<Vec<_>> = parsed.as_ref().map(|parts| {
                parts
                    .iter()
                    .map(|part| (&*part.attribute, &*part.value))
                    .collect()
            });
            assert_eq!(parsed, parts, "{text}");
        }
        let mut printed = String::new();
        Rdn::new("cn", " #a,b ").print(&mut printed);
        assert_eq!(printed, r"CN=\ #a\,b\ ");
    }
}
