//! LDAP messages as they come from a server.
//!
//! Requests are `rasn-ldap`'s types. Responses are declared here once more, because `rasn-ldap` closes the set of
//! result codes (an unknown one would end the connection) and wants every text to be UTF-8.

use bytes::Bytes;
use rasn::types::OctetString;
use rasn::{AsnType, Decode, Decoder as _};

use crate::control::Control;
use crate::dn::Dn;
use crate::entry::{Attribute, Entry};
use crate::result_code::ResultCode;

/// RFC 4511 section 4.1.1, "Message Envelope".
#[derive(AsnType, Decode)]
pub(crate) struct Response {
    pub(crate) message_id: u32,
    pub(crate) body: ResponseBody,
    #[rasn(tag(0))]
    controls: Option<Vec<rasn_ldap::Control>>,
}

impl Response {
    /// The message ID of a notice that answers no request (RFC 4511 section 4.4, "Unsolicited Notification").
    pub(crate) const UNSOLICITED: u32 = 0;

    pub(crate) fn controls(&self) -> impl Iterator<Item = Control> {
        self.controls.iter().flatten().map(|control| Control {
            oid: text(&control.control_type),
            critical: control.criticality,
            value: control.control_value.as_ref().map(|value| value.to_vec()),
        })
    }
}

/// What a server can answer.
#[derive(AsnType, Decode)]
#[rasn(choice)]
pub(crate) enum ResponseBody {
    #[rasn(tag(application, 1))]
    Bind(Outcome),
    #[rasn(tag(application, 4))]
    SearchEntry(SearchEntry),
    #[rasn(tag(application, 5))]
    SearchDone(Outcome),
    #[rasn(tag(application, 7))]
    Modify(Outcome),
    #[rasn(tag(application, 9))]
    Add(Outcome),
    #[rasn(tag(application, 11))]
    Delete(Outcome),
    #[rasn(tag(application, 13))]
    ModifyDn(Outcome),
    #[rasn(tag(application, 15))]
    Compare(Outcome),
    #[rasn(tag(application, 19))]
    SearchReference(Vec<OctetString>),
    #[rasn(tag(application, 24))]
    Extended(Outcome),
}

/// RFC 4511 section 4.1.9, "Result Message", with the fields that bind and extended responses add.
#[derive(AsnType, Decode)]
pub(crate) struct Outcome {
    code: Code,
    matched_dn: OctetString,
    diagnostic: OctetString,
    #[rasn(tag(3))]
    referral: Option<Vec<OctetString>>,
    #[rasn(tag(7))]
    pub(crate) server_credentials: Option<OctetString>,
    #[rasn(tag(10))]
    response_name: Option<OctetString>,
    #[rasn(tag(11))]
    _response_value: Option<OctetString>,
}

impl Outcome {
    pub(crate) fn code(&self) -> ResultCode {
        ResultCode(self.code.0)
    }

    pub(crate) fn matched_dn(&self) -> String {
        text(&self.matched_dn)
    }

    pub(crate) fn diagnostic(&self) -> String {
        text(&self.diagnostic)
    }

    pub(crate) fn referrals(&self) -> Vec<String> {
        self.referral
            .iter()
            .flatten()
            .map(|url| text(url))
            .collect()
    }

    /// RFC 4511 section 4.4.1, "Notice of Disconnection".
    pub(crate) fn is_notice_of_disconnection(&self) -> bool {
        self.response_name
            .as_ref()
            .is_some_and(|name| name[..] == *b"1.3.6.1.4.1.1466.20036")
    }
}

/// `resultCode`, open to numbers without a name.
#[derive(AsnType, Decode, Clone, Copy)]
#[rasn(delegate, tag(universal, 10))]
struct Code(u32);

/// RFC 4511 section 4.5.2, "Search Result": `SearchResultEntry`.
#[derive(AsnType, Decode)]
pub(crate) struct SearchEntry {
    object_name: OctetString,
    attributes: Vec<PartialAttribute>,
}

impl From<SearchEntry> for Entry {
    fn from(entry: SearchEntry) -> Self {
        let attributes = entry.attributes.into_iter().map(|attribute| {
            let values = attribute.values.into_iter().map(own);
            Attribute::new(own_text(attribute.name), values)
        });
        Self {
            dn: Dn::from(own_text(entry.object_name)),
            attributes: attributes.collect(),
        }
    }
}

#[derive(AsnType, Decode)]
struct PartialAttribute {
    name: OctetString,
    #[rasn(tag(universal, 17))]
    values: Vec<OctetString>,
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The same of bytes that nobody else has: without a copy.
fn own_text(bytes: OctetString) -> String {
    String::from_utf8(own(bytes)).unwrap_or_else(|error| text(error.as_bytes()))
}

fn own(bytes: OctetString) -> Vec<u8> {
    Bytes::from(bytes).into()
}

/// Decodes one framed message.
///
/// # Errors
/// The decoder's words; never a part of the message.
pub(crate) fn decode(message: &[u8]) -> Result<Response, String> {
    rasn::ber::decode(message).map_err(|error| error.kind.to_string())
}

#[cfg(test)]
mod tests {
    use rasn_ldap::{LdapMessage, LdapResult, ProtocolOp, SearchResultDone};

    use super::*;

    fn done(code: u8) -> Vec<u8> {
        let result = LdapResult::new(rasn_ldap::ResultCode::Other, "".into(), "words".into());
        let message = LdapMessage::new(7, ProtocolOp::SearchResDone(SearchResultDone(result)));
        let mut bytes = rasn::ber::encode(&message).unwrap();
        let position = bytes.windows(3).position(|w| w == [0x0a, 1, 80]).unwrap();
        bytes[position + 2] = code;
        bytes
    }

    #[test]
    fn unknown_result_codes_are_results() {
        for code in [0, 80, 113, 118, 127] {
            let response = decode(&done(code)).unwrap();
            assert_eq!(response.message_id, 7);
            let ResponseBody::SearchDone(outcome) = response.body else {
                panic!("another response")
            };
            assert_eq!(
                (outcome.code(), outcome.diagnostic()),
                (ResultCode(code.into()), "words".to_owned())
            );
        }
    }

    #[test]
    fn cut_and_garbled_messages_are_errors() {
        let whole = done(0);
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "{length}");
        }
        assert!(decode(&[0x30, 0x80, 0, 0]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(0u8.., 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
