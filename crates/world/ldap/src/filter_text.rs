//! Reads search filters from text (RFC 4515).

use std::str::FromStr;

use crate::error::Error;
use crate::filter::Filter;

/// Longest accepted text, in bytes.
const MAX_LENGTH: usize = 64 * 1024;
/// Deepest accepted nesting: keeps hostile text from exhausting the stack.
const MAX_DEPTH: usize = 64;

impl FromStr for Filter {
    type Err = Error;

    /// Reads a filter; the outermost parentheses must be there.
    ///
    /// # Errors
    /// [`Error::Input`] that names the byte where reading stopped.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut reader = Reader { text, position: 0 };
        let filter = if text.len() > MAX_LENGTH {
            Err("it is longer than 65536 bytes")
        } else {
            reader
                .filter(MAX_DEPTH)
                .and_then(|filter| match reader.rest() {
                    "" => Ok(filter),
                    _ => Err("there is something after its end"),
                })
        };
        filter.map_err(|wrong| Error::Input {
            what: "the search filter is not valid",
            detail: format!("{wrong} (byte {})", reader.position),
        })
    }
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn accept(&mut self, token: &str) -> bool {
        let accepted = self.rest().starts_with(token);
        self.position += if accepted { token.len() } else { 0 };
        accepted
    }

    fn until(&mut self, stops: &[char]) -> &'a str {
        let rest = self.rest();
        let taken = rest
            .find(stops)
            .and_then(|end| rest.get(..end))
            .unwrap_or(rest);
        self.position += taken.len();
        taken
    }

    fn filter(&mut self, depth: usize) -> Result<Filter, &'static str> {
        let depth = depth
            .checked_sub(1)
            .ok_or("it is nested deeper than 64 levels")?;
        if !self.accept("(") {
            return Err("a \"(\" is missing");
        }
        let filter = match self.rest().chars().next() {
            Some('&') => Filter::And(self.list(depth)?),
            Some('|') => Filter::Or(self.list(depth)?),
            Some('!') => {
                self.position += 1;
                Filter::Not(Box::new(self.filter(depth)?))
            }
            _ => self.item()?,
        };
        if self.accept(")") {
            Ok(filter)
        } else {
            Err("a \")\" is missing")
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Filter>, &'static str> {
        self.position += 1;
        let mut filters = Vec::new();
        while self.rest().starts_with('(') {
            filters.push(self.filter(depth)?);
        }
        Ok(filters)
    }

    fn item(&mut self) -> Result<Filter, &'static str> {
        let attribute = self.until(&['=', '>', '<', '~', ':', '(', ')']);
        if self.rest().starts_with(':') {
            return self.extensible(attribute);
        }
        let attribute = description(attribute)?;
        if self.accept(">=") {
            return Ok(Filter::GreaterOrEqual(attribute, self.value()?));
        }
        if self.accept("<=") {
            return Ok(Filter::LessOrEqual(attribute, self.value()?));
        }
        if self.accept("~=") {
            return Ok(Filter::Approximate(attribute, self.value()?));
        }
        if !self.accept("=") {
            return Err("a comparison is missing");
        }
        self.equality(attribute)
    }

    fn equality(&mut self, attribute: String) -> Result<Filter, &'static str> {
        let text = self.until(&['(', ')']);
        let mut parts = text
            .split('*')
            .map(unescape)
            .collect::<Result<Vec<_>, _>>()?;
        match (parts.len(), text) {
            (_, "*") => Ok(Filter::Present(attribute)),
            (0 | 1, _) => Ok(Filter::Equal(attribute, parts.pop().unwrap_or_default())),
            _ => {
                let filled = |part: Vec<u8>| Some(part).filter(|part| !part.is_empty());
                let last = parts.pop().and_then(filled);
                let mut parts = parts.into_iter();
                let initial = parts.next().and_then(filled);
                let any = parts.map(|part| filled(part).ok_or("two \"*\" follow one another"));
                Ok(Filter::Substrings {
                    attribute,
                    initial,
                    any: any.collect::<Result<_, _>>()?,
                    last,
                })
            }
        }
    }

    fn extensible(&mut self, attribute: &str) -> Result<Filter, &'static str> {
        let attribute = Some(attribute)
            .filter(|name| !name.is_empty())
            .map(description)
            .transpose()?;
        let dn_attributes = self.accept(":dn:") && {
            self.position -= 1; // The second colon begins what follows.
            true
        };
        let rule = if self.rest().starts_with(":=") {
            None
        } else {
            self.position += 1;
            Some(description(self.until(&[':', '=', '(', ')']))?)
        };
        if !self.accept(":=") {
            return Err("a \":=\" is missing");
        }
        if attribute.is_none() && rule.is_none() {
            return Err("neither an attribute nor a matching rule is named");
        }
        Ok(Filter::Extensible {
            attribute,
            rule,
            dn_attributes,
            value: self.value()?,
        })
    }

    fn value(&mut self) -> Result<Vec<u8>, &'static str> {
        let text = self.until(&['(', ')']);
        if text.contains('*') {
            Err("a \"*\" stands where no part can be left out")
        } else {
            unescape(text)
        }
    }
}

/// RFC 4512 section 2.5, "Attribute Descriptions": a name or object identifier, and options.
fn description(text: &str) -> Result<String, &'static str> {
    let valid = !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.;_".contains(&b));
    valid
        .then(|| text.to_owned())
        .ok_or("an attribute name is missing or malformed")
}

fn unescape(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut pieces = text.split('\\');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let digits = piece
            .get(..2)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or("a \"\\\" is not followed by two hexadecimal digits")?);
        bytes.extend_from_slice(piece.as_bytes().get(2..).unwrap_or_default());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_and_filter_are_two_forms_of_one_thing() {
        for text in [
            "(cn=Babs Jensen)",
            "(!(cn=Tim Howes))",
            "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
            "(o=univ*of*mich*)",
            "(cn=*a)",
            "(seeAlso=)",
            "(objectClass=*)",
            "(&)",
            "(|)",
            "(usnChanged>=5)",
            "(usnChanged<=5)",
            "(cn~=babs)",
            "(cn:caseExactMatch:=Fred)",
            "(cn:=Betty)",
            "(sn:dn:2.4.6.8.10:=Barney)",
            "(o:dn:=Ace)",
            "(:1.2.3:=Wilma)",
            "(:dn:2.4.6.8.10:=Dino)",
            "(userAccountControl:1.2.840.113556.1.4.803:=2)",
            "(objectGUID=\\ff\\fe\\00\\28)",
            "(cn=Lučić)",
            "(member;range=0-1=x)",
        ] {
            let filter = text.parse::<Filter>();
            if text.starts_with("(member;range") {
                assert!(filter.is_ok_and(|f| f == Filter::equal("member;range", "0-1=x")));
                continue;
            }
            assert_eq!(filter.unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_text_is_refused_with_its_place() {
        for text in [
            "",
            "cn=a",
            "(cn=a",
            "(cn=a))",
            "()",
            "(=a)",
            "(cn)",
            "(cn=\\zz)",
            "(cn=\\2)",
            "(cn=a**b)",
            "(cn>=a*)",
            "(:=a)",
            "(!)",
            "(&(cn=a)",
            "(c n=a)",
            "(cn=a(b)",
            "(cn=\\+1)",
            "(cn:dn=x)",
        ] {
            assert!(text.parse::<Filter>().is_err(), "{text}");
        }
        let wrong = "(&(cn=a)(cn=\\zz))"
            .parse::<Filter>()
            .unwrap_err()
            .to_string();
        assert!(
            wrong.starts_with("the search filter is not valid: a \"\\\""),
            "{wrong}"
        );
    }

    #[test]
    fn hostile_depth_and_length_are_refused() {
        let deep = |depth: usize| format!("{}(cn=a){}", "(!".repeat(depth), ")".repeat(depth));
        assert!(deep(63).parse::<Filter>().is_ok());
        assert!(
            deep(64)
                .parse::<Filter>()
                .unwrap_err()
                .to_string()
                .contains("nested deeper")
        );
        assert!(
            "(!".repeat(30_000)
                .parse::<Filter>()
                .unwrap_err()
                .to_string()
                .contains("nested deeper")
        );
        assert!(
            format!("(cn={})", "a".repeat(70_000))
                .parse::<Filter>()
                .unwrap_err()
                .to_string()
                .contains("longer")
        );
    }

    proptest! {
        #[test]
        fn any_value_survives(value in prop::collection::vec(any::<u8>(), 0..40)) {
            let filter = Filter::equal("cn", value);
            prop_assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,60}|[()&|!=*:\\\\a-f0-9]{0,60}") {
            if let Ok(filter) = text.parse::<Filter>() {
                prop_assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
            }
        }
    }
}
