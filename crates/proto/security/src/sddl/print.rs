//! Security descriptor to SDDL.

use std::fmt;

use serde::{Serialize, Serializer};

use super::names::{ACE_FLAGS, ACE_TYPES, COMBINED_RIGHTS, RIGHTS, SID_ALIASES};
use crate::access_mask::AccessMask;
use crate::ace::{Ace, AceBody};
use crate::acl::Acl;
use crate::control::Control;
use crate::guid::Guid;
use crate::security_descriptor::SecurityDescriptor;
use crate::sid::Sid;

impl SecurityDescriptor {
    /// The descriptor as SDDL text: `O:owner G:group D:dacl S:sacl`, without the spaces.
    #[must_use]
    pub fn to_sddl(&self) -> String {
        let mut text = String::new();
        for (name, sid) in [("O:", self.owner()), ("G:", self.group())] {
            text.extend(sid.map(|sid| format!("{name}{}", trustee(&sid))));
        }
        if self.control().contains(Control::DACL_PRESENT) {
            text.push_str("D:");
            self.print_flags(
                &mut text,
                [
                    Control::DACL_PROTECTED,
                    Control::DACL_AUTO_INHERIT_REQ,
                    Control::DACL_AUTO_INHERITED,
                ],
            );
            print_list(&mut text, self.dacl());
        }
        if self.control().contains(Control::SACL_PRESENT) {
            text.push_str("S:");
            self.print_flags(
                &mut text,
                [
                    Control::SACL_PROTECTED,
                    Control::SACL_AUTO_INHERIT_REQ,
                    Control::SACL_AUTO_INHERITED,
                ],
            );
            print_list(&mut text, self.sacl());
        }
        text
    }

    fn print_flags(&self, text: &mut String, bits: [Control; 3]) {
        for (letters, bit) in ["P", "AR", "AI"].into_iter().zip(bits) {
            if self.control().contains(bit) {
                text.push_str(letters);
            }
        }
    }
}

fn print_list(text: &mut String, acl: Option<&Acl>) {
    match acl {
        None => text.push_str("NO_ACCESS_CONTROL"),
        Some(acl) => text.extend(acl.aces().iter().map(Ace::to_string)),
    }
}

/// `(type;flags;rights;object;inherited object;trustee[;#data])`, or `(0xtype;flags;#body)` for an unknown type.
impl fmt::Display for Ace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print_ace(self))
    }
}

impl Serialize for Ace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn print_ace(ace: &Ace) -> String {
    let number = ace.ace_type().0;
    let ace_type = ACE_TYPES.iter().find(|(_, known)| *known == number);
    let ace_type = ace_type.map_or_else(
        || format!("{number:#04x}"),
        |(letters, _)| (*letters).to_owned(),
    );
    let flags: String = letters_of(ACE_FLAGS, u32::from(ace.flags().0)).0;
    let guid = |guid: &Option<Guid>| guid.map(|guid| guid.to_string()).unwrap_or_default();
    match ace.body() {
        AceBody::Sid { mask, sid, data } => {
            format!(
                "({ace_type};{flags};{};;;{}{})",
                rights(*mask),
                trustee(sid),
                print_data(data)
            )
        }
        AceBody::Object {
            mask,
            object_type,
            inherited_object_type,
            sid,
            data,
        } => format!(
            "({ace_type};{flags};{};{};{};{}{})",
            rights(*mask),
            guid(object_type),
            guid(inherited_object_type),
            trustee(sid),
            print_data(data)
        ),
        AceBody::Opaque(body) => format!("({number:#04x};{flags};#{})", hex(body)),
    }
}

fn print_data(data: &[u8]) -> String {
    if data.is_empty() {
        String::new()
    } else {
        format!(";#{}", hex(data))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn trustee(sid: &Sid) -> String {
    let text = sid.to_string();
    SID_ALIASES
        .iter()
        .find(|(_, known)| *known == text)
        .map_or(text, |(alias, _)| (*alias).to_owned())
}

/// A combination when it is the whole mask, else letter pairs when they cover it, else hexadecimal.
fn rights(mask: AccessMask) -> String {
    if let Some((letters, _)) = COMBINED_RIGHTS
        .iter()
        .find(|(_, combined)| *combined == mask.0)
    {
        return (*letters).to_owned();
    }
    match letters_of(RIGHTS, mask.0) {
        (letters, 0) if !letters.is_empty() => letters,
        _ => format!("{:#x}", mask.0),
    }
}

/// The letters for the bits that have some, and the bits that have none.
fn letters_of(names: &[(&str, u32)], bits: u32) -> (String, u32) {
    let set = || names.iter().filter(|(_, bit)| bits & bit != 0);
    (
        set().map(|(letters, _)| *letters).collect(),
        set().fold(bits, |rest, (_, bit)| rest & !bit),
    )
}
