//! The command line of `miiskmu.exe`.

use crate::Usage;
use crate::account::Account;
use crate::password::PasswordArgument;

/// The command lines that are documented.
pub const USAGE: &str = r#"usage: miiskmu /e FILE [/u:DOMAIN\name {PASSWORD | *}] [/q]
       miiskmu /i FILE {GUID} [/q]
       miiskmu /c {GUID} [/q]
       miiskmu /a [/q]"#;

/// What `miiskmu.exe` is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Order {
    /// `/e`: write the key set to a file.
    Export {
        /// Where to.
        file: String,
        /// The service's account; the caller's own when it is not named.
        account: Option<Account>,
        /// Its password.
        password: PasswordArgument,
    },
    /// `/i`: read a key set from a file.
    Import,
    /// `/c`: is the key set in use this one?
    Check {
        /// The key set's identifier, 16 bytes.
        id: [u8; 16],
    },
    /// `/a`: give the key set up.
    Abandon,
}

/// Reads the arguments; the second value is `/q`.
pub fn parse(arguments: &[String]) -> Result<(Order, bool), Usage> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (arguments, quiet) = match arguments.split_last() {
        Some((last, before)) if last.eq_ignore_ascii_case("/q") => (before, true),
        _ => (arguments.as_slice(), false),
    };
    let order = match arguments {
        [verb, file] if is(verb, "/e") => Order::Export {
            file: path(file)?,
            account: None,
            password: PasswordArgument::Absent,
        },
        [verb, file, user, password @ ..] if is(verb, "/e") && password.len() <= 1 => {
            let password = PasswordArgument::parse(password.first().copied());
            Order::Export {
                file: path(file)?,
                account: Some(account(user)?),
                password,
            }
        }
        [verb, file, id] if is(verb, "/i") => {
            path(file)?;
            guid(id)?;
            Order::Import
        }
        [verb, id] if is(verb, "/c") => Order::Check { id: guid(id)? },
        [verb] if is(verb, "/a") => Order::Abandon,
        _ => return Err(Usage(USAGE)),
    };
    Ok((order, quiet))
}

fn is(argument: &str, switch: &str) -> bool {
    argument.eq_ignore_ascii_case(switch)
}

fn path(argument: &str) -> Result<String, Usage> {
    let sound = !argument.is_empty() && !argument.starts_with('/');
    sound.then(|| argument.to_owned()).ok_or(Usage(USAGE))
}

/// `/u:DOMAIN\name`
fn account(argument: &str) -> Result<Account, Usage> {
    let (switch, name) = argument.split_at_checked(3).ok_or(Usage(USAGE))?;
    let account = is(switch, "/u:").then(|| Account::parse(name)).flatten();
    account.ok_or(Usage(USAGE))
}

/// `{00112233-4455-6677-8899-aabbccddeeff}`
fn guid(argument: &str) -> Result<[u8; 16], Usage> {
    let inner = argument
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .ok_or(Usage(USAGE))?;
    let digits = inner.replace('-', "");
    hex::decode(digits)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(Usage(USAGE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Password;

    fn parsed(line: &[&str]) -> Result<(Order, bool), Usage> {
        parse(
            &line
                .iter()
                .map(|argument| argument.to_string())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn reads_the_documented_exports() {
        let export = |account: Option<&str>, password| Order::Export {
            file: r"C:\keys.bin".into(),
            account: account.and_then(Account::parse),
            password,
        };
        let user = Some(r"A\svc");
        let cases: [(&[&str], Order, bool); 5] = [
            (&[], export(None, PasswordArgument::Absent), false),
            (
                &[r"/u:A\svc", "pw"],
                export(user, PasswordArgument::Given(Password::new("pw"))),
                false,
            ),
            (
                &[r"/u:A\svc", "*", "/q"],
                export(user, PasswordArgument::Asked),
                true,
            ),
            (
                &[r"/U:A\svc$", "/Q"],
                export(Some(r"A\svc$"), PasswordArgument::Absent),
                true,
            ),
            (
                &[r"/u:A\svc$", "*"],
                export(Some(r"A\svc$"), PasswordArgument::Asked),
                false,
            ),
        ];
        for (rest, order, quiet) in cases {
            let line = [&["/e", r"C:\keys.bin"], rest].concat();
            assert_eq!(parsed(&line), Ok((order, quiet)), "{line:?}");
        }
    }

    #[test]
    fn reads_the_other_verbs() {
        let id = "{0E19E162-827E-4077-82D4-E6ABD531636E}";
        let bytes = hex::decode("0e19e162827e407782d4e6abd531636e")
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!(parsed(&["/c", id]), Ok((Order::Check { id: bytes }, false)));
        assert_eq!(
            parsed(&["/i", r"C:\keys.bin", id, "/q"]),
            Ok((Order::Import, true))
        );
        assert_eq!(parsed(&["/a", "/q"]), Ok((Order::Abandon, true)));
    }

    #[test]
    fn refuses_what_is_not_documented() {
        let cases: [&[&str]; 10] = [
            &[],
            &["/?"],
            &["/e"],
            &["/e", "/q"],
            &["/e", "file", "/u:svc", "pw"],
            &["/e", "file", r"/u:A\svc", "pw", "more"],
            &["/e", "file", r"A\svc", "pw"],
            &["/q", "/e", "file"],
            &["/c", "0E19E162-827E-4077-82D4-E6ABD531636E"],
            &["/a", "now"],
        ];
        for line in cases {
            assert_eq!(parsed(line), Err(Usage(USAGE)), "{line:?}");
        }
    }
}
