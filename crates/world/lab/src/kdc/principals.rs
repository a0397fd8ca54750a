//! From principal names to accounts and their keys.

use std::sync::Arc;

use managed_password::{EncryptionType, KerberosKeys, PasswordKeyId, Salt};
use rasn_kerberos::PrincipalName;
use security::{FileTime, Sid};

use super::failure::Code;
use super::keys::{ENCRYPTION_TYPES, Key};
use super::wire;
use crate::directory::Directory;
use crate::rules::gmsa;
use crate::rules::uniqueness::HOST_ALIASES;
use crate::store::Store;
use crate::store::class;
use crate::store::object::{Object, ObjectId};
use crate::store::schema::Attr;

/// What an account can be proved with.
pub(crate) struct AccountKeys {
    pub(crate) salt: String,
    /// The present keys first; then the previous ones, where they still count.
    pub(crate) keys: Vec<Key>,
}

impl AccountKeys {
    /// The present key of an encryption type.
    pub(crate) fn key(&self, encryption_type: i32) -> Option<&Key> {
        self.keys
            .iter()
            .find(|key| key.encryption_type() == encryption_type)
    }

    pub(crate) fn of_type(&self, encryption_type: i32) -> impl Iterator<Item = &Key> {
        self.keys
            .iter()
            .filter(move |key| key.encryption_type() == encryption_type)
    }
}

/// The account that logs on ([MS-KILE] 3.3.5.6.1 "Client Principal Lookup").
pub(crate) fn client(
    directory: &Directory,
    store: &Store,
    name: &PrincipalName,
) -> Option<ObjectId> {
    let whole = wire::joined(name);
    let by_upn = || {
        store
            .find(Attr::UserPrincipalName, whole.as_bytes())
            .first()
            .copied()
    };
    let account = match name.r#type {
        wire::NT_ENTERPRISE => by_upn().or_else(|| {
            let (account, domain) = whole.rsplit_once('@')?;
            let forest = &directory.forest;
            let ours = [&forest.dns_name, &forest.netbios_name]
                .iter()
                .any(|name| name.eq_ignore_ascii_case(domain));
            ours.then(|| by_account_name(store, account))?
        }),
        _ => by_account_name(store, &whole).or_else(|| {
            store
                .find(Attr::ServicePrincipalName, whole.as_bytes())
                .first()
                .copied()
        }),
    };
    account.filter(|account| {
        store
            .get(*account)
            .is_some_and(|account| account.class.is("user"))
    })
}

/// With or without the `$` of computers.
fn by_account_name(store: &Store, name: &str) -> Option<ObjectId> {
    let found = |name: &str| {
        store
            .find(Attr::SamAccountName, name.as_bytes())
            .first()
            .copied()
    };
    found(name).or_else(|| found(&format!("{name}$")))
}

/// The account that has a service principal name ([MS-KILE] 3.3.5.1.1 "Server Principal Lookup").
pub(crate) fn service(store: &Store, name: &PrincipalName) -> Result<ObjectId, Code> {
    let spn = wire::joined(name);
    let mut holders = store.find(Attr::ServicePrincipalName, spn.as_bytes());
    let host = spn.split_once('/').filter(|(class, _)| {
        HOST_ALIASES
            .split(',')
            .any(|it| it.eq_ignore_ascii_case(class))
    });
    if let (true, Some((_, rest))) = (holders.is_empty(), host) {
        holders = store.find(
            Attr::ServicePrincipalName,
            format!("HOST/{rest}").as_bytes(),
        );
    }
    match holders {
        [only] => Ok(*only),
        [] if name.string.len() == 1 => by_account_name(store, &spn).ok_or(Code::SERVER_UNKNOWN),
        [] => Err(Code::SERVER_UNKNOWN),
        _ => Err(Code::NOT_UNIQUE),
    }
}

/// An account's keys. A gMSA whose time has come gets its next password now.
pub(crate) fn account_keys(directory: &Directory, id: ObjectId) -> Option<AccountKeys> {
    let (is_gmsa, secret) = directory.read(|store| {
        let object = store.get(id)?;
        Some((object.class.is(class::GMSA), object.secret.clone()))
    })?;
    if is_gmsa {
        return gmsa_keys(directory, id);
    }
    let secret = secret?;
    let keys = ENCRYPTION_TYPES
        .iter()
        .filter_map(|kind| u16::try_from(*kind).ok());
    let keys = keys
        .map(|kind| Key::from(secret.key(EncryptionType(kind))))
        .collect();
    Some(AccountKeys {
        salt: secret.salt().to_owned(),
        keys,
    })
}

/// [MS-ADTS] 3.1.1.4.5.39: for five minutes after a rollover the password before it still counts.
fn gmsa_keys(directory: &Directory, id: ObjectId) -> Option<AccountKeys> {
    let now = directory.now();
    let (salt, state) = directory.write(|store| {
        let (_, state) = gmsa::roll_over(&directory.forest, store, id, now)?;
        Some((gmsa::salt(&directory.forest, store.get(id)?)?, state))
    })?;
    let just_started = |key: &PasswordKeyId| {
        let start = key.group_key_id.start().unwrap_or(FileTime::ZERO);
        now.saturating_since(start).as_ticks() <= kds::MAX_CLOCK_SKEW.as_ticks()
    };
    let previous = state.current.filter(just_started).and(state.previous);
    let derived = state
        .current
        .into_iter()
        .chain(previous)
        .filter_map(|key| derive(directory, key, state.sid, &salt));
    let keys = derived
        .flat_map(|keys| [Key::from(&keys.aes256), Key::from(&keys.aes128)])
        .collect();
    Some(AccountKeys {
        salt: salt.as_str().to_owned(),
        keys,
    })
}

fn derive(
    directory: &Directory,
    key: PasswordKeyId,
    sid: Sid,
    salt: &Salt,
) -> Option<Arc<KerberosKeys>> {
    directory.remembered_keys(
        &format!(
            "{sid} {} {} {}",
            key.root_key_id,
            key.group_key_id,
            salt.as_str()
        ),
        || {
            let password = key.derive(&directory.read(gmsa::root_keys), &sid).ok()?;
            Some(KerberosKeys::derive(&password, salt))
        },
    )
}

/// The encryption types that an account allows ([MS-KILE] 2.2.7); none given leaves AES to it.
pub(crate) fn allowed_types(object: &Object) -> Vec<i32> {
    let bits = object
        .number(Attr::SupportedEncryptionTypes)
        .filter(|bits| *bits != 0)
        .unwrap_or(0x18);
    let bit = |kind: i32| if kind == 18 { 0x10 } else { 0x8 };
    ENCRYPTION_TYPES
        .into_iter()
        .filter(|kind| bits & bit(*kind) != 0)
        .collect()
}
