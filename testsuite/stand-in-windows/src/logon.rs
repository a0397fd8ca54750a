//! One log-on of a service's account, through the domain controller.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow, bail};
use directory::{ActiveDirectory, DirectoryOptions, OperatorSecret};
use logon::{EncryptionType, KerberosKey, LogonSecret, Password, kerberos_logon};
use managed_password::Keytab;
use model::estate::{Auth, DirectoryTransport};
use model::names::{DnsName, SamAccountName};
use model::ports::{Clock, Directory};
use security::FileTime;

use crate::account::Account;

const LDAP: u16 = 389;
const KERBEROS: u16 = 88;
const TIMEOUT: Duration = Duration::from_secs(20);

/// The host as a member of its domain.
pub struct Membership {
    /// Its account, with `$`.
    pub computer: SamAccountName,
    /// The domain.
    pub domain: DnsName,
    /// Its domain controller.
    pub controller: DnsName,
    /// Where that listens.
    pub address: IpAddr,
    /// The file with the keys of the host's account.
    pub keytab: PathBuf,
}

/// Logs a group managed service account on: with the password that the host retrieves now.
///
/// # Errors
/// Why the account cannot be used on this host.
pub fn managed(membership: &Membership, account: &Account) -> anyhow::Result<()> {
    wait_for(async {
        let name: SamAccountName = account.name().parse()?;
        let directory = ActiveDirectory::connect(as_machine(membership)?).await?;
        let gmsa = directory.gmsa(&name).await?;
        let gmsa = gmsa.with_context(|| format!("there is no gMSA {name}"))?;
        let keys = directory.managed_keys(&gmsa).await?;
        let (_, newest) = keys.versions.into_iter().next().context("it has no key")?;
        let key = newest.aes256.expose_bytes().to_vec();
        let key = KerberosKey::new(EncryptionType::Aes256, key).context("its key is none")?;
        log_on(membership, &name, LogonSecret::Key(key)).await
    })
}

/// Logs a user account on.
///
/// # Errors
/// Why it does not log on.
pub fn user(membership: &Membership, account: &Account, password: Vec<u8>) -> anyhow::Result<()> {
    if password.is_empty() {
        bail!("no password is kept for {account}");
    }
    wait_for(async {
        let name: SamAccountName = account.name().parse()?;
        log_on(
            membership,
            &name,
            LogonSecret::Password(Password::new(password)),
        )
        .await
    })
}

async fn log_on(
    membership: &Membership,
    name: &SamAccountName,
    secret: LogonSecret,
) -> anyhow::Result<()> {
    let kdc = SocketAddr::new(membership.address, KERBEROS);
    kerberos_logon(
        membership.domain.as_str(),
        name.as_str(),
        &secret,
        kdc,
        TIMEOUT,
    )
    .await?;
    Ok(())
}

fn as_machine(membership: &Membership) -> anyhow::Result<DirectoryOptions> {
    let file = &membership.keytab;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let keytab =
        Keytab::from_bytes(&bytes).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    let secret = OperatorSecret::of_keytab(&keytab, &membership.computer);
    Ok(DirectoryOptions {
        domain: membership.domain.clone(),
        server: membership.controller.clone(),
        address: SocketAddr::new(membership.address, LDAP),
        kdc: None,
        transport: DirectoryTransport::Sealed,
        auth: Auth::Keytab,
        user: membership.computer.to_string(),
        secret: secret.with_context(|| format!("{} has no key of this host", file.display()))?,
        ca_pem: None,
        machine_keytabs: BTreeMap::new(),
        addresses: BTreeMap::new(),
        clock: Arc::new(SystemClock),
    })
}

fn wait_for<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> FileTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos());
        i128::try_from(nanos)
            .ok()
            .and_then(FileTime::from_unix_nanos)
            .unwrap_or(FileTime::ZERO)
    }
}
