//! The agent's words in the model's.

use std::time::SystemTime;

use agent_protocol as wire;
use model::inventory::{HostFacts, Product, Service, ServiceStart, ServiceState};
use model::names::{LogonAccount, ServiceName};
use model::ports::{FileFacts, RetrievalState, StoppedService};
use security::FileTime;

use crate::AgentError;

/// Facts, with the host's clock against ours: `ours` is the middle of the exchange.
pub fn facts(facts: wire::HostFacts, agent_version: String, ours: SystemTime) -> HostFacts {
    HostFacts {
        computer_name: facts.computer_name,
        os_name: facts.os_name,
        os_version: [facts.os_version, facts.os_build].join("."),
        booted: facts.booted_at.and_then(file_time),
        clock_skew_seconds: skew_seconds(facts.now, ours),
        agent_version,
    }
}

/// `None` for a service whose name is none by our rules.
pub fn service(service: wire::Service) -> Option<Service> {
    Some(Service {
        name: service.name.as_str().parse().ok()?,
        display_name: service.display_name,
        logon_account: LogonAccount::from(
            service.logon_account.map(String::from).unwrap_or_default(),
        ),
        managed_account: Some(service.managed_account.set),
        start: match service.start {
            wire::StartType::Boot | wire::StartType::System => ServiceStart::Boot,
            wire::StartType::Automatic | wire::StartType::AutomaticDelayed => {
                ServiceStart::Automatic
            }
            wire::StartType::Manual => ServiceStart::Manual,
            wire::StartType::Disabled => ServiceStart::Disabled,
        },
        state: state(service.state),
        image_path: service.image_path,
        dependants: service
            .dependants
            .iter()
            .filter_map(|name| name.as_str().parse().ok())
            .collect(),
    })
}

/// What was stopped.
pub fn stopped(stopped: wire::StoppedService) -> Option<StoppedService> {
    Some(StoppedService {
        service: stopped.name.as_str().parse().ok()?,
        prior: state(stopped.prior),
    })
}

/// A product.
pub fn product(product: wire::Product) -> Product {
    Product {
        name: product.name,
        version: product.version.unwrap_or_default(),
        publisher: product.publisher.unwrap_or_default(),
        code: product.code,
    }
}

/// Size and hash of a file.
pub fn file(digest: wire::FileDigest) -> FileFacts {
    FileFacts {
        size: digest.size,
        sha256: digest.sha256,
    }
}

/// Whether the host can use a gMSA.
pub fn retrieval_state(state: wire::ServiceAccountState) -> RetrievalState {
    match state {
        wire::ServiceAccountState::NotExist => RetrievalState::NotExist,
        wire::ServiceAccountState::NotService => RetrievalState::NotService,
        wire::ServiceAccountState::CannotInstall => RetrievalState::CannotInstall,
        wire::ServiceAccountState::CanInstall => RetrievalState::CanInstall,
        wire::ServiceAccountState::Installed => RetrievalState::Installed,
    }
}

/// A service's name for the wire.
pub fn service_name(name: &ServiceName) -> Result<wire::ServiceName, AgentError> {
    Ok(wire::ServiceName::parse(name.as_str())?)
}

fn state(state: wire::ServiceState) -> ServiceState {
    match state {
        wire::ServiceState::Stopped => ServiceState::Stopped,
        wire::ServiceState::Running => ServiceState::Running,
        wire::ServiceState::Paused => ServiceState::Paused,
        wire::ServiceState::StartPending
        | wire::ServiceState::StopPending
        | wire::ServiceState::ContinuePending
        | wire::ServiceState::PausePending => ServiceState::Changing,
    }
}

fn file_time(time: wire::UnixMillis) -> Option<FileTime> {
    FileTime::from_unix_nanos(i128::from(time.0) * 1_000_000)
}

fn skew_seconds(theirs: wire::UnixMillis, ours: SystemTime) -> i64 {
    let ours = ours
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let difference = i128::from(theirs.0) - i128::try_from(ours).unwrap_or_default();
    i64::try_from((difference as f64 / 1000.0).round() as i128).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn skew_is_theirs_minus_ours_rounded() {
        let ours = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(skew_seconds(wire::UnixMillis(1_000_400), ours), 0);
        assert_eq!(skew_seconds(wire::UnixMillis(1_600_600), ours), 601);
        assert_eq!(skew_seconds(wire::UnixMillis(400_000), ours), -600);
    }
}
