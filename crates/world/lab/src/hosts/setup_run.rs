//! A setup run through Windows Installer's own interface, as the agent does it.

use agent_protocol::{Failure, FailureKind, RegistryKey, Secret, SetupEnd, SetupRun};

use super::event_log::{Level, Log};
use super::files::Content;
use super::machine::Machine;
use super::programs::Ending;

/// ERROR_INSTALL_ALREADY_RUNNING.
const ALREADY_RUNNING: i32 = 1618;
/// Who writes the end of a setup into the Application log, and as what: "reconfigured the product".
const INSTALLER: &str = "MsiInstaller";
const RECONFIGURED: u32 = 1035;
/// There while an installation goes on.
const IN_PROGRESS: &str = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\InProgress";

/// Runs it to its end, and leaves its log on the host.
///
/// # Errors
/// Where the package is another one than was expected.
pub fn run(
    machine: &mut Machine<'_>,
    wanted: &SetupRun,
    secret: &Secret,
) -> Result<SetupEnd, Failure> {
    if let Some(expected) = &wanted.sha256 {
        let found = machine.state.files.digest(&wanted.package)?.sha256;
        if found != *expected {
            let what = format!("{} is another file: SHA-256 {found}", wanted.package);
            return Err(Failure::new(FailureKind::Invalid, what));
        }
    }
    let ending = match is_busy(machine) {
        true => Ending::failed(ALREADY_RUNNING, "another installation is running"),
        false => msiexec_of(machine, wanted, secret),
    };
    let mut log = vec!["Action start: INSTALL.".to_owned()];
    log.extend(ending.complained.lines().map(str::to_owned));
    log.push(format!(
        "Action ended: INSTALL. Return value {}.",
        if [0, 3010].contains(&ending.code) {
            1
        } else {
            3
        }
    ));
    let content = Content::Bytes(log.join("\r\n").into_bytes());
    machine.state.files.put(wanted.log.as_str(), content);
    let text = format!("setup {} ended with {}", wanted.package, ending.code);
    machine.event(
        Log::Application,
        INSTALLER,
        RECONFIGURED,
        Level::Information,
        text,
    );
    Ok(SetupEnd {
        code: ending.code.cast_unsigned(),
        log,
        attempts: 1,
    })
}

fn is_busy(machine: &Machine<'_>) -> bool {
    let key = RegistryKey::parse(IN_PROGRESS);
    key.is_ok_and(|key| machine.state.registry.read(&key, "").is_ok())
}

fn msiexec_of(machine: &mut Machine<'_>, wanted: &SetupRun, secret: &Secret) -> Ending {
    let mut words = vec![
        "/i".to_owned(),
        wanted.package.to_string(),
        "/qn".to_owned(),
    ];
    let given = wanted.properties.iter();
    words.extend(given.map(|property| format!("{}={}", property.name, property.value)));
    if let Some(name) = &wanted.secret_property {
        let secret = String::from_utf8_lossy(secret.expose_bytes());
        words.push(format!("{name}={secret}"));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    machine.products.install(machine, &words)
}
