//! Whether an account can log on: the rules that make a service's start mean something.

use agent_protocol::ServiceAccountState;
use agent_protocol::win32::Win32Code;
use model::names::{LogonAccount, SamAccountName};

use super::domain::{AccountKind, DomainAccount, DomainView, NoPassword, PasswordVersion};
use super::rights::Right;
use super::services::StoredPassword;
use super::state::HostState;

const LOGON_FAILURE: Win32Code = Win32Code(1326);
const ACCOUNT_DISABLED: Win32Code = Win32Code(1331);
const NONE_MAPPED: Win32Code = Win32Code(1332);
const NO_LOGON_SERVERS: Win32Code = Win32Code(1311);
/// ERROR_TIME_SKEW: "There is a time and/or date difference between the client and server."
const TIME_SKEW: Win32Code = Win32Code(1398);
const TRUSTED_RELATIONSHIP_FAILURE: Win32Code = Win32Code(1789);

/// Kerberos refuses clocks further apart ([MS-KILE] 3.1.1.2, the clock skew; Windows' default is 5 minutes).
const CLOCK_SKEW_SECONDS: u64 = 300;

/// Who an account name on a host means.
pub enum Principal {
    /// An account of Windows itself, which needs no password: LocalSystem, `NT SERVICE\…`.
    BuiltIn,
    /// An account of the domain.
    Domain(DomainAccount),
}

/// Why an account cannot log on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogonRefusal {
    /// The right is not granted, or denied.
    NoRight,
    /// The logon itself fails with this code; the text says what Windows does not.
    Failed(Win32Code, String),
}

/// How an account logs on.
pub struct LogonWanted {
    /// The right that it needs; `None` where only the denial counts.
    pub right: Option<Right>,
    /// The denial of that right.
    pub denial: Right,
    /// The password that is stored for it.
    pub stored: Option<StoredPassword>,
    /// Whether Windows fetches a gMSA's password itself.
    pub managed: bool,
}

/// Finds the account that a service, pool or task names; `None` where Windows cannot map the name.
pub fn principal(name: &str, domain: &dyn DomainView) -> Option<Principal> {
    let well_known = [
        "LocalSystem",
        r"NT AUTHORITY\SYSTEM",
        r"NT AUTHORITY\LocalService",
        r"NT AUTHORITY\NetworkService",
    ];
    let virtual_account = name.len() > 11 && name.to_uppercase().starts_with(r"NT SERVICE\");
    if virtual_account
        || well_known
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    {
        return Some(Principal::BuiltIn);
    }
    let of_domain = |name: &str| {
        [domain.netbios_name(), domain.dns_name()]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
    };
    let name: SamAccountName = match LogonAccount::from(name.to_owned()) {
        LogonAccount::Domain { domain, name } if of_domain(&domain) => name,
        LogonAccount::Other(text) => match text.split_once('@') {
            Some((name, suffix)) if of_domain(suffix) => name.parse().ok()?,
            _ => return None,
        },
        LogonAccount::Domain { .. } => return None,
    };
    domain.find(&name).map(Principal::Domain)
}

/// Whether the account can log on, and the password to store for the next time.
///
/// # Errors
/// [`LogonRefusal`], the right first: Windows checks it after the password, but the event it writes for
/// a missing right (7041) names that cause alone.
pub fn log_on(
    host: &HostState,
    domain: &dyn DomainView,
    account: &str,
    wanted: &LogonWanted,
) -> Result<Option<StoredPassword>, LogonRefusal> {
    let failed = |code, why: &str| Err(LogonRefusal::Failed(code, why.to_owned()));
    let account = match principal(account, domain) {
        Some(Principal::BuiltIn) => return Ok(None),
        Some(Principal::Domain(account)) => account,
        None => return failed(NONE_MAPPED, "the account does not exist any more"),
    };
    let token = domain.token(&account.sid);
    let granted = wanted
        .right
        .is_none_or(|right| host.rights.holds(right, &token));
    if !granted || host.rights.holds(wanted.denial, &token) {
        return Err(LogonRefusal::NoRight);
    }
    if account.disabled {
        return failed(ACCOUNT_DISABLED, "the account is disabled");
    }
    let own = wanted.stored.filter(|stored| stored.account == account.sid);
    let version = match (account.kind, wanted.managed) {
        (AccountKind::Gmsa, true) => Some(retrieve(host, domain, &account)?),
        (AccountKind::StandaloneManaged, _) if host.installed_accounts.contains(&account.name) => {
            Some(account.password)
        }
        // Without the flag the service control manager has what it was given when the account was set.
        _ => own.and_then(|stored| stored.version),
    };
    if version != Some(account.password) {
        return failed(
            LOGON_FAILURE,
            "the stored password is not the account's (any more)",
        );
    }
    Ok(version.map(|_| StoredPassword {
        account: account.sid,
        version,
    }))
}

/// Retrieves a gMSA's password as this host would now.
///
/// # Errors
/// The first thing in the way: clocks, encryption types, the computer account, the domain controller's refusal.
pub fn retrieve(
    host: &HostState,
    domain: &dyn DomainView,
    gmsa: &DomainAccount,
) -> Result<PasswordVersion, LogonRefusal> {
    let failed = |code, why: String| Err(LogonRefusal::Failed(code, why));
    if host.clock_offset_seconds.unsigned_abs() > CLOCK_SKEW_SECONDS {
        return failed(
            TIME_SKEW,
            format!("the host's clock is {} s off", host.clock_offset_seconds),
        );
    }
    match domain.find(&host.name.computer_account()) {
        Some(computer) if !computer.disabled => {}
        _ => {
            return failed(
                TRUSTED_RELATIONSHIP_FAILURE,
                "the computer account is missing or disabled".into(),
            );
        }
    }
    if gmsa.encryption_types & host.encryption_types == 0 {
        let why = "the encryption type requested is not supported by the KDC".to_owned();
        return failed(LOGON_FAILURE, why);
    }
    domain
        .managed_password(&gmsa.sid, &host.machine_token)
        .map_err(|no| {
            let code = match no {
                NoPassword::NotAllowed | NoPassword::NoRootKey => LOGON_FAILURE,
                NoPassword::Unreachable => NO_LOGON_SERVERS,
            };
            LogonRefusal::Failed(code, no.to_string())
        })
}

/// What `NetQueryServiceAccount` says of an account.
pub fn query(host: &HostState, domain: &dyn DomainView, name: &str) -> ServiceAccountState {
    let bare = name
        .rsplit('\\')
        .next()
        .unwrap_or_default()
        .trim_end_matches('$');
    let found = [format!("{bare}$"), bare.to_owned()]
        .iter()
        .find_map(|name| domain.find(&name.parse().ok()?));
    let Some(account) = found else {
        return ServiceAccountState::NotExist;
    };
    match account.kind {
        AccountKind::User | AccountKind::Computer => ServiceAccountState::NotService,
        AccountKind::Gmsa if retrieve(host, domain, &account).is_ok() => {
            ServiceAccountState::Installed
        }
        AccountKind::Gmsa => ServiceAccountState::CannotInstall,
        AccountKind::StandaloneManaged if host.installed_accounts.contains(&account.name) => {
            ServiceAccountState::Installed
        }
        AccountKind::StandaloneManaged => ServiceAccountState::CanInstall,
    }
}
