//! Negotiation around the tokens of a mechanism (RFC 4178, "The Simple and Protected GSS-API Negotiation Mechanism").

use super::Rejected;
use super::framing::{self, KRB5, MS_KRB5, SPNEGO};
use super::ntlm::NTLMSSP;

/// What a client begins with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offer<'a> {
    /// All identifiers, as they stand there: what a mechListMIC signs.
    pub(crate) mechanisms: &'a [u8],
    /// The identifier that the client puts first: Kerberos, or NTLM.
    pub(crate) mechanism: &'a [u8],
    /// A token of that mechanism.
    pub(crate) token: &'a [u8],
}

/// A client's next step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// A token of the mechanism.
    pub(crate) token: &'a [u8],
    /// The signature of [`Offer::mechanisms`].
    pub(crate) integrity_code: Option<&'a [u8]>,
}

const ACCEPT_COMPLETED: u8 = 0;
const ACCEPT_INCOMPLETE: u8 = 1;

/// Reads a NegTokenInit. `None`: the token is a Kerberos token without negotiation.
pub(crate) fn open(token: &[u8]) -> Result<Option<Offer<'_>>, Rejected> {
    let (mechanism, content) = framing::open(token)?;
    if mechanism != SPNEGO {
        return Ok(None);
    }
    // NegotiationToken ::= CHOICE { negTokenInit [0] NegTokenInit, … }
    let (content, _) = framing::element(content, 0xa0)?;
    let (sequence, _) = framing::element(content, 0x30)?;
    let (mechanisms, mut rest) = framing::element(sequence, 0xa0)?;
    let (types, _) = framing::element(mechanisms, 0x30)?;
    let (first, _) = framing::element(types, 0x06)?;
    if let Ok((_, after_flags)) = framing::element(rest, 0xa1) {
        rest = after_flags;
    }
    let (token, _) = framing::element(rest, 0xa2)?;
    let (token, _) = framing::element(token, 0x04)?;
    let is_known = [KRB5, MS_KRB5, NTLMSSP].contains(&first);
    let offer = Offer {
        mechanisms,
        mechanism: first,
        token,
    };
    is_known.then_some(Some(offer)).ok_or(Rejected::Token)
}

/// Reads a NegTokenResp.
pub(crate) fn open_answer(token: &[u8]) -> Result<Answer<'_>, Rejected> {
    let (content, _) = framing::element(token, 0xa1)?;
    let (mut rest, _) = framing::element(content, 0x30)?;
    for skipped in [0xa0, 0xa1] {
        if let Ok((_, after)) = framing::element(rest, skipped) {
            rest = after;
        }
    }
    let (token, rest) = framing::element(rest, 0xa2)?;
    let (token, _) = framing::element(token, 0x04)?;
    let code = framing::element(rest, 0xa3).and_then(|(code, _)| framing::element(code, 0x04));
    Ok(Answer {
        token,
        integrity_code: code.ok().map(|(code, _)| code),
    })
}

/// NegTokenResp: accepted, with this mechanism's last token.
pub(crate) fn accepted(mechanism: &[u8], token: &[u8]) -> Vec<u8> {
    response(ACCEPT_COMPLETED, Some(mechanism), token, &[])
}

/// NegTokenResp: the mechanism goes on.
pub(crate) fn goes_on(mechanism: &[u8], token: &[u8]) -> Vec<u8> {
    response(ACCEPT_INCOMPLETE, Some(mechanism), token, &[])
}

/// NegTokenResp: accepted; the integrity code of the mechanisms where the client sent one.
pub(crate) fn completed(integrity_code: &[u8]) -> Vec<u8> {
    response(ACCEPT_COMPLETED, None, &[], integrity_code)
}

fn response(state: u8, mechanism: Option<&[u8]>, token: &[u8], code: &[u8]) -> Vec<u8> {
    let mut fields = framing::tagged(0xa0, &framing::tagged(0x0a, &[state]));
    if let Some(mechanism) = mechanism {
        fields.extend(framing::tagged(0xa1, &framing::tagged(0x06, mechanism)));
    }
    for (tag, content) in [(0xa2, token), (0xa3, code)] {
        if !content.is_empty() {
            fields.extend(framing::tagged(tag, &framing::tagged(0x04, content)));
        }
    }
    framing::tagged(0xa1, &framing::tagged(0x30, &fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_read_and_half_an_offer_is_not() {
        let types = framing::tagged(
            0x30,
            &[framing::tagged(0x06, MS_KRB5), framing::tagged(0x06, KRB5)].concat(),
        );
        let fields = [
            framing::tagged(0xa0, &types),
            framing::tagged(0xa2, &framing::tagged(0x04, b"token")),
        ]
        .concat();
        let token = framing::close(
            SPNEGO,
            &framing::tagged(0xa0, &framing::tagged(0x30, &fields)),
        );
        assert_eq!(
            open(&token),
            Ok(Some(Offer {
                mechanisms: &types,
                mechanism: MS_KRB5,
                token: b"token"
            }))
        );
        for length in 0..token.len() {
            assert!(open(&token[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn an_answer_is_read_with_and_without_integrity_code() {
        let answer = |code: &[u8]| response(ACCEPT_INCOMPLETE, None, b"token", code);
        let (with, without) = (answer(b"code"), answer(b""));
        assert_eq!(open_answer(&without).unwrap().integrity_code, None);
        let read = open_answer(&with).unwrap();
        assert_eq!(
            (read.token, read.integrity_code),
            (&b"token"[..], Some(&b"code"[..]))
        );
        for length in 0..with.len() {
            assert!(open_answer(&with[..length]).is_err(), "{length}");
        }
    }
}
