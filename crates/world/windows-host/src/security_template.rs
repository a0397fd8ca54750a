//! Security templates: the `[Privilege Rights]` that a group policy defines.
//!
//! Windows keeps one template for each group policy object with security settings that it has applied, as
//! `gpt*.inf` and `gpt*.dom` in `%SystemRoot%\security\templates\policies`. The format is that of a policy's
//! `GptTmpl.inf`: [MS-GPSB] 2.2.5, Privilege Rights. That the folder holds the policies in force: not yet
//! seen on Windows.

use agent_protocol::{AccountRight, PolicyDefinition};

/// What a template says about each right that it defines.
pub fn rights(file: &str, bytes: &[u8]) -> Vec<(AccountRight, PolicyDefinition)> {
    let text = text(bytes);
    let mut section = "";
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            section = name;
        } else if section.eq_ignore_ascii_case("Privilege Rights")
            && let Some((name, holders)) = line.split_once('=')
            && let Ok(right) = name.trim().parse()
        {
            found.push((right, definition(file, holders)));
        }
    }
    found
}

/// `*SID` or a name, separated by commas; nothing at all is a definition too: nobody has the right.
fn definition(file: &str, holders: &str) -> PolicyDefinition {
    let mut definition = PolicyDefinition {
        template: file.to_owned(),
        sids: Vec::new(),
        names: Vec::new(),
    };
    for holder in holders
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
    {
        match holder.strip_prefix('*').and_then(|sid| sid.parse().ok()) {
            Some(sid) => definition.sids.push(sid),
            None => definition.names.push(holder.to_owned()),
        }
    }
    definition
}

/// UTF-16LE with its mark, as Windows writes it; anything else is taken for UTF-8.
fn text(bytes: &[u8]) -> String {
    match bytes.strip_prefix(&[0xff, 0xfe]) {
        Some(units) => {
            let (pairs, _) = units.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
            String::from_utf16_lossy(&units)
        }
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "[Unicode]\r\nUnicode=yes\r\n[System Access]\r\nSeServiceLogonRight = *S-1-1-0\r\n\
        [Privilege Rights]\r\nSeDebugPrivilege = *S-1-5-32-544\r\n\
        SeServiceLogonRight = *S-1-5-21-1-2-3-1105, CONTOSO\\svc-sql\r\nSeDenyNetworkLogonRight =\r\n\
        [Version]\r\nsignature=\"$CHICAGO$\"\r\nRevision=1\r\n";

    #[test]
    fn rights_are_read_from_their_section_in_both_encodings() {
        let mut wide = vec![0xff, 0xfe];
        wide.extend(TEMPLATE.encode_utf16().flat_map(u16::to_le_bytes));
        for bytes in [TEMPLATE.as_bytes(), &wide] {
            let found = rights("gpt00000.inf", bytes);
            let [(first, one), (second, other)] = found.as_slice() else {
                panic!("{found:?}");
            };
            assert_eq!(*first, AccountRight::LogOnAsService);
            assert_eq!(one.sids, ["S-1-5-21-1-2-3-1105".parse().unwrap()]);
            assert_eq!(one.names, [r"CONTOSO\svc-sql"]);
            assert_eq!(*second, AccountRight::DenyNetworkLogon);
            assert!(other.sids.is_empty() && other.names.is_empty());
        }
        assert!(rights("x", b"\xff\xfe\x00").is_empty());
    }
}
