//! Runs of packages, through Windows Installer's own interface: no command line of any process ever holds a property.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use agent_protocol::{Failure, FailureKind, Secret, SetupEnd, SetupProperty, SetupRun};
use windows_sys::Win32::System::ApplicationInstallationAndServicing::{
    INSTALLLOGMODE_ACTIONSTART, INSTALLLOGMODE_ERROR, INSTALLLOGMODE_FATALEXIT,
    INSTALLLOGMODE_INFO, INSTALLLOGMODE_OUTOFDISKSPACE, INSTALLLOGMODE_TERMINATE,
    INSTALLLOGMODE_WARNING, INSTALLUILEVEL_NONE, MsiEnableLogW, MsiInstallProductW,
    MsiSetInternalUI,
};
use zeroize::Zeroizing;

use super::wide::Wide;
use crate::{files, setup_log};

/// ERROR_INSTALL_ALREADY_RUNNING.
const ALREADY_RUNNING: u32 = 1618;
/// Between two tries while another installation runs.
const PAUSE: Duration = Duration::from_secs(5);
/// Every subject but those that list properties: with "property dump" and "verbose" their values would be in the file.
const LOGGED: u32 = (INSTALLLOGMODE_FATALEXIT
    | INSTALLLOGMODE_ERROR
    | INSTALLLOGMODE_WARNING
    | INSTALLLOGMODE_INFO
    | INSTALLLOGMODE_OUTOFDISKSPACE
    | INSTALLLOGMODE_ACTIONSTART
    | INSTALLLOGMODE_TERMINATE)
    .cast_unsigned();

/// Runs it and waits for its end; the log is rewritten without secrets before anything of it is told.
pub fn run(wanted: SetupRun, secret: &Secret) -> Result<SetupEnd, Failure> {
    if let Some(expected) = &wanted.sha256 {
        let found = files::digest(&wanted.package)?.sha256;
        if found != *expected {
            let what = format!("{} is another file: SHA-256 {found}", wanted.package);
            return Err(Failure::new(FailureKind::Invalid, what));
        }
    }
    let line = property_line(&wanted.properties, wanted.secret_property.as_ref(), secret)?;
    let package = Wide::new(wanted.package.as_str())?;
    let log = Wide::new(wanted.log.as_str())?;
    let (busy, wait) = (
        Duration::from_millis(wanted.busy_ms),
        Duration::from_millis(wanted.timeout_ms),
    );
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let _ = done.send(install(&package, &line, &log, busy)); // Nobody waits any more: it was told as a time-out.
    });
    let (code, attempts) = ended.recv_timeout(wait.saturating_add(busy)).map_err(|_| {
        let what = format!(
            "setup has not ended within {} ms and goes on",
            wanted.timeout_ms
        );
        Failure::new(FailureKind::Timeout, what)
    })?;
    let log = Path::new(wanted.log.as_str());
    let text = fs::read(log).map(|bytes| setup_log::text(&bytes));
    let text = setup_log::without_secrets(&text.unwrap_or_default(), secret);
    // What cannot be rewritten is not left with a secret in it.
    if fs::write(log, &text).is_err() {
        drop(fs::remove_file(log));
    }
    Ok(SetupEnd {
        code,
        log: setup_log::excerpt(&text),
        attempts,
    })
}

/// What Windows Installer returned, and how often it was asked.
fn install(package: &Wide, line: &Wide, log: &Wide, busy: Duration) -> (u32, u32) {
    let until = Instant::now().checked_add(busy);
    let mut attempts = 0;
    loop {
        attempts += 1;
        // SAFETY: no window is given; the texts end in a NUL and live as long as the calls.
        let code = unsafe {
            MsiSetInternalUI(INSTALLUILEVEL_NONE, std::ptr::null_mut());
            MsiEnableLogW(LOGGED, log.as_ptr(), 0);
            let code = MsiInstallProductW(package.as_ptr(), line.as_ptr());
            MsiEnableLogW(0, std::ptr::null(), 0); // Closes the file.
            code
        };
        let over = until.is_some_and(|until| Instant::now() >= until);
        if code != ALREADY_RUNNING || over {
            return (code, attempts);
        }
        thread::sleep(PAUSE);
    }
}

/// `NAME="value" …`; a quotation mark in a value is doubled ("Command-Line Options", setting public properties).
fn property_line(
    properties: &[SetupProperty],
    secret_property: Option<&agent_protocol::PropertyName>,
    secret: &Secret,
) -> Result<Wide, Failure> {
    let mut line = Zeroizing::new(String::with_capacity(64 << 10));
    let mut add = |name: &str, value: &str| {
        line.push_str(name);
        line.push_str("=\"");
        for letter in value.chars() {
            line.push(letter);
            if letter == '"' {
                line.push('"');
            }
        }
        line.push_str("\" ");
    };
    for property in properties {
        add(property.name.as_str(), property.value.as_str());
    }
    if let Some(name) = secret_property {
        let secret = std::str::from_utf8(secret.expose_bytes())
            .map_err(|_| Failure::new(FailureKind::Invalid, "the secret is no text"))?;
        add(name.as_str(), secret);
    }
    Wide::new(&line)
}
