//! What of Windows Installer's log leaves the host: the lines that tell why it failed, without secrets.

use agent_protocol::Secret;

/// What a custom action or an action that failed leaves in the log ("Logging of Action Return Values").
const FAILED: &str = "Return value 3";
/// Lines before and after the place where it failed first.
const BEFORE: usize = 25;
const AFTER: usize = 5;
/// Longest line, in characters.
const WIDTH: usize = 400;
/// What stands for a secret.
const HIDDEN: &str = "**********";

/// The log as text: UTF-16 as Windows writes it, or bytes.
pub fn text(bytes: &[u8]) -> String {
    let units = |bytes: &[u8]| -> Vec<u16> {
        let pairs = bytes.chunks_exact(2);
        pairs
            .filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
            .collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => String::from_utf16_lossy(&units(rest)),
        [first, 0, ..] if *first != 0 => String::from_utf16_lossy(&units(bytes)),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The text without the secret, and without what stands behind the name of a password's property.
pub fn without_secrets(text: &str, secret: &Secret) -> String {
    let secret = std::str::from_utf8(secret.expose_bytes()).unwrap_or_default();
    let line = |line: &str| {
        let line = match secret.is_empty() {
            true => line.to_owned(),
            false => line.replace(secret, HIDDEN),
        };
        blank_passwords(&line)
    };
    text.lines().map(line).collect::<Vec<_>>().join("\r\n")
}

/// `…PASSWORD = value` and `…PASSWORD=value`: the rest of the line is nobody's business.
fn blank_passwords(line: &str) -> String {
    let upper = line.to_ascii_uppercase();
    let assignment = ["PASSWORD", "PWD"].iter().filter_map(|word| {
        let at = upper.find(word)?;
        let rest = line.get(at..)?;
        let equals = rest.find('=')?;
        let between = rest.get(..equals)?;
        let name = |letter: char| letter.is_ascii_alphanumeric() || "_. ".contains(letter);
        between.chars().all(name).then_some(at + equals + 1)
    });
    match assignment.min() {
        Some(at) => format!("{}{HIDDEN}", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    }
}

/// The lines around where it failed, or the last ones.
pub fn excerpt(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let failed = lines.iter().position(|line| line.contains(FAILED));
    let (from, to) = match failed {
        Some(at) => (at.saturating_sub(BEFORE), at + AFTER + 1),
        None => (lines.len().saturating_sub(AFTER * 2), lines.len()),
    };
    let shown = lines.get(from..to.min(lines.len())).unwrap_or_default();
    let short = |line: &&str| line.chars().take(WIDTH).collect();
    shown.iter().map(short).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_around_the_failure_are_shown() {
        let log: String = (0..100)
            .map(|number| match number {
                60 => "Action ended 10:00:00: SetAccount. Return value 3.\r\n".to_owned(),
                80 => "Action ended 10:00:01: INSTALL. Return value 3.\r\n".to_owned(),
                number => format!("line {number}\r\n"),
            })
            .collect();
        let shown = excerpt(&log);
        assert_eq!(shown.len(), BEFORE + 1 + AFTER);
        assert!(shown[BEFORE].contains("SetAccount"));
        assert_eq!(shown[0], "line 35");
        assert_eq!(excerpt("a\r\n\r\nb\r\n"), ["a", "b"]);
    }

    #[test]
    fn windows_writes_utf_16_and_others_bytes() {
        let wide: Vec<u8> = "Zeile\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(text(&[&[0xff, 0xfe][..], &wide].concat()), "Zeile\r\n");
        assert_eq!(text(&wide), "Zeile\r\n");
        assert_eq!(text(b"Zeile\r\n"), "Zeile\r\n");
    }

    #[test]
    fn no_secret_leaves_the_host() {
        let secret = Secret::copy_of(b"s3cret pass");
        let log = "Property(S): MAIL_PASSWORD = other\r\nrun with s3cret pass here\nPASSWORD_POLICY is strong\n\
                   Command Line: A=1 SERVICE_PASSWORD=\"x y\" B=2";
        let clean = without_secrets(log, &secret);
        assert_eq!(
            clean,
            "Property(S): MAIL_PASSWORD =**********\r\nrun with ********** here\r\nPASSWORD_POLICY is strong\r\n\
             Command Line: A=1 SERVICE_PASSWORD=**********"
        );
    }
}
