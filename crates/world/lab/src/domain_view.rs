//! What the lab's hosts see of its directory.

use std::fmt;
use std::sync::Arc;

use managed_password::PasswordKeyId;
use model::names::SamAccountName;
use security::{AccessMask, FileTime, Interval, SecurityDescriptor, Sid};

use crate::directory::Directory;
use crate::hosts::{AccountKind, DomainAccount, DomainView, NoPassword, PasswordVersion, Token};
use crate::rules::accounts::ACCOUNT_DISABLE;
use crate::rules::{gmsa, token, values};
use crate::store::Store;
use crate::store::class;
use crate::store::object::{Object, ObjectId};
use crate::store::schema::Attr;

/// [MS-KILE] 2.2.7: what counts where `msDS-SupportedEncryptionTypes` is not set: RC4, AES128, AES256.
const USUAL_ENCRYPTION_TYPES: u32 = 0x1C;

/// The directory as its hosts ask it, without a network between.
pub(crate) struct LabDomain(pub(crate) Arc<Directory>);

impl LabDomain {
    fn account(store: &Store, sid: &Sid) -> Option<ObjectId> {
        store
            .find(Attr::ObjectSid, &sid.to_bytes())
            .first()
            .copied()
    }

    /// A managed password is brought up to date before it is asked for, as a log-on does.
    fn version(&self, store: &mut Store, id: ObjectId) -> Option<PasswordVersion> {
        if store.get(id)?.class.is(class::GMSA) {
            let now = self.0.now();
            let (_, state) = gmsa::roll_over(&self.0.forest, store, id, now)?;
            return state.current.map(version_of_key);
        }
        let set = values::file_time(store.get(id)?, Attr::PwdLastSet)?;
        Some(PasswordVersion(set.as_ticks()))
    }
}

impl DomainView for LabDomain {
    fn now(&self) -> FileTime {
        self.0.now()
    }

    fn pass(&self, time: Interval) {
        self.0.clock.advance(time);
    }

    fn netbios_name(&self) -> String {
        self.0.forest.netbios_name.clone()
    }

    fn dns_name(&self) -> String {
        self.0.forest.dns_name.clone()
    }

    fn find(&self, name: &SamAccountName) -> Option<DomainAccount> {
        self.0.write(|store| {
            let name = name.as_str().as_bytes();
            let id = store.find(Attr::SamAccountName, name).first().copied()?;
            let password = self.version(store, id).unwrap_or_default();
            describe(store.get(id)?, password)
        })
    }

    fn token(&self, account: &Sid) -> Token {
        let sids = self
            .0
            .read(|store| Self::account(store, account).map(|id| token::Token::of(store, id).sids));
        Token::of(sids.unwrap_or_default())
    }

    fn managed_password(&self, gmsa: &Sid, reader: &Token) -> Result<PasswordVersion, NoPassword> {
        self.0.write(|store| {
            let id = Self::account(store, gmsa).ok_or(NoPassword::NotAllowed)?;
            let list = store
                .get(id)
                .and_then(|it| it.bytes(Attr::GroupMsaMembership));
            let list = list.and_then(|bytes| SecurityDescriptor::from_bytes(bytes).ok());
            let sids: Vec<Sid> = reader.sids().copied().collect();
            if !list.is_some_and(|list| list.allows(AccessMask::READ_PROPERTY, &sids)) {
                return Err(NoPassword::NotAllowed);
            }
            self.version(store, id).ok_or(NoPassword::NoRootKey)
        })
    }

    fn proves(&self, account: &Sid, password: &[u8]) -> Option<PasswordVersion> {
        self.0.write(|store| {
            let id = Self::account(store, account)?;
            let secret = store.get(id)?.secret.clone()?;
            let proved = secret.is_password(password);
            if proved {
                self.version(store, id)
            } else {
                None
            }
        })
    }
}

impl fmt::Debug for LabDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabDomain({})", self.0.forest.dns_name)
    }
}

fn describe(object: &Object, password: PasswordVersion) -> Option<DomainAccount> {
    let kind = match object.class.name {
        class::GMSA => AccountKind::Gmsa,
        "msDS-ManagedServiceAccount" => AccountKind::StandaloneManaged,
        "computer" => AccountKind::Computer,
        "user" => AccountKind::User,
        _ => return None,
    };
    let number = |attribute| object.number(attribute).unwrap_or(0);
    let types = u32::try_from(number(Attr::SupportedEncryptionTypes)).unwrap_or(0);
    Some(DomainAccount {
        sid: object.sid()?,
        name: object.text(Attr::SamAccountName)?.parse().ok()?,
        kind,
        disabled: number(Attr::UserAccountControl) & ACCOUNT_DISABLE != 0,
        encryption_types: if types == 0 {
            USUAL_ENCRYPTION_TYPES
        } else {
            types
        },
        password,
    })
}

/// Later keys have greater versions; another root key counts by its time too.
fn version_of_key(key: PasswordKeyId) -> PasswordVersion {
    let start = key.group_key_id.start().unwrap_or(FileTime::ZERO);
    PasswordVersion(start.as_ticks())
}

#[cfg(test)]
mod tests {
    use model::ports::Clock as _;
    use security::Interval;

    use super::*;
    use crate::LabSeed;
    use crate::rules::{add, modify};
    use crate::seed::build;

    #[test]
    fn hosts_see_passwords_change_and_memberships_of_their_ticket_only() {
        let seed = LabSeed::reference_estate(b"Lab-Admin-Pa55", b"Lab-Service-Pa55");
        let domain = LabDomain(Arc::new(build(&seed).unwrap()));
        let system = token::Token::system();
        let one = |name: &str, value: &[u8]| (name.to_owned(), vec![value.to_vec()]);
        let group = domain.find(&"MIMSYNC01$".parse().unwrap()).unwrap();
        assert_eq!(group.kind, AccountKind::Computer);
        let readers = domain.0.read(|store| {
            let id = store
                .find(Attr::SamAccountName, b"MIMSyncJoiners")
                .first()
                .copied();
            store.get(id.unwrap()).unwrap().sid().unwrap()
        });
        let list = SecurityDescriptor::for_retrieval_principals(&[readers]).unwrap();
        let attributes = vec![
            one("objectClass", class::GMSA.as_bytes()),
            one("sAMAccountName", b"gmsa$"),
            one("msDS-ManagedPasswordInterval", b"30"),
            one("msDS-GroupMSAMembership", &list.to_bytes()),
        ];
        let dn = "CN=gmsa,CN=Managed Service Accounts,DC=contoso,DC=com";
        let caller = domain.0.caller(&system, true);
        domain
            .0
            .write(|store| add::add(&caller, store, dn, &attributes))
            .unwrap();
        let gmsa = domain.find(&"gmsa$".parse().unwrap()).unwrap();

        let stale = domain.token(&group.sid);
        assert_eq!(
            domain.managed_password(&gmsa.sid, &stale),
            Err(NoPassword::NotAllowed)
        );
        let member = modify::Change {
            operation: rasn_ldap::ChangeOperation::Add,
            attribute: "member".to_owned(),
            values: vec![b"CN=MIMSYNC01,CN=Computers,DC=contoso,DC=com".to_vec()],
        };
        let joiners = "CN=MIMSyncJoiners,CN=Users,DC=contoso,DC=com";
        domain
            .0
            .write(|store| modify::modify(&caller, store, joiners, &[member]))
            .unwrap();
        assert_eq!(
            domain.managed_password(&gmsa.sid, &stale),
            Err(NoPassword::NotAllowed)
        );
        let fresh = domain.token(&group.sid);
        assert_eq!(
            domain.managed_password(&gmsa.sid, &fresh),
            Ok(gmsa.password)
        );
        let before = domain.0.clock.now();
        domain.0.clock.advance(Interval::from_hours(31 * 24));
        assert!(domain.0.clock.now() > before);
        assert!(domain.managed_password(&gmsa.sid, &fresh).unwrap() > gmsa.password);

        let user = domain.find(&"svc-mimsync".parse().unwrap()).unwrap();
        assert_eq!(
            domain.proves(&user.sid, b"Lab-Service-Pa55"),
            Some(user.password)
        );
        assert_eq!(domain.proves(&user.sid, b"another"), None);
    }
}
