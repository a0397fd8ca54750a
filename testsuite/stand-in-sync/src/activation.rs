//! The command line of `miisactivate.exe`.

use crate::Usage;
use crate::account::Account;
use crate::password::PasswordArgument;

/// The command line that is documented.
pub const USAGE: &str = r"usage: miisactivate FILE DOMAIN\name {PASSWORD | *} [/q]
       miisactivate FILE DOMAIN\managed-account-without-$ [/q]";

/// What `miisactivate.exe` is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// The key set file.
    pub file: String,
    /// The account to bind the key set to.
    pub account: Account,
    /// Its password.
    pub password: PasswordArgument,
    /// `/q`
    pub quiet: bool,
}

/// Reads the arguments.
pub fn parse(arguments: &[String]) -> Result<Order, Usage> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (arguments, quiet) = match arguments.split_last() {
        Some((last, before)) if last.eq_ignore_ascii_case("/q") => (before, true),
        _ => (arguments.as_slice(), false),
    };
    let (&[file, account], password) = arguments.split_first_chunk::<2>().ok_or(Usage(USAGE))?;
    let account = Account::parse(account).ok_or(Usage(USAGE))?;
    if password.len() > 1 || file.is_empty() || file.starts_with('/') {
        return Err(Usage(USAGE));
    }
    let password = PasswordArgument::parse(password.first().copied());
    Ok(Order {
        file: file.to_owned(),
        account,
        password,
        quiet,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Password;

    fn parsed(line: &[&str]) -> Result<Order, Usage> {
        parse(
            &line
                .iter()
                .map(|argument| argument.to_string())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn reads_the_documented_forms() {
        let order = |password, quiet| {
            Ok(Order {
                file: "k".into(),
                account: Account::parse(r"A\b").unwrap(),
                password,
                quiet,
            })
        };
        assert_eq!(
            parsed(&["k", r"A\b"]),
            order(PasswordArgument::Absent, false)
        );
        assert_eq!(
            parsed(&["k", r"A\b", "*", "/q"]),
            order(PasswordArgument::Asked, true)
        );
        let given = PasswordArgument::Given(Password::new("pw"));
        assert_eq!(parsed(&["k", r"A\b", "pw"]), order(given, false));
    }

    #[test]
    fn refuses_what_is_not_documented() {
        let cases: [&[&str]; 6] = [
            &[],
            &["k"],
            &["k", "/q"],
            &["k", "b", "pw"],
            &["k", r"A\b", "pw", "more"],
            &["/a", r"A\b"],
        ];
        for line in cases {
            assert_eq!(parsed(line), Err(Usage(USAGE)), "{line:?}");
        }
    }
}
