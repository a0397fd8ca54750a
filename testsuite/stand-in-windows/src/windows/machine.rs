//! What the host keeps about its domain and about its services' passwords, in the registry; and log-ons with it.

use std::io::ErrorKind;

use anyhow::Context;
use winreg::enums::{HKEY_LOCAL_MACHINE, RegType};
use winreg::types::FromRegValue;
use winreg::{RegKey, RegValue};

use super::protected;
use crate::account::Account;
use crate::logon::{self, Membership};

const KEY: &str = r"SOFTWARE\Stand-in Windows";
const SECRETS: &str = r"SOFTWARE\Stand-in Windows\Secrets";
const COMPUTER: &str = r"SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName";

/// Logs a service's account on, as the service control manager would before it starts the service.
///
/// # Errors
/// Why Windows would say 1069.
pub fn log_on(account: &Account) -> anyhow::Result<()> {
    match account.is_managed() {
        true => logon::managed(&membership()?, account),
        false => logon::user(&membership()?, account, kept_password(account)?),
    }
}

/// Logs an account on with this password; a managed account has none to give.
///
/// # Errors
/// Why it does not log on.
pub fn log_on_with(account: &Account, password: &[u8]) -> anyhow::Result<()> {
    match account.is_managed() && password.is_empty() {
        true => logon::managed(&membership()?, account),
        false => logon::user(&membership()?, account, password.to_vec()),
    }
}

/// Keeps a user account's password. The service control manager of Wine drops those that it is given.
///
/// # Errors
/// When the registry cannot be written.
pub fn keep_password(account: &Account, password: &[u8]) -> anyhow::Result<()> {
    let (secrets, _) = RegKey::predef(HKEY_LOCAL_MACHINE).create_subkey(SECRETS)?;
    let value = RegValue {
        bytes: protected::protect(password)?.into(),
        vtype: RegType::REG_BINARY,
    };
    Ok(secrets.set_raw_value(value_name(account), &value)?)
}

fn kept_password(account: &Account) -> anyhow::Result<Vec<u8>> {
    let secrets = RegKey::predef(HKEY_LOCAL_MACHINE).open_subkey(SECRETS);
    let value = secrets.and_then(|secrets| secrets.get_raw_value(value_name(account)));
    match value {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        value => protected::unprotect(&value?.bytes),
    }
}

fn value_name(account: &Account) -> String {
    account.to_string().to_lowercase()
}

fn membership() -> anyhow::Result<Membership> {
    let computer = format!("{}$", text::<String>(COMPUTER, "ComputerName")?);
    Ok(Membership {
        computer: computer.parse()?,
        domain: text::<String>(KEY, "Domain")?.parse()?,
        controller: text::<String>(KEY, "Controller")?.parse()?,
        address: text::<String>(KEY, "Address")?.parse()?,
        keytab: text::<String>(KEY, "Keytab")?.into(),
    })
}

fn text<T: FromRegValue>(key: &str, name: &str) -> anyhow::Result<T> {
    let opened = RegKey::predef(HKEY_LOCAL_MACHINE).open_subkey(key);
    let value = opened.and_then(|key| key.get_value(name));
    value.with_context(|| format!(r"cannot read {name} of HKLM\{key}"))
}
