//! Directory objects as text (RFC 2849 "The LDAP Data Interchange Format"), as `ldapsearch -LLL` and `ldifde -f` write it.
//!
//! Read are content records and records with `changetype: add`. Values that are to be fetched from elsewhere (`:<`) are
//! refused: an export is read, nothing else.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// One object of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdifEntry {
    /// Its distinguished name.
    pub dn: String,
    /// Its attributes in the order of the file, each once: options such as `;binary` are dropped.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// What is wrong with an export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct LdifError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub why: String,
}

/// Longest name or value, in bytes: Active Directory takes no longer ones.
const LONGEST: usize = 16 << 20;

impl LdifEntry {
    /// The values of an attribute, in whatever case it is written.
    #[must_use]
    pub fn values(&self, attribute: &str) -> &[Vec<u8>] {
        let found = self
            .attributes
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        found.map(|(_, values)| &values[..]).unwrap_or_default()
    }

    /// Its first value as text.
    #[must_use]
    pub fn text(&self, attribute: &str) -> Option<&str> {
        std::str::from_utf8(self.values(attribute).first()?).ok()
    }
}

/// Reads an export: UTF-8, or UTF-16 with a byte order mark as `ldifde -u` writes it.
///
/// # Errors
/// [`LdifError`] names the first line that cannot be read.
pub fn parse(bytes: &[u8]) -> Result<Vec<LdifEntry>, LdifError> {
    let text = decode(bytes)?;
    let mut entries = Vec::new();
    let mut record = Vec::new();
    let mut started = false;
    for line in logical_lines(&text) {
        if line.text.is_empty() {
            entries.extend(entry(&mut record)?);
            continue;
        }
        let first = !std::mem::replace(&mut started, true);
        if first && line.text.to_ascii_lowercase().starts_with("version:") {
            match line.text.get(8..).map(str::trim) {
                Some("1") => continue,
                _ => return Err(line.error("only version 1 is known")),
            }
        }
        record.push(line);
    }
    entries.extend(entry(&mut record)?);
    Ok(entries)
}

/// A line with what was folded into it; none of a comment.
struct Line {
    number: usize,
    text: String,
}

impl Line {
    fn error(&self, why: impl Into<String>) -> LdifError {
        let (line, why) = (self.number, why.into());
        LdifError { line, why }
    }
}

fn decode(bytes: &[u8]) -> Result<String, LdifError> {
    let not_text = |line, what: &str| LdifError {
        line,
        why: format!("this is not {what}"),
    };
    if let Some(units) = bytes.strip_prefix(&[0xFF, 0xFE]) {
        let units = units.chunks(2).map(|pair| match pair {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0xD800, // Half of a unit is none.
        });
        let text: Result<String, _> = char::decode_utf16(units).collect();
        return text.map_err(|_| not_text(1, "UTF-16"));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        let good = bytes.iter().take(error.utf8_error().valid_up_to());
        let line = good.filter(|byte| **byte == b'\n').count() + 1;
        not_text(line, "UTF-8: save the export as UTF-8, or with ldifde -u")
    })
}

/// Unfolds; an empty line ends a record.
fn logical_lines(text: &str) -> impl Iterator<Item = Line> {
    let mut lines = text.split('\n').enumerate().peekable();
    std::iter::from_fn(move || {
        loop {
            let (index, line) = lines.next()?;
            let mut text = ended(line).to_owned();
            while let Some((_, more)) =
                lines.next_if(|(_, next)| next.starts_with(' ') && !text.is_empty())
            {
                text.push_str(ended(more).get(1..).unwrap_or_default());
            }
            if !text.starts_with('#') {
                let number = index + 1;
                return Some(Line { number, text });
            }
        }
    })
}

fn ended(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

fn entry(record: &mut Vec<Line>) -> Result<Option<LdifEntry>, LdifError> {
    let mut lines = record.drain(..);
    let Some(first) = lines.next() else {
        return Ok(None);
    };
    let (name, dn) = attribute(&first)?;
    if !name.eq_ignore_ascii_case("dn") {
        return Err(first.error(format!(
            "a record begins with dn, not {name}; ldapsearch writes what can be read here with -LLL"
        )));
    }
    let dn = String::from_utf8(dn).map_err(|_| first.error("the name is not UTF-8"))?;
    let mut attributes: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
    for line in lines {
        let (name, value) = attribute(&line)?;
        match name.to_ascii_lowercase().as_str() {
            "changetype" if value == b"add" => continue,
            "changetype" | "control" => {
                let what = String::from_utf8_lossy(&value).into_owned();
                return Err(line.error(format!("{name}: {what} is no part of an export")));
            }
            _ => {}
        }
        match attributes
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(&name))
        {
            Some((_, values)) => values.push(value),
            None => attributes.push((name, vec![value])),
        }
    }
    Ok(Some(LdifEntry { dn, attributes }))
}

/// `name: value`, `name:: base64`, `name:< url`.
fn attribute(line: &Line) -> Result<(String, Vec<u8>), LdifError> {
    let cut = line.text.split_once(':');
    let (name, rest) = cut.ok_or_else(|| line.error("there is no colon"))?;
    let name = name.split(';').next().unwrap_or_default();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    if name.is_empty() || !name.chars().all(plain) {
        return Err(line.error("this is no attribute's name"));
    }
    let value = match rest.as_bytes().first() {
        Some(b'<') => return Err(line.error("values are not fetched from elsewhere (:<)")),
        Some(b':') => {
            let digits = rest.get(1..).unwrap_or_default().trim();
            let value = BASE64_STANDARD.decode(digits);
            value.map_err(|_| line.error("this is not base64"))?
        }
        _ => rest.trim_start_matches(' ').as_bytes().to_vec(),
    };
    if value.len() > LONGEST {
        return Err(line.error("this value is too long"));
    }
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As `ldapsearch` writes it: base64 where RFC 2849 asks for it, lines of 76 letters.
    fn write(entries: &[LdifEntry]) -> String {
        let mut text = String::new();
        let line = |name: &str, value: &[u8]| {
            let safe = |byte: &u8| (0x20..0x7F).contains(byte);
            let odd = value.first().is_some_and(|byte| b" :<".contains(byte));
            let plain = value.iter().all(safe) && !odd && value.last() != Some(&b' ');
            let whole = match std::str::from_utf8(value) {
                Ok(value) if plain => format!("{name}: {value}"),
                _ => format!("{name}:: {}", BASE64_STANDARD.encode(value)),
            };
            let letters: Vec<char> = whole.chars().collect();
            let lines: Vec<String> = letters
                .chunks(76)
                .map(|part| part.iter().collect())
                .collect();
            lines.join("\n ") + "\n"
        };
        for entry in entries {
            text += &line("dn", entry.dn.as_bytes());
            for (name, values) in &entry.attributes {
                values.iter().for_each(|value| text += &line(name, value));
            }
            // A comment that is folded, and the record's end.
            text += "# a comment\n that goes on\n\n";
        }
        text
    }

    fn why(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn exports_of_both_tools_are_read() {
        let ldapsearch = "# extended LDIF\n#\n\ndn: CN=Jane,CN=Users,DC=contoso,DC=com\nobjectClass: top\nobjectClass: user\n\
             cn: Jane\ndescription:: SsO8cmdlbg==\nlong: abc\n def\n  ghi\nobjectSid;binary:: AQI=\n\n# refldap://x\n\n";
        let entries = parse(ldapsearch.as_bytes()).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(
            entries[0].values("OBJECTCLASS"),
            [b"top".to_vec(), b"user".to_vec()]
        );
        assert_eq!(entries[0].text("description"), Some("Jürgen"));
        assert_eq!(entries[0].text("long"), Some("abcdef ghi"));
        assert_eq!(entries[0].values("objectsid"), [vec![1, 2]]);

        let ldifde = "dn: CN=Jane,DC=contoso,DC=com\r\nchangetype: add\r\ncn: Jane\r\n\r\ndn: CN=Joe,DC=contoso,DC=com\r\nchangetype: add\r\n";
        assert_eq!(parse(ldifde.as_bytes()).unwrap().len(), 2);
        let unicode: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(ldifde.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(parse(&unicode).unwrap(), parse(ldifde.as_bytes()).unwrap());
        assert_eq!(parse(b"version: 1\ndn: DC=a\n").unwrap().len(), 1);
        assert_eq!(parse(b"").unwrap(), []);
    }

    #[test]
    fn what_is_no_export_is_refused_with_its_line() {
        assert_eq!(why("version: 2\n"), "line 1: only version 1 is known");
        assert_eq!(
            why("dn: DC=a\nphoto:< file:///etc/passwd\n"),
            "line 2: values are not fetched from elsewhere (:<)"
        );
        assert_eq!(
            why("dn: DC=a\nchangetype: delete\n"),
            "line 2: changetype: delete is no part of an export"
        );
        assert!(why("search: 2\nresult: 0 Success\n").contains("-LLL"));
        assert_eq!(why("dn: DC=a\ncn:: %%%\n"), "line 2: this is not base64");
        assert_eq!(why("\n\ndn: DC=a\nnothing\n"), "line 4: there is no colon");
        assert!(parse(b"dn: DC=a\ncn: \xff\n").unwrap_err().line == 2);
        assert!(parse(&[0xFF, 0xFE, 0x41]).is_err());
    }

    fn entries() -> impl Strategy<Value = Vec<LdifEntry>> {
        let value = prop_oneof![
            "[ -~]{0,200}".prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..100)
        ];
        let values = proptest::collection::vec(value, 1..4);
        let attributes = proptest::collection::btree_map("a[a-z]{1,10}", values, 0..6);
        let entry = ("CN=[a-zé =,+]{1,90}", attributes).prop_map(|(dn, attributes)| LdifEntry {
            dn,
            attributes: attributes.into_iter().collect(),
        });
        proptest::collection::vec(entry, 0..5)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(entries in entries()) {
            prop_assert_eq!(parse(write(&entries).as_bytes()), Ok(entries));
        }

        #[test]
        fn whatever_comes_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(parse(&bytes));
        }
    }
}
