//! `gmsactl doctor`: what can be reached from here, and with which rights.

mod databases;

use model::estate::HostAccess;
use model::inventory::{DomainController, RootKeyFacts};
use model::names::LogonAccount;
use model::ports::{Clock, Directory, Hosts, Secrets, WorldError};

use super::Done;
use crate::database_servers;
use crate::documents::{DoctorCheck, DoctorDocument};
use crate::error::{Failure, exit};
use crate::operator::Operator;
use crate::options::Global;
use crate::passwords::Supplied;
use crate::session::{self, Session};
use crate::system::SystemClock;
use crate::view::{Output, human};

/// Kerberos' limit.
const MAX_SKEW_SECONDS: i64 = 300;

/// Tries everything; exit code 1 if something does not work.
pub async fn run(global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    let operator = session.operator();
    let servers = match &operator {
        Ok(operator) => Some(database_servers::databases(&session, operator).await),
        Err(_) => None,
    };
    let mut checks = directory(&session, operator).await;
    let hosts = session.hosts()?;
    for access in &session.estate.hosts {
        checks.extend(host(&*hosts, access).await);
    }
    if let Some(servers) = servers {
        checks.extend(databases::checks(&session, &*hosts, &*servers).await);
    }
    checks.push(journal(global));
    let document = DoctorDocument {
        holds: checks.iter().all(|check| check.holds),
        checks,
    };
    output.document(&document, human::doctor);
    Ok(if document.holds { 0 } else { exit::REFUSED })
}

async fn directory(session: &Session<'_>, operator: Result<Operator, Failure>) -> Vec<DoctorCheck> {
    let subject = format!("directory {}", session.estate.domain.name);
    let operator = match operator {
        Ok(operator) => operator,
        Err(failure) => return vec![failed("directory", subject, failure)],
    };
    let (user, how) = (operator.user.clone(), operator.how.clone());
    let mut checks = match session.controller().await {
        Ok(found) => vec![works(
            "controller",
            format!("domain controller {}", found.server),
            found.why.clone(),
        )],
        Err(failure) => return vec![failed("controller", subject, failure)],
    };
    let directory = match session.directory_as(operator).await {
        Ok(directory) => directory,
        Err(failure) => {
            checks.push(failed("directory", subject, failure));
            return checks;
        }
    };
    let domain = match directory.domain().await {
        Ok(domain) => domain,
        Err(error) => {
            checks.push(failed("directory", subject, error.into()));
            return checks;
        }
    };
    let detail = format!(
        "logged on to {} ({}) as {user}, {how}",
        domain.netbios_name, domain.sid
    );
    checks.push(works("directory", subject, detail));
    for controller in &domain.domain_controllers {
        checks.push(clock(
            controller.dns_name.as_str(),
            controller.clock_skew_seconds,
        ));
    }
    checks.push(match directory.root_keys().await {
        Ok(keys) => root_keys(&keys, &domain.domain_controllers),
        Err(error) => failed("root-keys", "KDS root keys".to_owned(), error.into()),
    });
    let accounts: Vec<_> = session
        .estate
        .credentials
        .iter()
        .map(|known| known.account.clone())
        .collect();
    match Supplied::of(&session.estate, &accounts, session.is_interactive()) {
        Ok(supplied) => {
            for account in &accounts {
                checks.push(credential(&directory, &supplied, account).await);
            }
        }
        Err(failure) => checks.push(failed(
            "credential",
            "passwords of password accounts".to_owned(),
            failure,
        )),
    }
    checks
}

fn root_keys(keys: &[RootKeyFacts], controllers: &[DomainController]) -> DoctorCheck {
    let subject = "KDS root keys".to_owned();
    let here = |one: &DomainController| {
        let mut holders = keys.iter().map(|key| &key.domain_controller);
        holders.any(|holder| *holder == one.dns_name)
    };
    let without = controllers.iter().find(|one| !here(one));
    if let (Some(without), false) = (without, keys.is_empty()) {
        let what = format!("they have not come to {} yet", without.dns_name);
        return failed(
            "root-keys",
            subject,
            Failure::new("root-keys", what).hint("see to replication: repadmin /showrepl"),
        );
    }
    let now = SystemClock.now();
    let usable = keys
        .iter()
        .filter(|key| key.defect.is_none() && key.usable_from <= now)
        .count();
    if usable > 0 {
        return works(
            "root-keys",
            subject,
            format!("{usable} of {} can be used now", keys.len()),
        );
    }
    let next = keys
        .iter()
        .filter(|key| key.defect.is_none())
        .map(|key| key.usable_from)
        .min();
    let (what, hint) = match next {
        Some(from) => (
            format!("none can be used before {from}"),
            "wait: keys are used 10 hours after their effective time",
        ),
        None => (
            "there is none that can be used".to_owned(),
            "as a Domain Admin: Add-KdsRootKey -EffectiveImmediately, then wait 10 hours",
        ),
    };
    failed(
        "root-keys",
        subject,
        Failure::new("root-keys", what).hint(hint),
    )
}

async fn credential(
    directory: &dyn Directory,
    supplied: &Supplied,
    account: &LogonAccount,
) -> DoctorCheck {
    let subject = format!("password of {account}");
    let Some(password) = supplied.password(account) else {
        return failed(
            "credential",
            subject,
            Failure::new("credential", "none was given"),
        );
    };
    match directory.prove_user_password(account, password).await {
        Ok(proof) if proof.holds => works("credential", subject, proof.detail),
        Ok(proof) => failed(
            "credential",
            subject,
            Failure::new("credential", proof.detail)
                .hint("correct the password's source in estate.toml"),
        ),
        Err(error) => failed("credential", subject, error.into()),
    }
}

async fn host(hosts: &dyn Hosts, access: &HostAccess) -> Vec<DoctorCheck> {
    let subject = format!("host {}", access.name);
    let facts = async {
        let host = hosts.host(&access.name).await?;
        let facts = host.facts().await?;
        Ok::<_, WorldError>((facts, host.services().await?.len()))
    };
    match facts.await {
        Ok((facts, services)) => {
            let detail = format!(
                "{}, {} {}, agent {}, {services} services can be read",
                facts.computer_name, facts.os_name, facts.os_version, facts.agent_version
            );
            vec![
                works("host", subject, detail),
                clock(access.dns_name.as_str(), facts.clock_skew_seconds),
            ]
        }
        Err(error) => vec![failed("host", subject, error.into())],
    }
}

fn clock(name: &str, skew: i64) -> DoctorCheck {
    let subject = format!("clock of {name}");
    let detail = format!("differs by {skew} s");
    if skew.abs() <= MAX_SKEW_SECONDS {
        return works("clock", subject, detail);
    }
    failed(
        "clock",
        subject,
        Failure::new("clock", detail)
            .hint("Kerberos takes 5 minutes at most: w32tm /resync, chronyc makestep"),
    )
}

fn journal(global: &Global) -> DoctorCheck {
    let subject = "journal".to_owned();
    match session::journal(global).and_then(|journal| Ok(journal.runs()?)) {
        Ok(runs) => works("journal", subject, format!("{} runs", runs.len())),
        Err(failure) => failed("journal", subject, failure),
    }
}

fn works(id: &'static str, subject: String, detail: String) -> DoctorCheck {
    DoctorCheck {
        id,
        subject,
        holds: true,
        detail,
        advice: None,
    }
}

fn failed(id: &'static str, subject: String, failure: Failure) -> DoctorCheck {
    let detail = std::iter::once(failure.message)
        .chain(failure.causes)
        .collect::<Vec<_>>()
        .join(": ");
    DoctorCheck {
        id,
        subject,
        holds: false,
        detail,
        advice: failure.hint,
    }
}
