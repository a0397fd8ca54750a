//! Writes LDAP messages in one pass, with lengths of four bytes as Active Directory does.

use crate::rules::refusal::Refusal;

/// RFC 4511 section 4: the tags of the responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResponseTag(u8);

impl ResponseTag {
    pub(crate) const BIND: Self = Self(0x61);
    pub(crate) const ENTRY: Self = Self(0x64);
    pub(crate) const SEARCH_DONE: Self = Self(0x65);
    pub(crate) const REFERENCE: Self = Self(0x73);
    pub(crate) const MODIFY: Self = Self(0x67);
    pub(crate) const ADD: Self = Self(0x69);
    pub(crate) const DELETE: Self = Self(0x6b);
    pub(crate) const MODIFY_DN: Self = Self(0x6d);
    pub(crate) const COMPARE: Self = Self(0x6f);
    pub(crate) const EXTENDED: Self = Self(0x78);
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;

/// Messages to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) bytes: Vec<u8>,
}

/// The result of an operation (RFC 4511 section 4.1.9).
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) code: u8,
    pub(crate) matched: String,
    pub(crate) diagnostic: String,
    /// LDAP URLs of who to ask instead.
    pub(crate) referrals: Vec<String>,
    /// SASL credentials of a bind.
    pub(crate) credentials: Option<Vec<u8>>,
    /// Name and value of an extended response; the name may be empty.
    pub(crate) extended: Option<(&'static str, Option<Vec<u8>>)>,
    /// Type and value of a control.
    pub(crate) control: Option<(&'static str, Vec<u8>)>,
}

impl Outcome {
    pub(crate) fn success() -> Self {
        Self::default()
    }

    pub(crate) fn code(code: rasn_ldap::ResultCode) -> Self {
        Self {
            code: code as u8,
            ..Self::default()
        }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            code,
            diagnostic,
            matched,
            referrals,
        } = refusal;
        Self {
            matched,
            diagnostic,
            referrals,
            ..Self::code(code)
        }
    }
}

impl From<Result<(), Refusal>> for Outcome {
    fn from(result: Result<(), Refusal>) -> Self {
        result.map_or_else(Self::from, |()| Self::success())
    }
}

impl Outbox {
    /// A response with a result.
    pub(crate) fn result(&mut self, id: u32, tag: ResponseTag, outcome: &Outcome) {
        let message = self.open(SEQUENCE);
        self.number(id);
        let response = self.open(tag.0);
        self.primitive(0x0a, &[outcome.code]);
        self.primitive(OCTETS, outcome.matched.as_bytes());
        self.primitive(OCTETS, outcome.diagnostic.as_bytes());
        if !outcome.referrals.is_empty() {
            let referrals = self.open(0xa3);
            for url in &outcome.referrals {
                self.primitive(OCTETS, url.as_bytes());
            }
            self.close(referrals);
        }
        if let Some(credentials) = &outcome.credentials {
            self.primitive(0x87, credentials);
        }
        if let Some((name, value)) = &outcome.extended {
            if !name.is_empty() {
                self.primitive(0x8a, name.as_bytes());
            }
            if let Some(value) = value {
                self.primitive(0x8b, value);
            }
        }
        self.close(response);
        if let Some((kind, value)) = &outcome.control {
            let controls = self.open(0xa0);
            let control = self.open(SEQUENCE);
            self.primitive(OCTETS, kind.as_bytes());
            self.primitive(OCTETS, value);
            self.close(control);
            self.close(controls);
        }
        self.close(message);
    }

    /// Where a search goes on (RFC 4511 section 4.5.3 "Continuation References in the Search Result").
    pub(crate) fn reference(&mut self, id: u32, url: &str) {
        let message = self.open(SEQUENCE);
        self.number(id);
        let response = self.open(ResponseTag::REFERENCE.0);
        self.primitive(OCTETS, url.as_bytes());
        self.close(response);
        self.close(message);
    }

    /// Begins one entry of a search.
    pub(crate) fn entry(&mut self, id: u32, dn: &str) -> Entry<'_> {
        let message = self.open(SEQUENCE);
        self.number(id);
        let response = self.open(ResponseTag::ENTRY.0);
        self.primitive(OCTETS, dn.as_bytes());
        let list = self.open(SEQUENCE);
        Entry {
            outbox: self,
            open: [list, response, message],
        }
    }

    /// RFC 2696: the value of a paged results control.
    pub(crate) fn page_control(cookie: &[u8]) -> Vec<u8> {
        let mut value = Self::default();
        let sequence = value.open(SEQUENCE);
        value.number(0);
        value.primitive(OCTETS, cookie);
        value.close(sequence);
        value.bytes
    }

    fn number(&mut self, number: u32) {
        // One octet more than the number has, so that its sign is plain.
        let bytes = u64::from(number).to_be_bytes();
        let needed = 64_u32.saturating_sub(u64::from(number).leading_zeros()) / 8 + 1;
        let unused = bytes.len() - needed as usize;
        self.primitive(0x02, bytes.get(unused..).unwrap_or_default());
    }

    fn primitive(&mut self, tag: u8, content: &[u8]) {
        self.bytes.push(tag);
        match u8::try_from(content.len()) {
            Ok(length @ ..=0x7f) => self.bytes.push(length),
            _ => {
                self.bytes.push(0x84);
                self.bytes.extend_from_slice(
                    &u32::try_from(content.len())
                        .unwrap_or(u32::MAX)
                        .to_be_bytes(),
                );
            }
        }
        self.bytes.extend_from_slice(content);
    }

    /// Begins an element; gives where its length stands.
    fn open(&mut self, tag: u8) -> usize {
        self.bytes.extend_from_slice(&[tag, 0x84, 0, 0, 0, 0]);
        self.bytes.len() - 4
    }

    fn close(&mut self, at: usize) {
        let length = u32::try_from(self.bytes.len() - at - 4)
            .unwrap_or(u32::MAX)
            .to_be_bytes();
        if let Some(slot) = self.bytes.get_mut(at..at + 4) {
            slot.copy_from_slice(&length);
        }
    }
}

/// An entry that is being written; its end is written when it is dropped.
pub(crate) struct Entry<'a> {
    outbox: &'a mut Outbox,
    open: [usize; 3],
}

impl Entry<'_> {
    /// One attribute and its values, each through `write` of [`Values`].
    pub(crate) fn attribute(&mut self, name: &[&str], values: impl FnOnce(&mut Values<'_>)) {
        let attribute = self.outbox.open(SEQUENCE);
        let text = self.outbox.open(OCTETS);
        name.iter()
            .for_each(|part| self.outbox.bytes.extend_from_slice(part.as_bytes()));
        self.outbox.close(text);
        let set = self.outbox.open(SET);
        values(&mut Values(self.outbox));
        self.outbox.close(set);
        self.outbox.close(attribute);
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.open.iter().for_each(|at| self.outbox.close(*at));
    }
}

/// The values of an attribute that is being written.
pub(crate) struct Values<'a>(&'a mut Outbox);

impl Values<'_> {
    pub(crate) fn push(&mut self, value: &[u8]) {
        self.0.primitive(OCTETS, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        for (number, encoded) in [
            (0, &[0][..]),
            (0x7f, &[0x7f]),
            (0x80, &[0, 0x80]),
            (0x7fff, &[0x7f, 0xff]),
            (0x8000, &[0, 0x80, 0]),
            (u32::MAX, &[0, 0xff, 0xff, 0xff, 0xff]),
        ] {
            let mut outbox = Outbox::default();
            outbox.number(number);
            let length = u8::try_from(encoded.len()).unwrap();
            assert_eq!(outbox.bytes, [&[2, length], encoded].concat(), "{number}");
        }
    }
}
