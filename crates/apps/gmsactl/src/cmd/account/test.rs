//! `account test`: why a gMSA cannot be used on a host, in one cause.

use clap::Args;
use directory::ActiveDirectory;
use model::inventory::{Account, Gmsa, HostFacts};
use model::names::{HostName, SamAccountName};
use model::ports::{Clock, Directory, ErrorKind, Hosts, RetrievalState};
use security::{FileTime, Interval};

use super::retrieval::gmsa;
use crate::cmd::Done;
use crate::cmd::changing::{account, name};
use crate::documents::{TestCheck, TestDocument};
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::session::Session;
use crate::system::SystemClock;
use crate::view::{Output, human};

/// Arguments of `account test`.
#[derive(Debug, Args)]
pub struct Test {
    /// The gMSA's name; the $ may be left out.
    #[arg(value_name = "NAME", value_parser = name)]
    gmsa: SamAccountName,
    /// The host that is to use it. With its agent or machine keytab in the estate more can be seen.
    #[arg(long, value_name = "HOST")]
    host: Option<HostName>,
}

/// [MS-KILE] 2.2.7 "Supported Encryption Types Bit Flags".
const AES: u32 = 0x18;
/// What a computer without the attribute takes: RC4 and AES.
const USUAL_TYPES: u32 = 0x1c;
/// Kerberos refuses beyond.
const SKEW_SECONDS: i64 = 300;
/// A host's ticket, and with it its memberships, is renewed after so long.
const TICKET_LIFETIME: Interval = Interval::from_hours(10);
/// `whenChanged` has whole seconds: the change came within the one that it names.
const WHEN_CHANGED: Interval = Interval::from_ticks(10_000_000);

/// Looks; every check stands in the document, the first that fails is the cause.
pub async fn run(args: &Test, global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    let options = session.directory_options(session.operator()?).await?;
    let checks = match ActiveDirectory::connect(options).await {
        Ok(directory) => looked(args, &directory, &session).await?,
        Err(error) if error.kind == ErrorKind::ReadOnly => {
            vec![TestCheck::of_failure("controller", error.into())]
        }
        Err(error) if directory::is_clock_skew(&error) => {
            vec![TestCheck::of_failure("clock", error.into())]
        }
        Err(error) => return Err(error.into()),
    };
    let cause = checks.iter().find(|check| check.holds == Some(false));
    let document = TestDocument {
        usable: cause.is_none(),
        cause: cause.cloned(),
        checks,
    };
    output.document(&document, human::account_test);
    Ok(if document.usable { 0 } else { exit::REFUSED })
}

/// What a domain controller that may be asked tells.
async fn looked(
    args: &Test,
    directory: &ActiveDirectory,
    session: &Session<'_>,
) -> Result<Vec<TestCheck>, Failure> {
    let mut checks = vec![TestCheck::of(
        "controller",
        format!(
            "{} is a writable domain controller",
            session.controller().await?.server
        ),
    )];
    match gmsa(directory, &args.gmsa).await {
        Err(failure) if failure.kind == "not-found" || failure.kind == "conflict" => {
            checks.push(TestCheck::of_failure("account", failure));
        }
        Err(failure) => return Err(failure),
        Ok(gmsa) => {
            checks.extend(of_account(&gmsa, directory).await?);
            if let Some(host) = &args.host {
                checks.extend(of_host(&gmsa, host, directory, session).await?);
            }
        }
    }
    Ok(checks)
}

/// What does not depend on the host.
async fn of_account(gmsa: &Gmsa, directory: &ActiveDirectory) -> Result<Vec<TestCheck>, Failure> {
    let account = &gmsa.account;
    let mut checks = vec![
        TestCheck::of("account", format!("{} is a gMSA", account.name)),
        root_key(directory).await?,
    ];
    checks.push(match account.enabled {
        true => TestCheck::of("enabled", "it is enabled".to_owned()),
        false => TestCheck::failed(
            "enabled",
            "it is disabled".to_owned(),
            format!("gmsactl account set {} --enabled on", account.name),
        ),
    });
    let domain = directory.domain().await?;
    let skewed = domain
        .domain_controllers
        .iter()
        .find(|one| one.clock_skew_seconds.abs() > SKEW_SECONDS);
    let silent = directory.gaps().into_iter().next();
    checks.push(match skewed {
        None if silent.is_some() => {
            let why = silent.map(|gap| gap.why).unwrap_or_default();
            TestCheck::unknown("clock", why)
        }
        None => TestCheck::of(
            "clock",
            "domain controllers and this machine agree".to_owned(),
        ),
        Some(one) => TestCheck::failed(
            "clock",
            format!(
                "the clock of {} is {} s off",
                one.dns_name, one.clock_skew_seconds
            ),
            "set the clocks: Kerberos allows 5 minutes".to_owned(),
        ),
    });
    let missing = directory.controllers_without(&account.guid).await?;
    checks.push(if missing.is_empty() {
        TestCheck::of(
            "replicated",
            "every domain controller that answers has it".to_owned(),
        )
    } else {
        let names: Vec<_> = missing.iter().map(|name| name.as_str()).collect();
        TestCheck::failed(
            "replicated",
            format!("it has not come to {} yet", names.join(" and ")),
            "wait for replication, or repadmin /syncall".to_owned(),
        )
    });
    Ok(checks)
}

async fn root_key(directory: &ActiveDirectory) -> Result<TestCheck, Failure> {
    let keys = match directory.root_keys().await {
        Ok(keys) => keys,
        Err(error) if error.kind == ErrorKind::Denied => {
            return Ok(TestCheck::unknown("root-key", error.what));
        }
        Err(error) => return Err(error.into()),
    };
    let now = SystemClock.now();
    let usable = keys
        .iter()
        .find(|key| key.defect.is_none() && key.usable_from <= now);
    Ok(match usable {
        Some(key) => TestCheck::of("root-key", format!("KDS root key {} can be used", key.id)),
        None => TestCheck::failed(
            "root-key",
            "no KDS root key can be used".to_owned(),
            "gmsactl kds list shows them; kds add, then kds wait".to_owned(),
        ),
    })
}

/// What this host needs.
async fn of_host(
    gmsa: &Gmsa,
    host: &HostName,
    directory: &ActiveDirectory,
    session: &Session<'_>,
) -> Result<Vec<TestCheck>, Failure> {
    let computer = account(directory, &host.computer_account()).await?;
    let listed = listed(gmsa, &computer, directory).await?;
    let mut checks = vec![types(gmsa, &computer), listed.0];
    let Some(groups) = listed.1 else {
        return Ok(checks);
    };
    let agent = agent(gmsa, host, session).await;
    checks.push(match &agent {
        Ok((_, Some(RetrievalState::CanInstall | RetrievalState::Installed))) => {
            let what =
                "Windows on the host can retrieve the password, so its ticket has the membership";
            TestCheck::of("ticket", what.to_owned())
        }
        Ok((facts, _)) => ticket(host, facts, directory.changed_last(&groups).await?),
        Err(why) => TestCheck::unknown("ticket", format!("the host's agent was not asked: {why}")),
    });
    if let Ok((facts, state)) = &agent {
        let skew = facts.clock_skew_seconds;
        checks.push(match skew.abs() > SKEW_SECONDS {
            false => TestCheck::of(
                "host-clock",
                format!("the host's clock differs by {skew} s"),
            ),
            true => TestCheck::failed(
                "host-clock",
                format!("the host's clock is {skew} s off"),
                "set it by a domain controller's: Kerberos allows 5 minutes".to_owned(),
            ),
        });
        checks.extend(state.map(windows_says));
    }
    match directory.prove_password(&gmsa.account.name, host).await {
        Ok(proof) => {
            let what = "the domain controller sees an encrypted connection";
            checks.push(TestCheck::of("confidential", what.to_owned()));
            for (id, proof) in [("retrieval", proof.retrieved), ("log-on", proof.logon)] {
                checks.push(match proof.holds {
                    true => TestCheck::of(id, proof.detail),
                    false => TestCheck::failed(id, proof.detail, RETRY.to_owned()),
                });
            }
        }
        Err(error) if error.kind == ErrorKind::NotConfigured => {
            checks.push(TestCheck::unknown("retrieval", error.what));
        }
        Err(error) if error.kind == ErrorKind::NotConfidential => {
            checks.push(TestCheck::of_failure("confidential", error.into()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(checks)
}

const RETRY: &str =
    "look at the line above; after a change wait for replication, then purge the host's tickets";

/// Whether the host is in the list, on which way; and the groups of that way.
async fn listed(
    gmsa: &Gmsa,
    computer: &Account,
    directory: &ActiveDirectory,
) -> Result<(TestCheck, Option<Vec<model::names::Dn>>), Failure> {
    let principals = directory.principals(&gmsa.retrieval_principals).await?;
    let (name, host) = (&gmsa.account.name, &computer.name);
    if gmsa.retrieval_principals.contains(&computer.sid) {
        let what = format!("{host} itself may retrieve the password");
        return Ok((TestCheck::of("allowed", what), Some(Vec::new())));
    }
    let groups: Vec<_> = principals.values().map(|one| one.dn.clone()).collect();
    if let Some(path) = directory.membership_path(&computer.dn, &groups).await? {
        let way: Vec<_> = path.iter().map(|dn| dn.as_str()).collect();
        let what = format!(
            "{host} may retrieve the password, as a member of {}",
            way.join(" → ")
        );
        return Ok((TestCheck::of("allowed", what), Some(path)));
    }
    let names: Vec<_> = principals.values().map(|one| one.name.as_str()).collect();
    let list = match names.is_empty() {
        true => "the list is empty".to_owned(),
        false => format!(
            "it is a member of none of {}, directly or through a group",
            names.join(", ")
        ),
    };
    let advice = match principals.values().find(|one| one.group) {
        Some(group) => format!("gmsactl group add {} {host}", group.name),
        None => format!("gmsactl account allow {name} {host}"),
    };
    let what = format!("{host} may not retrieve the password: {list}");
    Ok((TestCheck::failed("allowed", what, advice), None))
}

fn types(gmsa: &Gmsa, computer: &Account) -> TestCheck {
    let ours = gmsa.account.encryption_types.unwrap_or(USUAL_TYPES);
    let theirs = computer.encryption_types.unwrap_or(USUAL_TYPES);
    let both = ours & theirs & 0x1f;
    if both == 0 {
        return TestCheck::failed(
            "encryption-types",
            format!(
                "the gMSA allows 0x{ours:x}, {} 0x{theirs:x}: none in common",
                computer.name
            ),
            format!(
                "gmsactl account set {} --encryption-types aes128,aes256, and the same for the gMSA",
                computer.name
            ),
        );
    }
    let weak = if both & AES == 0 { ", without AES" } else { "" };
    TestCheck::of("encryption-types", format!("0x{both:x} in common{weak}"))
}

/// What the host says of itself, and whether Windows thinks that the account can be used.
async fn agent(
    gmsa: &Gmsa,
    host: &HostName,
    session: &Session<'_>,
) -> Result<(HostFacts, Option<RetrievalState>), String> {
    if !session.estate.hosts.iter().any(|known| known.name == *host) {
        return Err(format!("{host} is not in the estate"));
    }
    let hosts = session.hosts().map_err(|failure| failure.message)?;
    let host = hosts.host(host).await.map_err(|error| error.what)?;
    let facts = host.facts().await.map_err(|error| error.what)?;
    let state = host.retrieval_state(&gmsa.account.name).await.ok();
    Ok((facts, state))
}

/// A membership counts from the next ticket on: the one at boot, or ten hours later.
fn ticket(host: &HostName, facts: &HostFacts, changed: Option<FileTime>) -> TestCheck {
    let (Some(booted), Some(changed)) = (facts.booted, changed) else {
        return TestCheck::unknown("ticket", "it is not known when the host booted".to_owned());
    };
    let old = changed.saturating_add(TICKET_LIFETIME) <= SystemClock.now();
    if booted >= changed.saturating_add(WHEN_CHANGED) || old {
        return TestCheck::of(
            "ticket",
            format!("its ticket is younger than the membership of {changed}"),
        );
    }
    TestCheck::failed(
        "ticket",
        format!(
            "the group changed at {changed}, {host} booted at {booted}: its ticket may not have the membership yet"
        ),
        format!("restart {host}, or run there: klist -li 0x3e7 purge"),
    )
}

fn windows_says(state: RetrievalState) -> TestCheck {
    let what = format!("Windows on the host says {state:?}");
    match state {
        RetrievalState::CanInstall | RetrievalState::Installed => TestCheck::of("windows", what),
        _ => TestCheck::failed("windows", what, RETRY.to_owned()),
    }
}
