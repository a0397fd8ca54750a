//! Search filters: built from parts, so that no value can become syntax.

use std::fmt;

use rasn_ldap::{AttributeValueAssertion, MatchingRuleAssertion, SubstringChoice, SubstringFilter};

/// A search filter (RFC 4511 section 4.5.1.7, "SearchRequest.filter"). Text: [`str::parse`] and `Display` (RFC 4515).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All hold.
    And(Vec<Filter>),
    /// At least one holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// An attribute has any value.
    Present(String),
    /// An attribute has this value.
    Equal(String, Vec<u8>),
    /// An attribute has a value at or above this one.
    GreaterOrEqual(String, Vec<u8>),
    /// An attribute has a value at or below this one.
    LessOrEqual(String, Vec<u8>),
    /// An attribute has about this value.
    Approximate(String, Vec<u8>),
    /// A value has these parts, in this order.
    Substrings {
        /// The attribute.
        attribute: String,
        /// What the value begins with.
        initial: Option<Vec<u8>>,
        /// What it holds in between.
        any: Vec<Vec<u8>>,
        /// What it ends with.
        last: Option<Vec<u8>>,
    },
    /// A matching rule holds.
    Extensible {
        /// The attribute; `None` for all that the rule fits.
        attribute: Option<String>,
        /// The rule's object identifier.
        rule: Option<String>,
        /// Whether the parts of the entry's name are matched as well.
        dn_attributes: bool,
        /// The value to match.
        value: Vec<u8>,
    },
}

impl Filter {
    /// The attribute has any value.
    pub fn present(attribute: impl Into<String>) -> Self {
        Self::Present(attribute.into())
    }

    /// The attribute has this value; bytes as they are, nothing to escape.
    pub fn equal(attribute: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self::Equal(attribute.into(), value.into())
    }

    /// The attribute begins with this value.
    pub fn begins_with(attribute: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self::Substrings {
            attribute: attribute.into(),
            initial: Some(value.into()),
            any: Vec::new(),
            last: None,
        }
    }

    /// [MS-ADTS] 3.1.1.3.4.4.1 LDAP_MATCHING_RULE_BIT_AND: all these bits are set.
    pub fn bits_set(attribute: impl Into<String>, bits: u32) -> Self {
        Self::matching("1.2.840.113556.1.4.803", attribute.into(), bits.to_string())
    }

    /// [MS-ADTS] 3.1.1.3.4.4.3 LDAP_MATCHING_RULE_TRANSITIVE_EVAL: the link leads there, directly or through groups.
    pub fn leads_to(attribute: impl Into<String>, dn: &crate::Dn) -> Self {
        Self::matching(
            "1.2.840.113556.1.4.1941",
            attribute.into(),
            dn.as_str().to_owned(),
        )
    }

    /// All hold.
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::And(filters.into_iter().collect())
    }

    /// At least one holds.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::Or(filters.into_iter().collect())
    }

    /// It does not hold.
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    fn matching(rule: &str, attribute: String, value: String) -> Self {
        let (attribute, rule, value) = (Some(attribute), Some(rule.to_owned()), value.into_bytes());
        Self::Extensible {
            attribute,
            rule,
            dn_attributes: false,
            value,
        }
    }

    pub(crate) fn to_wire(&self) -> rasn_ldap::Filter {
        use rasn_ldap::Filter as Wire;
        let assertion = |attribute: &str, value: &[u8]| {
            AttributeValueAssertion::new(attribute.into(), octets(value))
        };
        let set = |filters: &[Self]| filters.iter().map(Self::to_wire).collect::<Vec<_>>().into();
        match self {
            Self::And(filters) => Wire::And(set(filters)),
            Self::Or(filters) => Wire::Or(set(filters)),
            Self::Not(filter) => Wire::Not(Box::new(filter.to_wire())),
            Self::Present(attribute) => Wire::Present(attribute.as_str().into()),
            Self::Equal(attribute, value) => Wire::EqualityMatch(assertion(attribute, value)),
            Self::GreaterOrEqual(attribute, value) => {
                Wire::GreaterOrEqual(assertion(attribute, value))
            }
            Self::LessOrEqual(attribute, value) => Wire::LessOrEqual(assertion(attribute, value)),
            Self::Approximate(attribute, value) => Wire::ApproxMatch(assertion(attribute, value)),
            Self::Substrings {
                attribute,
                initial,
                any,
                last,
            } => {
                let parts = initial
                    .iter()
                    .map(|part| SubstringChoice::Initial(octets(part)));
                let parts = parts.chain(any.iter().map(|part| SubstringChoice::Any(octets(part))));
                let parts =
                    parts.chain(last.iter().map(|part| SubstringChoice::Final(octets(part))));
                Wire::Substrings(SubstringFilter::new(
                    attribute.as_str().into(),
                    parts.collect(),
                ))
            }
            Self::Extensible {
                attribute,
                rule,
                dn_attributes,
                value,
            } => {
                let text = |text: &Option<String>| text.as_deref().map(Into::into);
                Wire::ExtensibleMatch(MatchingRuleAssertion::new(
                    text(rule),
                    text(attribute),
                    octets(value),
                    *dn_attributes,
                ))
            }
        }
    }
}

fn octets(value: &[u8]) -> rasn::types::OctetString {
    value.to_vec().into()
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = |f: &mut fmt::Formatter<'_>, sign: char, filters: &[Self]| {
            write!(f, "({sign}")?;
            filters.iter().try_for_each(|filter| filter.fmt(f))?;
            write!(f, ")")
        };
        match self {
            Self::And(filters) => each(f, '&', filters),
            Self::Or(filters) => each(f, '|', filters),
            Self::Not(filter) => write!(f, "(!{filter})"),
            Self::Present(attribute) => write!(f, "({attribute}=*)"),
            Self::Equal(attribute, value) => write!(f, "({attribute}={})", Escaped(value)),
            Self::GreaterOrEqual(attribute, value) => {
                write!(f, "({attribute}>={})", Escaped(value))
            }
            Self::LessOrEqual(attribute, value) => write!(f, "({attribute}<={})", Escaped(value)),
            Self::Approximate(attribute, value) => write!(f, "({attribute}~={})", Escaped(value)),
            Self::Substrings {
                attribute,
                initial,
                any,
                last,
            } => {
                write!(
                    f,
                    "({attribute}={}*",
                    Escaped(initial.as_deref().unwrap_or_default())
                )?;
                any.iter()
                    .try_for_each(|part| write!(f, "{}*", Escaped(part)))?;
                write!(f, "{})", Escaped(last.as_deref().unwrap_or_default()))
            }
            Self::Extensible {
                attribute,
                rule,
                dn_attributes,
                value,
            } => {
                write!(f, "({}", attribute.as_deref().unwrap_or_default())?;
                f.write_str(if *dn_attributes { ":dn" } else { "" })?;
                rule.iter().try_for_each(|rule| write!(f, ":{rule}"))?;
                write!(f, ":={})", Escaped(value))
            }
        }
    }
}

/// RFC 4515 section 3, `valueencoding`: everything that is syntax, a control or not UTF-8 becomes `\xx`.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '(' | ')' | '*' | '\\' | '\0'..='\x1f' | '\x7f' => {
                        write!(f, "\\{:02x}", u32::from(c))?
                    }
                    c => write!(f, "{c}")?,
                }
            }
            chunk
                .invalid()
                .iter()
                .try_for_each(|byte| write!(f, "\\{byte:02x}"))?;
        }
        Ok(())
    }
}
