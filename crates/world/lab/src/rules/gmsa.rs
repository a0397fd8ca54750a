//! Group managed service accounts: what a domain controller adds when one is created, and who gets its password.

use std::sync::Arc;

use kds::{GroupKeyId, RootKey, RootKeyAttributes, RootKeyData, root_key_for_new_account};
use managed_password::{
    ManagedPasswordId, ManagedPasswordInterval, ManagedPasswordState, PasswordKeyId, Retrieval,
    Salt,
};
use security::{AccessMask, FileTime, SecurityDescriptor};

use super::Caller;
use super::refusal::Refusal;
use super::values::file_time;
use crate::forest::Forest;
use crate::kdc::AccountSecret;
use crate::store::Store;
use crate::store::class;
use crate::store::object::{Object, ObjectId, Value};
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes" and 2.1.1 "HRESULT Values".
const CONFIDENTIALITY_REQUIRED: u32 = 0x202D;
const CANT_RETRIEVE_ATTRIBUTES: u32 = 0x2121;
const NTE_NO_KEY: u32 = 0x8009_000D;

/// The root keys that domain controllers can use; others are no root keys to them.
pub(crate) fn root_keys(store: &Store) -> Vec<RootKey> {
    let ids = store.find(Attr::ObjectClass, class::ROOT_KEY.as_bytes());
    ids.iter()
        .filter_map(|id| root_key(store, store.get(*id)?))
        .collect()
}

fn root_key(store: &Store, object: &Object) -> Option<RootKey> {
    let number = |attribute| {
        object
            .number(attribute)
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(0)
    };
    let domain_id = object
        .values(Attr::KdsDomainId)
        .first()
        .and_then(Value::object)
        .map(|id| store.dn(id));
    let attributes = RootKeyAttributes {
        id: object.rdn.value.parse().ok()?,
        version: number(Attr::KdsVersion),
        kdf_algorithm: object.text(Attr::KdsKdfAlgorithmId)?,
        kdf_parameters: object.bytes(Attr::KdsKdfParam),
        secret_agreement_algorithm: object.text(Attr::KdsSecretAgreementAlgorithmId)?,
        private_key_length: number(Attr::KdsPrivateKeyLength),
        public_key_length: number(Attr::KdsPublicKeyLength),
        domain_id: domain_id.as_deref().unwrap_or_default(),
        use_start_time: file_time(object, Attr::KdsUseStartTime)?,
        create_time: file_time(object, Attr::KdsCreateTime)?,
    };
    let data = RootKeyData::from_bytes(object.bytes(Attr::KdsRootKeyData)?).ok()?;
    Some(RootKey::new(attributes.describe().ok()?, data))
}

/// The identifier of a new account's password. Whatever the client gave is dropped.
pub(crate) fn first_password_id(
    store: &Store,
    forest: &Forest,
    now: FileTime,
) -> Result<Value, Refusal> {
    let root_keys = root_keys(store);
    let no_key = || Refusal::unwilling(NTE_NO_KEY, "NTE_NO_KEY");
    let root_key = root_key_for_new_account(&root_keys, now).ok_or_else(no_key)?;
    let key = PasswordKeyId {
        root_key_id: root_key.description().id,
        group_key_id: GroupKeyId::at(now),
    };
    Ok(password_id(forest, key))
}

/// `msDS-ManagedPassword` for a caller ([MS-ADTS] 3.1.1.4.5.39), and what is stored because of the read.
///
/// # Errors
/// Without encryption, without the right, or without the root key; checked in this order.
pub(crate) fn read_password(
    caller: &Caller<'_>,
    store: &mut Store,
    id: ObjectId,
) -> Result<Option<Vec<u8>>, Refusal> {
    if !store
        .get(id)
        .is_some_and(|object| object.class.is(class::GMSA))
    {
        return Ok(None);
    }
    if !caller.confidential {
        return Err(Refusal::operations(
            CONFIDENTIALITY_REQUIRED,
            "the connection is not encrypted",
        ));
    }
    let denied = || Refusal::operations(CANT_RETRIEVE_ATTRIBUTES, "no right to view the attribute");
    let membership = store
        .get(id)
        .and_then(|object| object.bytes(Attr::GroupMsaMembership));
    let membership = membership.and_then(|bytes| SecurityDescriptor::from_bytes(bytes).ok());
    let allows =
        |list: &SecurityDescriptor| list.allows(AccessMask::READ_PROPERTY, &caller.token.sids);
    if !membership.as_ref().is_some_and(allows) {
        return Err(denied());
    }
    let (retrieval, _) = roll_over(caller.forest, store, id, caller.now).ok_or_else(denied)?;
    Ok(Some(retrieval.blob.to_bytes().to_vec()))
}

/// Brings an account's password up to date; the state is that after it. `None` where it has none or no root key.
pub(crate) fn roll_over(
    forest: &Forest,
    store: &mut Store,
    id: ObjectId,
    now: FileTime,
) -> Option<(Retrieval, ManagedPasswordState)> {
    let mut state = password_state(store.get(id)?)?;
    let retrieval = state.retrieve(now, &root_keys(store)).ok()?;
    if let Some(update) = retrieval.update {
        state.current = Some(update.current);
        store.set(
            id,
            Attr::ManagedPasswordId,
            vec![password_id(forest, update.current)],
        );
        if let Some(previous) = update.previous {
            state.previous = Some(previous);
            store.set(
                id,
                Attr::ManagedPasswordPreviousId,
                vec![password_id(forest, previous)],
            );
        }
        store.set(
            id,
            Attr::PwdLastSet,
            vec![Value::text(now.as_ticks().to_string())],
        );
        keep_salt(forest, store, id);
        store.touch(id, now);
    }
    Some((retrieval, state))
}

/// An account's keys have the salt of the name that it had when they were made, however it is called later ([MS-SAMR]
/// 3.1.1.8.11.6 "Primary:Kerberos-Newer-Keys Property": salt and keys are stored together).
pub(crate) fn keep_salt(forest: &Forest, store: &mut Store, id: ObjectId) {
    if let Some(salt) = store.get(id).and_then(|it| salt_of_now(forest, it)) {
        let secret = AccountSecret::managed(salt.as_str().to_owned());
        store.set_secret(id, Some(Arc::new(secret)));
    }
}

/// The salt of the account's present keys.
pub(crate) fn salt(forest: &Forest, account: &Object) -> Option<Salt> {
    match &account.secret {
        Some(secret) => Some(Salt::from_kdc(secret.salt().to_owned())),
        None => salt_of_now(forest, account), // Of a lab that was saved before salts were kept.
    }
}

fn salt_of_now(forest: &Forest, account: &Object) -> Option<Salt> {
    let name = account.text(Attr::SamAccountName)?;
    Some(Salt::for_computer(&forest.realm(), name, &forest.dns_name))
}

/// What the directory stores about a gMSA's password.
pub(crate) fn password_state(object: &Object) -> Option<ManagedPasswordState> {
    let key = |attribute| {
        ManagedPasswordId::from_bytes(object.bytes(attribute)?)
            .ok()
            .map(|id| id.key)
    };
    let interval =
        ManagedPasswordInterval::from_days(object.number(Attr::ManagedPasswordInterval)?).ok()?;
    Some(ManagedPasswordState {
        sid: object.sid()?,
        when_created: parse_time(object.text(Attr::WhenCreated)?)?,
        interval,
        current: key(Attr::ManagedPasswordId),
        previous: key(Attr::ManagedPasswordPreviousId),
    })
}

fn password_id(forest: &Forest, key: PasswordKeyId) -> Value {
    ManagedPasswordId::for_gmsa(key, &forest.dns_name, &forest.dns_name)
        .to_bytes()
        .into()
}

/// A generalized time as the store writes it.
fn parse_time(text: &str) -> Option<FileTime> {
    let part = |range| text.get(range);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(8..10)?, part(10..12)?, part(12..14)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")
        .parse()
        .ok()
}
