//! Access checks on objects and attributes ([MS-ADTS] 5.1.3 "Authorization").

use std::collections::HashMap;

use security::{AccessMask, AceFlags, AceType, Guid, SecurityDescriptor, Sid};

use super::Caller;
use super::token::Token;
use crate::store::object::Object;
use crate::store::partial_set::PARTIAL_SET;
use crate::store::schema::Attr;

/// Rights of [MS-ADTS] 5.1.3.2 "Access Rights" that crate `security` does not name.
pub(crate) const CREATE_CHILD: AccessMask = AccessMask(0x1);
pub(crate) const DELETE_CHILD: AccessMask = AccessMask(0x2);
const LIST_CONTENTS: AccessMask = AccessMask(0x4);
pub(crate) const DELETE: AccessMask = AccessMask(0x1_0000);

const EVERYTHING: &str = "CCDCLCSWRPWPDTLOCRSDRCWDWO";

/// The security descriptors that objects get from their class (`defaultSecurityDescriptor`), with what administrators
/// inherit from the head of the domain.
#[derive(Debug, Clone)]
pub(crate) struct DefaultDescriptors {
    /// Readable by every authenticated user.
    usual: SecurityDescriptor,
    /// KDS root keys: nobody but administrators and the system ([MS-ADSC] 2.159).
    secret: SecurityDescriptor,
}

impl DefaultDescriptors {
    pub(crate) fn new(domain: &Sid) -> Option<Self> {
        let of_domain = |rid| domain.with_rid(rid).map(|sid| sid.to_string()).ok();
        let (admins, enterprise) = (of_domain(512)?, of_domain(519)?);
        let full = |sid: &str| format!("(A;;{EVERYTHING};;;{sid})");
        let administrators: String = ["SY", "BA", &admins, &enterprise].map(full).concat();
        let usual =
            format!("O:{admins}G:{admins}D:{administrators}(A;;LCRPLORC;;;AU)(A;;LCRPLORC;;;PS)");
        let secret = format!("O:{admins}G:{admins}D:{administrators}");
        let parse = |sddl: &str| SecurityDescriptor::from_sddl(sddl).ok();
        Some(Self {
            usual: parse(&usual)?,
            secret: parse(&secret)?,
        })
    }

    /// The descriptor of an object that has none of its own.
    pub(crate) fn of(&self, object: &Object) -> &SecurityDescriptor {
        if object.class.name == crate::store::class::ROOT_KEY {
            &self.secret
        } else {
            &self.usual
        }
    }
}

/// Checks one caller's access; remembers what was found for objects without a descriptor of their own.
pub(crate) struct AccessCheck<'a> {
    defaults: &'a DefaultDescriptors,
    token: &'a Token,
    of_global_catalog: bool,
    remembered: HashMap<(&'static str, bool, u32), bool>,
}

impl<'a> AccessCheck<'a> {
    pub(crate) fn new(defaults: &'a DefaultDescriptors, token: &'a Token) -> Self {
        Self {
            defaults,
            token,
            of_global_catalog: false,
            remembered: HashMap::new(),
        }
    }

    /// As far as the port goes that the caller came to.
    pub(crate) fn of(caller: &Caller<'a>) -> Self {
        Self {
            of_global_catalog: caller.of_global_catalog,
            ..Self::new(caller.defaults, caller.token)
        }
    }

    /// Whether the caller may do this to the object as a whole.
    pub(crate) fn allows(&mut self, object: &Object, wanted: AccessMask) -> bool {
        self.check(object, None, wanted)
    }

    /// Whether the caller sees the object at all: it may list what is in its container.
    pub(crate) fn sees(&mut self, container: &Object) -> bool {
        self.check(container, None, LIST_CONTENTS)
    }

    pub(crate) fn may_read(&mut self, object: &Object, attribute: Attr) -> bool {
        if self.of_global_catalog && !PARTIAL_SET.contains(&attribute) {
            return false;
        }
        let wanted = match attribute.definition().is_confidential() {
            true => AccessMask::READ_PROPERTY | AccessMask::CONTROL_ACCESS,
            false if attribute == Attr::NtSecurityDescriptor => AccessMask::READ_CONTROL,
            false => AccessMask::READ_PROPERTY,
        };
        self.check(object, Some(attribute), wanted)
    }

    pub(crate) fn may_write(&mut self, object: &Object, attribute: Attr) -> bool {
        let wanted = match attribute {
            Attr::NtSecurityDescriptor => AccessMask::WRITE_DAC,
            Attr::UnicodePwd | Attr::UserPassword => AccessMask::CONTROL_ACCESS,
            _ => AccessMask::WRITE_PROPERTY,
        };
        self.check(object, Some(attribute), wanted)
    }

    fn check(&mut self, object: &Object, attribute: Option<Attr>, wanted: AccessMask) -> bool {
        if let Some(own) = object.bytes(Attr::NtSecurityDescriptor) {
            let descriptor = SecurityDescriptor::from_bytes(own);
            return descriptor.is_ok_and(|descriptor| {
                granted(&descriptor, self.token, object, attribute, wanted)
            });
        }
        let is_self = object
            .sid()
            .is_some_and(|sid| self.token.account() == Some(sid));
        let key = (object.class.name, is_self, wanted.0);
        if let Some(known) = self.remembered.get(&key) {
            return *known; // The default descriptors have no ACE for one attribute only.
        }
        let allowed = granted(
            self.defaults.of(object),
            self.token,
            object,
            attribute,
            wanted,
        );
        self.remembered.insert(key, allowed);
        allowed
    }
}

/// [MS-ADTS] 5.1.3.3.2 "Checking Object-Specific Access": an ACE for an attribute, or its property set, counts for it.
fn granted(
    descriptor: &SecurityDescriptor,
    token: &Token,
    object: &Object,
    attribute: Option<Attr>,
    wanted: AccessMask,
) -> bool {
    let Some(dacl) = descriptor.dacl() else {
        return true;
    };
    let mut remaining = wanted;
    if descriptor.owner().is_some_and(|owner| token.has(&owner)) {
        remaining = remaining.without(AccessMask::READ_CONTROL | AccessMask::WRITE_DAC);
    }
    for ace in dacl.aces() {
        let (Some(sid), Some(mask)) = (ace.sid(), ace.mask()) else {
            continue;
        };
        let is_self =
            is_principal_self(&sid) && object.sid().is_some_and(|sid| token.account() == Some(sid));
        let about = ace
            .object_type()
            .is_none_or(|about| attribute.is_some_and(|it| covers(&about, it)));
        if ace.flags().contains(AceFlags::INHERIT_ONLY) || !about || !(token.has(&sid) || is_self) {
            continue;
        }
        match ace.ace_type() {
            AceType::ACCESS_ALLOWED | AceType::ACCESS_ALLOWED_OBJECT => {
                remaining = remaining.without(mask)
            }
            AceType::ACCESS_DENIED | AceType::ACCESS_DENIED_OBJECT
                if mask.intersects(remaining) =>
            {
                return false;
            }
            _ => {}
        }
        if remaining == AccessMask(0) {
            break;
        }
    }
    remaining == AccessMask(0)
}

/// S-1-5-10: the object itself.
fn is_principal_self(sid: &Sid) -> bool {
    sid.authority() == 5 && sid.sub_authorities() == [10]
}

/// Whether an ACE's object type is the attribute's schemaIDGUID, its property set, or a right that goes with it.
fn covers(about: &Guid, attribute: Attr) -> bool {
    let text = about.to_string();
    let guids: &[&str] = match attribute {
        Attr::Member => &[
            "bf9679c0-0de6-11d0-a285-00aa003049e2",
            "bc0ac240-79a9-11d0-9020-00c04fc2d4cf",
        ],
        Attr::ServicePrincipalName => &["f3a64788-5306-11d1-a9c5-0000f80367c1"],
        Attr::GroupMsaMembership => &["888eedd6-ce04-df40-b462-b8a50e41ba38"],
        Attr::ManagedPassword => &["e362ed86-b728-0842-b27d-2dea7a9df218"],
        Attr::UserAccountControl => &[
            "bf967a68-0de6-11d0-a285-00aa003049e2",
            "4c164200-20c0-11d0-a768-00aa006e0529",
        ],
        Attr::AllowedToDelegateTo => &["800d94d7-b7a1-42a1-b14d-7cae1423d07f"],
        Attr::AllowedToActOnBehalf => &["3f78c3e5-f79a-46bd-a0b8-9d18116ddc79"],
        Attr::Description => &["bf967950-0de6-11d0-a285-00aa003049e2"],
        Attr::UnicodePwd | Attr::UserPassword => &["00299570-246d-11d0-a768-00aa006e0529"],
        Attr::KdsRootKeyData => &["26627c27-08a2-0a40-a1b1-8dce85b42993"],
        _ => &[],
    };
    guids.contains(&text.as_str())
}
