//! Negotiation around the Kerberos token (RFC 4178, "The Simple and Protected GSS-API Negotiation Mechanism").

use super::Rejected;
use super::framing::{self, KRB5, MS_KRB5, SPNEGO};

/// What a client begins with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offer<'a> {
    /// The Kerberos identifier that the client puts first.
    pub(crate) mechanism: &'a [u8],
    /// A token of that mechanism.
    pub(crate) token: &'a [u8],
}

/// Reads a NegTokenInit. `None`: the token is a Kerberos token without negotiation.
pub(crate) fn open(token: &[u8]) -> Result<Option<Offer<'_>>, Rejected> {
    let (mechanism, content) = framing::open(token)?;
    if mechanism != SPNEGO {
        return Ok(None);
    }
    // NegotiationToken ::= CHOICE { negTokenInit [0] NegTokenInit, … }
    let (content, _) = framing::element(content, 0xa0)?;
    let (sequence, _) = framing::element(content, 0x30)?;
    let (types, mut rest) = framing::element(sequence, 0xa0)?;
    let (types, _) = framing::element(types, 0x30)?;
    let (first, _) = framing::element(types, 0x06)?;
    if let Ok((_, after_flags)) = framing::element(rest, 0xa1) {
        rest = after_flags;
    }
    let (token, _) = framing::element(rest, 0xa2)?;
    let (token, _) = framing::element(token, 0x04)?;
    let is_kerberos = [KRB5, MS_KRB5].contains(&first);
    if is_kerberos {
        Ok(Some(Offer {
            mechanism: first,
            token,
        }))
    } else {
        Err(Rejected::Token)
    }
}

/// NegTokenResp: accepted, with this mechanism's last token.
pub(crate) fn accepted(mechanism: &[u8], token: &[u8]) -> Vec<u8> {
    const ACCEPT_COMPLETED: u8 = 0;
    let mut fields = framing::tagged(0xa0, &framing::tagged(0x0a, &[ACCEPT_COMPLETED]));
    fields.extend(framing::tagged(0xa1, &framing::tagged(0x06, mechanism)));
    if !token.is_empty() {
        fields.extend(framing::tagged(0xa2, &framing::tagged(0x04, token)));
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
                mechanism: MS_KRB5,
                token: b"token"
            }))
        );
        for length in 0..token.len() {
            assert!(open(&token[..length]).is_err(), "{length}");
        }
    }
}
