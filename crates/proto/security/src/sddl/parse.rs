//! SDDL to security descriptor.

use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::SddlError;
use super::names::{ACE_FLAGS, ACE_TYPES, COMBINED_RIGHTS, RIGHTS, SID_ALIASES};
use crate::access_mask::AccessMask;
use crate::ace::{Ace, AceBody, AceFlags, AceType};
use crate::acl::Acl;
use crate::control::Control;
use crate::guid::Guid;
use crate::security_descriptor::SecurityDescriptor;
use crate::sid::Sid;

impl SecurityDescriptor {
    /// Reads what [`SecurityDescriptor::to_sddl`] prints, and what Windows prints in the same words.
    ///
    /// The descriptor is laid out as Windows lays it out; an ACL has revision 4 when it holds an object ACE, else 2.
    ///
    /// # Errors
    /// [`SddlError`] with the part that is not understood.
    pub fn from_sddl(text: &str) -> Result<Self, SddlError> {
        let (mut owner, mut group, mut dacl, mut sacl) = (None, None, None, None);
        let mut rest = text;
        while !rest.is_empty() {
            let (name, value, behind) = split_component(rest)?;
            match name {
                'O' => set_once(&mut owner, name, parse_trustee(value)?)?,
                'G' => set_once(&mut group, name, parse_trustee(value)?)?,
                'D' => set_once(&mut dacl, name, parse_list(value)?)?,
                'S' => set_once(&mut sacl, name, parse_list(value)?)?,
                _ => return Err(SddlError::Syntax(rest.to_owned())),
            }
            rest = behind;
        }
        let mut control = Control::SELF_RELATIVE
            .with(Control::DACL_PRESENT, dacl.is_some())
            .with(Control::SACL_PRESENT, sacl.is_some());
        for (list, protected, requested, inherited) in [
            (
                &dacl,
                Control::DACL_PROTECTED,
                Control::DACL_AUTO_INHERIT_REQ,
                Control::DACL_AUTO_INHERITED,
            ),
            (
                &sacl,
                Control::SACL_PROTECTED,
                Control::SACL_AUTO_INHERIT_REQ,
                Control::SACL_AUTO_INHERITED,
            ),
        ] {
            let [p, ar, ai] = list.as_ref().map_or([false; 3], |list| list.flags);
            control = control
                .with(protected, p)
                .with(requested, ar)
                .with(inherited, ai);
        }
        let acl = |list: Option<ParsedList>| list.and_then(|list| list.acl);
        Ok(Self::with_control(
            control,
            owner,
            group,
            acl(sacl),
            acl(dacl),
        )?)
    }
}

/// One of `D:` and `S:`.
struct ParsedList {
    /// P, AR and AI.
    flags: [bool; 3],
    /// `None` for NO_ACCESS_CONTROL.
    acl: Option<Acl>,
}

/// `D:…` up to the next component: its letter, its value, and the text behind it.
fn split_component(text: &str) -> Result<(char, &str, &str), SddlError> {
    let syntax = || SddlError::Syntax(text.to_owned());
    let (name, value) = text.split_once(':').ok_or_else(syntax)?;
    let mut letters = name.chars();
    let (Some(name), None) = (letters.next(), letters.next()) else {
        return Err(syntax());
    };
    // The next component starts one letter before the next colon.
    let end = value
        .find(':')
        .map_or(Some(value.len()), |colon| colon.checked_sub(1));
    let (value, behind) = end
        .and_then(|end| value.split_at_checked(end))
        .ok_or_else(syntax)?;
    Ok((name, value, behind))
}

fn set_once<T>(slot: &mut Option<T>, name: char, value: T) -> Result<(), SddlError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(SddlError::Twice(name)),
    }
}

fn parse_trustee(text: &str) -> Result<Sid, SddlError> {
    let text = SID_ALIASES
        .iter()
        .find(|(alias, _)| *alias == text)
        .map_or(text, |(_, sid)| sid);
    text.parse()
        .map_err(|_| SddlError::Trustee(text.to_owned()))
}

/// `[P][AR][AI](ace)(ace)…`, or the same flags and `NO_ACCESS_CONTROL`.
fn parse_list(text: &str) -> Result<ParsedList, SddlError> {
    let mut rest = text;
    let flags = ["P", "AR", "AI"].map(|flag| {
        let behind = rest.strip_prefix(flag);
        rest = behind.unwrap_or(rest);
        behind.is_some()
    });
    if rest == "NO_ACCESS_CONTROL" {
        return Ok(ParsedList { flags, acl: None });
    }
    let mut aces = Vec::new();
    while !rest.is_empty() {
        let inner = rest
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'));
        let (ace, behind) = inner.ok_or_else(|| SddlError::Syntax(rest.to_owned()))?;
        aces.push(parse_ace(ace)?);
        rest = behind;
    }
    Ok(ParsedList {
        flags,
        acl: Some(Acl::new(aces)?),
    })
}

impl FromStr for Ace {
    type Err = SddlError;

    /// Reads one ACE as it is printed, with its brackets.
    fn from_str(text: &str) -> Result<Self, SddlError> {
        let inner = text
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        parse_ace(inner.ok_or_else(|| SddlError::Syntax(text.to_owned()))?)
    }
}

impl<'de> Deserialize<'de> for Ace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn parse_ace(text: &str) -> Result<Ace, SddlError> {
    let syntax = || SddlError::Syntax(text.to_owned());
    let fields: Vec<&str> = text.split(';').collect();
    match fields.as_slice() {
        [ace_type, flags, body] => {
            let ace_type = AceType(
                parse_hex_u32(ace_type)
                    .and_then(|number| u8::try_from(number).ok())
                    .ok_or_else(syntax)?,
            );
            let known_shape = ace_type.name() != "unknown" && !ace_type.has_object_shape();
            let body = parse_data(body)
                .filter(|_| !known_shape)
                .ok_or_else(syntax)?;
            Ok(Ace::from_parts(
                ace_type,
                parse_flags(flags)?,
                AceBody::Opaque(body),
            ))
        }
        [
            ace_type,
            flags,
            rights,
            object_type,
            inherited_object_type,
            trustee,
            data @ ..,
        ] => {
            let ace_type = parse_ace_type(ace_type).ok_or_else(syntax)?;
            let mask = parse_rights(rights)?;
            let object_type = parse_guid(object_type).ok_or_else(syntax)?;
            let inherited_object_type = parse_guid(inherited_object_type).ok_or_else(syntax)?;
            let sid = parse_trustee(trustee)?;
            let data = match data {
                [] => Vec::new(),
                [data] => parse_data(data).ok_or_else(syntax)?,
                _ => return Err(syntax()),
            };
            let body = match (
                ace_type.has_object_shape(),
                object_type,
                inherited_object_type,
            ) {
                (true, _, _) => AceBody::Object {
                    mask,
                    object_type,
                    inherited_object_type,
                    sid,
                    data,
                },
                (false, None, None) => AceBody::Sid { mask, sid, data },
                (false, _, _) => return Err(syntax()),
            };
            Ok(Ace::from_parts(ace_type, parse_flags(flags)?, body))
        }
        _ => Err(syntax()),
    }
}

/// Letters, or the number that is printed for the types that have no letters.
fn parse_ace_type(text: &str) -> Option<AceType> {
    let letters = ACE_TYPES
        .iter()
        .find(|(letters, _)| *letters == text)
        .map(|(_, number)| *number);
    let number =
        letters.or_else(|| parse_hex_u32(text).and_then(|number| u8::try_from(number).ok()))?;
    Some(AceType(number)).filter(|ace_type| ace_type.name() != "unknown")
}

fn parse_flags(text: &str) -> Result<AceFlags, SddlError> {
    let bits = parse_letter_pairs(text, &[ACE_FLAGS]).and_then(|bits| u8::try_from(bits).ok());
    bits.map(AceFlags)
        .ok_or_else(|| SddlError::Syntax(text.to_owned()))
}

fn parse_rights(text: &str) -> Result<AccessMask, SddlError> {
    let mask = parse_hex_u32(text).or_else(|| parse_letter_pairs(text, &[RIGHTS, COMBINED_RIGHTS]));
    mask.map(AccessMask)
        .ok_or_else(|| SddlError::Rights(text.to_owned()))
}

fn parse_letter_pairs(text: &str, names: &[&[(&str, u32)]]) -> Option<u32> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let bit = |pair: &[u8; 2]| {
        names
            .iter()
            .copied()
            .flatten()
            .find(|(letters, _)| letters.as_bytes() == pair)
            .map(|(_, bit)| *bit)
    };
    odd.is_empty()
        .then(|| {
            pairs
                .iter()
                .try_fold(0, |bits, pair| Some(bits | bit(pair)?))
        })
        .flatten()
}

fn parse_hex_u32(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x")?;
    let shaped =
        (1..=8).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    shaped
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

/// An empty field is no GUID; the outer `None` is an error.
fn parse_guid(text: &str) -> Option<Option<Guid>> {
    if text.is_empty() {
        Some(None)
    } else {
        text.parse().ok().map(Some)
    }
}

fn parse_data(text: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = text.strip_prefix('#')?.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
    };
    odd.is_empty()
        .then(|| pairs.iter().map(byte).collect())
        .flatten()
}
