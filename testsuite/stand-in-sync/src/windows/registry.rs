//! The installation's key set and bindings, in the registry.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};

use winreg::RegKey;
use winreg::enums::HKEY_LOCAL_MACHINE;
use zeroize::Zeroizing;

use super::{Failure, failed};
use crate::account::Account;
use crate::installation::Installation;
use crate::key_set::KeySet;

const KEY: &str = r"SOFTWARE\Stand-in Synchronization Service";

/// Reads the installation.
pub fn load() -> Result<Installation, Failure> {
    read().map_err(|cause| failed(format!(r"cannot read HKLM\{KEY}"), cause))
}

/// Writes the installation.
pub fn save(installation: &Installation) -> Result<(), Failure> {
    write(installation).map_err(|cause| failed(format!(r"cannot write HKLM\{KEY}"), cause))
}

fn read() -> std::io::Result<Installation> {
    let key = RegKey::predef(HKEY_LOCAL_MACHINE).open_subkey(KEY)?;
    let export = Zeroizing::new(key.get_value::<String, _>("KeySet")?);
    let export = Zeroizing::new(hex::decode(export.as_str()).map_err(|_| damaged("KeySet"))?);
    let bound_to: String = key.get_value("BoundAccount")?;
    let accounts = key.open_subkey("Accounts")?;
    let mut proofs = BTreeMap::new();
    for account in accounts.enum_values() {
        let (account, _) = account?;
        let proof = accounts.get_value(&account)?;
        proofs.insert(account, proof);
    }
    Ok(Installation {
        key_set: KeySet::from_file(&export).ok_or_else(|| damaged("KeySet"))?,
        bound_to: Account::parse(&bound_to).ok_or_else(|| damaged("BoundAccount"))?,
        proofs,
    })
}

fn write(installation: &Installation) -> std::io::Result<()> {
    let (key, _) = RegKey::predef(HKEY_LOCAL_MACHINE).create_subkey(KEY)?;
    let export = Zeroizing::new(hex::encode(installation.key_set.expose_file()));
    key.set_value("KeySet", &export.as_str())?;
    let (accounts, _) = key.create_subkey("Accounts")?;
    for (account, proof) in &installation.proofs {
        accounts.set_value(account, proof)?;
    }
    key.set_value("BoundAccount", &installation.bound_to.to_string()) // Last: it makes the change count.
}

fn damaged(value: &str) -> Error {
    Error::new(
        ErrorKind::InvalidData,
        format!("the value {value} is damaged"),
    )
}
