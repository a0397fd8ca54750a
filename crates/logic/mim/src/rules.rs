//! MIM's own rules: what an operator should know before a component is converted on a host.

mod database;
mod key_set;
mod neighbours;

pub(crate) use neighbours::must_not_be_denied;

use model::finding::{Finding, FindingKind, Severity};
use model::intent::Strategy;
use model::inventory::{Carrier, ServiceState};
use model::names::{ComponentId, ServiceName};
use planner::{HostView, Profile};

use crate::component::Component;
use crate::exchange;
use crate::version::Version;

const GMSA: &str =
    "Microsoft Learn, \"Convert MIM-specific services to use group Managed Service Accounts\"";

const VERSION_TOO_OLD: FindingKind = FindingKind {
    id: "MIM-001",
    severity: Severity::Blocks,
    why: "earlier builds cannot run under a gMSA: their key-set tools insist on a password",
    source: "Microsoft Learn, \"Identity Manager version release history\", 4.5.26.0 (KB4073679)",
};
const VERSION_UNKNOWN: FindingKind = FindingKind {
    id: "MIM-002",
    severity: Severity::Blocks,
    why: "builds before 4.5.26.0 cannot run under a gMSA",
    source: VERSION_TOO_OLD.source,
};
const STANDBY: FindingKind = FindingKind {
    id: "MIM-003",
    severity: Severity::Informs,
    why: "activating the key set on a server makes it the active one; only its operator knows when that is right",
    source: "Microsoft Learn, \"Activate Synchronization Service Server\" (FIM 2010 R2)",
};
const POLL_EXCHANGE: FindingKind = FindingKind {
    id: "MIM-004",
    severity: Severity::Warns,
    why: "hotfix 4.6.421.0 may fail with a gMSA while PollExchangeEnabled is 1; whether later ones do is not published",
    source: "Microsoft Learn, \"Identity Manager version release history\", 4.6.421.0 (KB4599279), known issue",
};
const KEY_PROTECT_LEFT: FindingKind = FindingKind {
    id: "MIM-005",
    severity: Severity::Warns,
    why: "setup creates a service of that name to encrypt the Exchange password and fails where it is there already",
    source: "Microsoft Learn, the script that updates the Exchange password (its header)",
};
const TLS_12_ONLY: FindingKind = FindingKind {
    id: "MIM-006",
    severity: Severity::Informs,
    why: "silent setup of the second service pack fails where only TLS 1.2 is on; interactive setup works",
    source: "Microsoft Learn, \"MIM 2016 SP2 in TLS 1.2 only environments\"",
};
const DATABASE_LOGIN: FindingKind = FindingKind {
    id: "MIM-007",
    severity: Severity::Warns,
    why: "change mode would create the gMSA's login and make it db_owner; without both the service does not start, and \
          the run is taken back",
    source: GMSA,
};
const NOT_REPRODUCED: FindingKind = FindingKind {
    id: "MIM-008",
    severity: Severity::Informs,
    why: "Microsoft documents change mode of the setup; what that does beside the account is not published",
    source: GMSA,
};
const NO_SYNC_GROUP: FindingKind = FindingKind {
    id: "MIM-009",
    severity: Severity::Warns,
    why: "for password reset the MIM Service's account must be in the Synchronization Service's group of \
          administrators, or in those for password setting and browsing",
    source: "Microsoft Learn, \"Prepare a domain for MIM with gMSA\"",
};
const EXCHANGE_PASSWORD: FindingKind = FindingKind {
    id: "MIM-010",
    severity: Severity::Warns,
    why: "it is encrypted for the old account: under the gMSA the service cannot read it and sends and receives no mail",
    source: GMSA,
};
const AGENT_ACCOUNT_SHARED: FindingKind = FindingKind {
    id: "MIM-011",
    severity: Severity::Warns,
    why: "the management agent keeps the password account, which must stay enabled; and the MIM Service knows the agent \
          by its account",
    source: "Microsoft Learn, \"Prepare a domain for MIM with gMSA\" and \"Install MIM 2016: Synchronize Active Directory \
             and MIM Service\"",
};
const AGENT_ACCOUNT_DENIED: FindingKind = FindingKind {
    id: "MIM-012",
    severity: Severity::Warns,
    why: "the management agent logs on over the network: denied that, its imports and exports fail",
    source: "Microsoft Learn, \"Prepare a domain for MIM with gMSA\"",
};
const ADD_ON_TOO_OLD: FindingKind = FindingKind {
    id: "MIM-013",
    severity: Severity::Informs,
    why: "older builds cannot run under a gMSA",
    source: "lithnet/miis-autosync on GitHub, issue 174",
};
const PAM_BESIDE_SYNC: FindingKind = FindingKind {
    id: "MIM-014",
    severity: Severity::Warns,
    why: "PAM and the Synchronization Service on one server are not supported",
    source: "Microsoft Learn, \"Deploying MIM PAM\"",
};

const DATABASE_RIGHT: FindingKind = FindingKind {
    id: "MIM-015",
    severity: Severity::Blocks,
    why: "the step that lets the gMSA into the database would fail, as change mode does in the hands of somebody who may \
          not create logins there",
    source: GMSA,
};
const NOT_COPIED: FindingKind = FindingKind {
    id: "MIM-016",
    severity: Severity::Warns,
    why: "the plan copies roles and rights from the old account; what an account owns has one owner, and its groups are \
          the directory's affair",
    source: GMSA,
};
const SETUP_RIGHTS: FindingKind = FindingKind {
    id: "MIM-020",
    severity: Severity::Warns,
    why: "setup adds the gMSA's login and makes it db_owner with the rights of whoever runs it; without them it fails",
    source: GMSA,
};

const ACCESS_LISTS_UNREAD: FindingKind = FindingKind {
    id: "MIM-017",
    severity: Severity::Warns,
    why: "for password reset the MIM Service calls the Synchronization Service by WMI; without the right it fails with \
          0x80070005. The plan copies only what it could read",
    source: "Microsoft Learn, \"Deploying Self-Service Password Reset\" (FIM 2010 R2)",
};

/// The kinds of findings that are MIM's own, in the order of their ids.
pub const FINDINGS: &[FindingKind] = &[
    VERSION_TOO_OLD,
    VERSION_UNKNOWN,
    STANDBY,
    POLL_EXCHANGE,
    KEY_PROTECT_LEFT,
    TLS_12_ONLY,
    DATABASE_LOGIN,
    NOT_REPRODUCED,
    NO_SYNC_GROUP,
    EXCHANGE_PASSWORD,
    AGENT_ACCOUNT_SHARED,
    AGENT_ACCOUNT_DENIED,
    ADD_ON_TOO_OLD,
    PAM_BESIDE_SYNC,
    DATABASE_RIGHT,
    NOT_COPIED,
    ACCESS_LISTS_UNREAD,
    SETUP_RIGHTS,
];

pub(crate) const SERVICE: &str = "service";
const SERVICE_KEY: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\FIMService";
pub(crate) const SETTINGS_KEY: &str =
    r"HKLM\SOFTWARE\Microsoft\Forefront Identity Manager\2010\Service";
const TLS_KEYS: [&str; 2] = [
    r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.0\Client",
    r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.1\Client",
];
pub(crate) const KEY_PROTECT: &str = "MIMKeyProtectService";

/// Services that these rules look at.
pub(crate) fn watched_services(component: &ComponentId) -> Vec<ServiceName> {
    let watched = (component.as_str() == SERVICE).then_some(KEY_PROTECT);
    watched
        .into_iter()
        .filter_map(|name| name.parse().ok())
        .collect()
}

/// Registry values that these rules look at.
pub(crate) fn registry(component: &ComponentId) -> Vec<(String, String)> {
    if component.as_str() != SERVICE {
        return Vec::new();
    }
    let own = [
        (SERVICE_KEY, "PollExchangeEnabled"),
        (SERVICE_KEY, neighbours::AGENT_ACCOUNT),
    ];
    own.into_iter()
        .chain(TLS_KEYS.map(|key| (key, "Enabled")))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .chain(exchange::registry())
        .collect()
}

/// What they say about a component on a host.
pub(crate) fn findings(component: &Component, view: &HostView<'_>) -> Vec<Finding> {
    let mut findings: Vec<_> = version(component, view).into_iter().collect();
    if view.carried.logon_account().same_as(view.gmsa) {
        return findings; // Converted already.
    }
    findings.extend(match component.stands_by(view.carried) {
        true => Some(standby(component, view)),
        false => key_set::finding(component, view),
    });
    findings.extend(database::findings(component, view));
    if component.entry.id.as_str() == SERVICE {
        findings.extend(mim_service(view));
        findings.extend(sync_groups(component, view));
        findings.extend(neighbours::unread_lists(view));
    }
    findings.extend(neighbours::findings(component, view));
    if view.conversion.strategy == Strategy::Direct {
        findings.push(not_reproduced(component, view));
    }
    findings
}

fn version(component: &Component, view: &HostView<'_>) -> Option<Finding> {
    let minimum = component.entry.minimum_version;
    let found = Profile::version(component, view.host);
    let subject = format!("{}, {}", view.host.name, component.entry.product);
    let advice = format!(
        "install hotfix {minimum} or later on it by hand (its .msp: msiexec /p; gmsactl msi change runs no patches), then discover \
         again"
    );
    match found.as_deref().map(str::parse::<Version>) {
        Some(Ok(version)) if version >= minimum => None,
        Some(Ok(version)) => {
            let what = format!("it has build {version}, gMSA support begins with {minimum}");
            Some(VERSION_TOO_OLD.found(subject, what, advice))
        }
        Some(Err(error)) => Some(VERSION_UNKNOWN.found(subject, error.to_string(), advice)),
        None => {
            let what = "its build is not known: Windows does not list it as installed";
            Some(VERSION_UNKNOWN.found(
                subject,
                what,
                "repair the installation, or look which product owns the service",
            ))
        }
    }
}

fn standby(component: &Component, view: &HostView<'_>) -> Finding {
    let subject = format!("{}, {}", view.host.name, view.carried.name());
    let what = "it is stopped and taken for a warm standby: its account is changed, its key set is not activated, and it \
                is not started";
    let key_set = component.entry.key_set.as_ref();
    let file = key_set.map(|key_set| view.conversion.key_set.as_deref().unwrap_or(&key_set.file));
    let sealed = file.and_then(|file| view.conversion.sealed_copy_of(file));
    let keep = match sealed {
        Some(sealed) => format!(
            "the active server's exported key set stays as {sealed} only: keep a copy of that, and open it that day \
             (gmsactl keyset open)"
        ),
        None => "keep a copy of the active server's exported key set for it".to_owned(),
    };
    let tool = key_set.zip(file).and_then(|(key_set, file)| {
        let folder = key_set.folder(view.host)?;
        Some(format!(
            "\"{folder}\\{}\" {file} {}",
            key_set.activate_tool,
            view.gmsa.without_dollar()
        ))
    });
    let tool = tool.unwrap_or_else(|| "miisactivate.exe".to_owned());
    let advice = format!(
        "{keep}. The day you fail over: copy that file there, run {tool}, then start the service. If this is the active \
         server: start it, and plan again"
    );
    STANDBY.found(subject, what, advice)
}

fn mim_service(view: &HostView<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let host = view.host;
    if host.registry_text(SERVICE_KEY, "PollExchangeEnabled") == Some("1") {
        let advice = "before each later hotfix set it to 0, install the hotfix, set it back to 1, and restart the service";
        findings.push(POLL_EXCHANGE.found(
            format!("{}, {SERVICE_KEY}", host.name),
            "PollExchangeEnabled is 1",
            advice,
        ));
    }
    let key_protect = host
        .services
        .iter()
        .find(|service| service.name.as_str().eq_ignore_ascii_case(KEY_PROTECT));
    if let Some(service) = key_protect {
        let stop = match service.state {
            ServiceState::Stopped => "",
            _ => "sc.exe stop MIMKeyProtectService, then ",
        };
        let mut left = KEY_PROTECT_LEFT.found(
            format!("{}, {KEY_PROTECT}", host.name),
            "a run of setup or of the password script left it behind",
            format!("{stop}sc.exe delete MIMKeyProtectService, before setup is run again"),
        );
        if view.conversion.strategy != Strategy::Direct {
            left.severity = Severity::Blocks; // This plan runs setup.
        }
        findings.push(left);
    }
    let off = |key: &str| host.registry_text(key, "Enabled") == Some("0");
    if TLS_KEYS.iter().all(|key| off(key)) {
        let mut found = TLS_12_ONLY.found(
            host.name.as_str(),
            "only TLS 1.2 or later is on",
            "run setup of 4.6.34.0 interactively (strategy = \"guided\"), never silently, and leave TLS as it is",
        );
        if view.conversion.strategy == Strategy::Installer {
            found.severity = Severity::Blocks; // This plan runs it silently.
        }
        findings.push(found);
    }
    if let Some(value) = exchange::filled(host)
        && view.conversion.exchange.is_none()
    {
        let advice = "say whose mailbox it is in conversion.toml, and the plan stores its password anew: exchange = { mailbox = \
                      \"online\" or \"on-premise\", account = 'DOMAIN\\name' }; or mailbox = \"none\". Without that: gmsactl mim \
                      exchange-password after the conversion";
        findings.push(EXCHANGE_PASSWORD.found(
            format!("{}, {value}", host.name),
            "a password for Exchange is stored there",
            advice,
        ));
    }
    findings
}

fn sync_groups(component: &Component, view: &HostView<'_>) -> Option<Finding> {
    if !view.conversion.groups.is_empty() {
        return None;
    }
    let known: Vec<_> = component
        .entry
        .groups
        .iter()
        .map(|group| group.as_str())
        .collect();
    let advice = format!(
        "if password reset is used, name the groups that the old account is in, in conversion.toml: groups = [\"MIMSyncAdmins\"], \
         or the two for password setting and browsing; usual names are {}",
        known.join(", ")
    );
    Some(NO_SYNC_GROUP.found(
        view.gmsa.to_string(),
        "no group of the Synchronization Service is named for it",
        advice,
    ))
}

/// What change mode may do and this plan does not.
fn not_reproduced(component: &Component, view: &HostView<'_>) -> Finding {
    let subject = format!("{}, {}", view.host.name, component.entry.title);
    let means = match component.carrier() {
        Carrier::Service(_) => "the service control manager",
        Carrier::Pool(_) => "the web server",
    };
    let what = format!(
        "the plan sets the account through {means}, not with setup in change mode. Outside of access lists, what names the \
         old account stays as it is: {}",
        component.entry.setup_also.join("; ")
    );
    let advice = "take strategy = \"guided\", which has setup do it; or look for the old account's name before the evening: \
                  findstr /s /i /m NAME \"C:\\Program Files\\Microsoft Forefront Identity Manager\\*.config\"";
    NOT_REPRODUCED.found(subject, what, advice)
}
