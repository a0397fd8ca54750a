//! The log: to standard error, without anything secret.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::options::LogLevel;

/// Libraries that print keys or packets in their finest levels: capped, whatever is asked for.
const CAPPED: &[&str] = &[
    "sspi",
    "picky",
    "picky_krb",
    "picky_asn1_x509",
    "russh",
    "rustls",
    "ssh_key",
];

/// Starts the log at that level.
pub fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let capped = CAPPED
        .iter()
        .map(|target| (*target, level.min(LevelFilter::WARN)));
    let targets = Targets::new().with_default(level).with_targets(capped);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(true);
    drop(
        tracing_subscriber::registry()
            .with(lines)
            .with(targets)
            .try_init(),
    );
}
