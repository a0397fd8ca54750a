//! `gmsactl explain`: findings, kinds of steps, Windows errors and events, from the manual.

use agent_protocol::win32::Win32Code;
use clap::Args;
use ldap::WindowsError;
use serde::Serialize;

use super::Done;
use crate::error::Failure;
use crate::manual::{self, Entry};
use crate::view::{Output, human};

/// HRESULT_FROM_WIN32: severity 1, facility 7; the code is in the low 16 bits ([MS-ERREF] 2.1 HRESULT).
const FACILITY_WIN32: u32 = 0x8007_0000;
/// Suggestions for a word that is not known.
const SUGGESTIONS: usize = 5;

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gmsactl explain 1069\n  gmsactl explain 0x80070534\n  gmsactl explain GMSA-020\n  gmsactl explain move-spn"
)]
pub struct Explain {
    /// The id of a finding, a kind of step, or the code or name of a Windows error or event.
    #[arg(value_name = "ID|CODE", allow_negative_numbers = true)]
    what: String,
}

/// What `explain` prints.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// What the manual knows it by.
    pub id: String,
    /// `finding`, `step`, `error`.
    pub kind: &'static str,
    /// The page of the manual; null for a code that only has a name and a meaning.
    pub page: Option<&'static str>,
    /// What there is to say, in the manual's order.
    pub says: Vec<Said>,
}

/// One thing that is said.
#[derive(Debug, Serialize)]
pub struct Said {
    /// `cause`, `check`, `fix`, `why it matters`, `undoes` …
    pub about: String,
    /// In words.
    pub text: String,
}

/// Finds it and prints it.
pub fn run(args: &Explain, output: &Output) -> Done {
    let entries = manual::entries();
    let found = find(&entries, &args.what).or_else(|| known_by_name(&args.what));
    let explanation = found.ok_or_else(|| unknown(&entries, &args.what))?;
    output.document(&explanation, human::explanation);
    Ok(0)
}

fn find(entries: &[Entry], what: &str) -> Option<Explanation> {
    let code = code(what);
    let matches = |entry: &&Entry| {
        let name = entry.cells.iter().find(|(about, _)| about == "name");
        entry.id.eq_ignore_ascii_case(what)
            || name.is_some_and(|(_, name)| name.eq_ignore_ascii_case(what))
            || (code.is_some() && self::code(&entry.id) == code)
    };
    entries.iter().find(matches).map(|entry| Explanation {
        id: entry.id.clone(),
        kind: entry.kind,
        page: Some(entry.page),
        says: entry
            .cells
            .iter()
            .map(|(about, text)| said(about, text))
            .collect(),
    })
}

/// Codes that the manual has no row for, and gmsactl knows the name of.
fn known_by_name(what: &str) -> Option<Explanation> {
    let code = code(what)?;
    let service = Win32Code(code);
    let directory = WindowsError::from_code(code);
    let (name, meaning) = match (service.name(), service.meaning()) {
        (Some(name), Some(meaning)) => (name, meaning),
        _ if directory.meaning.is_empty() => return None,
        _ => (directory.name, directory.meaning),
    };
    Some(Explanation {
        id: code.to_string(),
        kind: "error",
        page: None,
        says: vec![said("name", name), said("cause", meaning)],
    })
}

fn said(about: &str, text: &str) -> Said {
    Said {
        about: about.to_owned(),
        text: text.to_owned(),
    }
}

/// The number of a code in any of its clothes: 1332, 0x534, 0x80070534, 2147943732, -2147023564.
fn code(text: &str) -> Option<u32> {
    let text = text.trim();
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = match hexadecimal {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None if text.starts_with('-') => text.parse::<i32>().ok()?.cast_unsigned(),
        None => text.parse().ok()?,
    };
    let is_win32 = number & 0xffff_0000 == FACILITY_WIN32;
    Some(if is_win32 { number & 0xffff } else { number })
}

fn unknown(entries: &[Entry], what: &str) -> Failure {
    let wanted = what.to_lowercase();
    let alike = entries
        .iter()
        .filter(|entry| wanted.len() > 2 && entry.id.to_lowercase().contains(&wanted))
        .map(|entry| entry.id.as_str());
    let alike: Vec<_> = alike.take(SUGGESTIONS).collect();
    let hint = if alike.is_empty() {
        "findings are called GMSA-020 or MIM-001, steps move-spn; errors are numbers, decimal or 0x…: docs/errors.md lists them"
            .to_owned()
    } else {
        format!("did you mean {}?", alike.join(", "))
    };
    Failure::new("not-found", format!("nothing is known about {what}")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_in_all_its_clothes() {
        for text in ["1332", "0x534", "0x80070534", "2147943732", "-2147023564"] {
            assert_eq!(code(text), Some(1332), "{text}");
        }
        assert_eq!(code("0x8009000D"), Some(0x8009_000d));
        for text in ["", "0x", "99999999999", "GMSA-020", "0x1g"] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_is_found_by_id_code_and_name() {
        let entries = manual::entries();
        for (what, id) in [
            ("gmsa-020", "GMSA-020"),
            ("move-spn", "move-spn"),
            ("1069", "1069"),
            ("0x8007042d", "1069"),
            ("error_service_logon_failed", "1069"),
            ("2147943785", "1385"),
            ("krb_ap_err_modified", "KRB_AP_ERR_MODIFIED"),
        ] {
            assert_eq!(
                find(&entries, what).map(|found| found.id).as_deref(),
                Some(id),
                "{what}"
            );
        }
        let known = known_by_name("8453").unwrap();
        assert_eq!(known.says[0].text, "ERROR_DS_DRA_ACCESS_DENIED");
        assert!(find(&entries, "47111").is_none() && known_by_name("47111").is_none());
    }
}
