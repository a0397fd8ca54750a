//! The web server of this host: its file, its pools' states, its worker process.

mod com;

use std::io::Write;
use std::os::windows::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stand_in_windows::windows::protected;
use winreg::RegKey;
use winreg::enums::HKEY_LOCAL_MACHINE;

use crate::element::Element;
use crate::pools::{Machine, STOPPED};

const STATES: &str = r"SOFTWARE\Stand-in IIS\Application pools";
const ENCRYPTED: (&str, &str) = ("[enc:StandInProvider:", ":enc]");
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// This host.
pub struct ThisHost;

impl ThisHost {
    /// Reads the configuration.
    ///
    /// # Errors
    /// When it is not there, or no XML.
    pub fn configuration() -> anyhow::Result<Element> {
        let file = file("config\\applicationHost.config");
        let text = std::fs::read_to_string(&file);
        Element::parse(&text.with_context(|| format!("cannot read {}", file.display()))?)
    }
}

impl Machine for ThisHost {
    fn save(&self, configuration: &Element) -> anyhow::Result<()> {
        let (whole, part) = (
            file("config\\applicationHost.config"),
            file("config\\applicationHost.part"),
        );
        std::fs::write(&part, configuration.to_text())?;
        Ok(std::fs::rename(part, whole)?)
    }

    fn protect(&self, password: &str) -> anyhow::Result<String> {
        if password.is_empty() {
            return Ok(String::new());
        }
        let encrypted = STANDARD.encode(protected::protect(password.as_bytes())?);
        Ok([ENCRYPTED.0, &encrypted, ENCRYPTED.1].concat())
    }

    fn log_on(&self, user: &str, kept: &str) -> anyhow::Result<()> {
        let password = match kept {
            "" => Vec::new(),
            kept => {
                let inner = kept.strip_prefix(ENCRYPTED.0);
                let inner = inner.and_then(|text| text.strip_suffix(ENCRYPTED.1));
                protected::unprotect(&STANDARD.decode(inner.context("no encrypted password")?)?)?
            }
        };
        let mut worker = Command::new(file("w3wp.exe"))
            .arg(user)
            .creation_flags(CREATE_NO_WINDOW)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start w3wp.exe")?;
        worker
            .stdin
            .take()
            .context("no pipe")?
            .write_all(&password)?;
        let output = worker.wait_with_output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    fn state(&self, pool: &str) -> u32 {
        let states = RegKey::predef(HKEY_LOCAL_MACHINE).open_subkey(STATES);
        let state = states.and_then(|states| states.get_value(pool));
        state.unwrap_or(STOPPED)
    }

    fn set_state(&self, pool: &str, state: u32) -> anyhow::Result<()> {
        let (states, _) = RegKey::predef(HKEY_LOCAL_MACHINE).create_subkey(STATES)?;
        Ok(states.set_value(pool, &state)?)
    }
}

fn file(name: &str) -> PathBuf {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    PathBuf::from(root).join(r"System32\inetsrv").join(name)
}
