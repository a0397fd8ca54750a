//! Passwords: from a file, a descriptor or the terminal into memory, and nowhere else.

use std::fs::File;
use std::io::{BufReader, IsTerminal, Read};
use std::path::Path;

use model::estate::{Estate, SecretSource};
use model::names::LogonAccount;
use model::ports::Secrets;
use model::secret::Password;
use zeroize::Zeroizing;

use crate::error::Failure;

/// Longer is no password: Windows takes 127 characters, gMSAs have 256 bytes.
const LONGEST: u64 = 4096;

/// Passwords that the operator supplied, by account.
#[derive(Default)]
pub struct Supplied(Vec<(LogonAccount, Password)>);

impl Secrets for Supplied {
    fn password(&self, account: &LogonAccount) -> Option<&Password> {
        self.0
            .iter()
            .find(|(known, _)| known.same_as(account))
            .map(|(_, password)| password)
    }
}

impl Supplied {
    /// Those that are known already.
    pub fn known(passwords: Vec<(LogonAccount, Password)>) -> Self {
        Self(passwords)
    }

    /// The password, where one account was asked for.
    pub fn into_one(self) -> Option<Password> {
        self.0.into_iter().next().map(|(_, password)| password)
    }

    /// Reads the passwords of these accounts from the sources that the estate names; asks for the others on the
    /// terminal, where an empty answer means that there is none.
    pub fn of(
        estate: &Estate,
        accounts: &[LogonAccount],
        interactive: bool,
    ) -> Result<Self, Failure> {
        let mut supplied = Vec::new();
        for account in accounts {
            let source = estate
                .credentials
                .iter()
                .find(|credential| credential.account.same_as(account));
            let password = match source {
                Some(credential) => read(&credential.password, &account.to_string(), interactive)?,
                None if interactive => ask(&format!("{account} (empty: none)"))?,
                None => continue,
            };
            if !password.is_empty() {
                supplied.push((account.clone(), password));
            }
        }
        Ok(Self(supplied))
    }
}

/// Whether somebody can be asked.
pub fn is_interactive(non_interactive: bool) -> bool {
    !non_interactive && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Reads one password from where the estate says.
pub fn read(source: &SecretSource, of: &str, interactive: bool) -> Result<Password, Failure> {
    match source {
        SecretSource::File(path) => first_line(path, of),
        SecretSource::Descriptor(number) => first_line(Path::new(&format!("/dev/fd/{number}")), of),
        SecretSource::Prompt(_) if interactive => ask(of),
        SecretSource::Prompt(_) => Err(Failure::new("credential", format!("the password of {of} must be asked for, and nobody can be asked"))
            .hint("run it on a terminal without --non-interactive, or name a file or descriptor instead of prompt")),
    }
}

/// Asks on the terminal, without echo.
pub fn ask(of: &str) -> Result<Password, Failure> {
    let text = rpassword::prompt_password(format!("Password of {of}: ")).map_err(|error| {
        Failure::new(
            "credential",
            format!("the password of {of} cannot be asked for"),
        )
        .caused_by(&error)
    })?;
    Ok(Password::new(text.into_bytes()))
}

fn first_line(path: &Path, of: &str) -> Result<Password, Failure> {
    let fail = |error: &std::io::Error| {
        Failure::new(
            "credential",
            format!(
                "the password of {of} cannot be read from {}",
                path.display()
            ),
        )
        .caused_by(error)
        .hint("check the path, and the rights on it")
    };
    let file = File::open(path).map_err(|error| fail(&error))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize));
    BufReader::new(file)
        .take(LONGEST)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(&error))?;
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(Failure::new(
            "credential",
            format!(
                "{} is empty; it should hold the password of {of}",
                path.display()
            ),
        )
        .hint("write the password into its first line"));
    }
    Ok(Password::new(line.to_vec()))
}
