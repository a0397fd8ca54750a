//! Registry data as the registry stores it: text is UTF-16LE with a NUL at its end.

use agent_protocol::RegistryValue;

const REG_SZ: u32 = 1;
const REG_EXPAND_SZ: u32 = 2;
const REG_BINARY: u32 = 3;
const REG_DWORD: u32 = 4;
const REG_MULTI_SZ: u32 = 7;
const REG_QWORD: u32 = 11;

/// Reads stored data; what does not fit its type exactly is kept as it is.
pub fn decode(kind: u32, data: &[u8]) -> RegistryValue {
    typed(kind, data).unwrap_or_else(|| RegistryValue::Other {
        kind,
        data: data.to_vec(),
    })
}

fn typed(kind: u32, data: &[u8]) -> Option<RegistryValue> {
    Some(match kind {
        REG_SZ => RegistryValue::Text(text(data)?),
        REG_EXPAND_SZ => RegistryValue::ExpandableText(text(data)?),
        REG_MULTI_SZ => RegistryValue::MultiText(texts(data)?),
        REG_DWORD => RegistryValue::Dword(u32::from_le_bytes(data.try_into().ok()?)),
        REG_QWORD => RegistryValue::Qword(u64::from_le_bytes(data.try_into().ok()?)),
        REG_BINARY => RegistryValue::Binary(data.to_vec()),
        _ => return None,
    })
}

/// Type number and data to store.
pub fn encode(value: &RegistryValue) -> (u32, Vec<u8>) {
    match value {
        RegistryValue::Text(text) => (REG_SZ, terminated([text])),
        RegistryValue::ExpandableText(text) => (REG_EXPAND_SZ, terminated([text])),
        RegistryValue::MultiText(texts) => {
            let mut data = terminated(texts);
            data.extend([0, 0]);
            (REG_MULTI_SZ, data)
        }
        RegistryValue::Dword(number) => (REG_DWORD, number.to_le_bytes().to_vec()),
        RegistryValue::Qword(number) => (REG_QWORD, number.to_le_bytes().to_vec()),
        RegistryValue::Binary(data) => (REG_BINARY, data.clone()),
        RegistryValue::Other { kind, data } => (*kind, data.clone()),
    }
}

fn terminated<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<u8> {
    let units = texts
        .into_iter()
        .flat_map(|text| text.encode_utf16().chain([0]));
    units.flat_map(u16::to_le_bytes).collect()
}

/// One text; a missing NUL at its end is forgiven, one inside is not.
fn text(data: &[u8]) -> Option<String> {
    let text = utf16(data)?;
    let text = text.strip_suffix('\0').unwrap_or(&text);
    (!text.contains('\0')).then(|| text.to_owned())
}

/// Texts that each end in a NUL, then one more NUL.
fn texts(data: &[u8]) -> Option<Vec<String>> {
    let text = utf16(data)?;
    let text = text.strip_suffix('\0').unwrap_or(&text);
    let Some(text) = text.strip_suffix('\0') else {
        return text.is_empty().then(Vec::new);
    };
    Some(text.split('\0').map(str::to_owned).collect())
}

fn utf16(data: &[u8]) -> Option<String> {
    let (pairs, rest) = data.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_registry() {
        let values = [
            RegistryValue::Text("CONTOSO\\svc".into()),
            RegistryValue::Text(String::new()),
            RegistryValue::ExpandableText("%SystemRoot%\\ü".into()),
            RegistryValue::MultiText(vec!["a".into(), "bc".into()]),
            RegistryValue::MultiText(vec![]),
            RegistryValue::Dword(0x8000_0001),
            RegistryValue::Qword(u64::MAX),
            RegistryValue::Binary(vec![1, 0, 0, 0]),
            RegistryValue::Other {
                kind: 0,
                data: vec![7],
            },
        ];
        for value in values {
            let (kind, data) = encode(&value);
            assert_eq!(decode(kind, &data), value);
        }
    }

    #[test]
    fn data_that_does_not_fit_its_type_is_kept_as_it_is() {
        let odd: [(u32, &[u8]); 5] = [
            (REG_SZ, b"abc"),
            (REG_SZ, b"\x00\xd8\0\0"),
            (REG_SZ, b"a\0\0\0b\0"),
            (REG_DWORD, b"\x01"),
            (REG_QWORD, b""),
        ];
        for (kind, data) in odd {
            assert_eq!(
                decode(kind, data),
                RegistryValue::Other {
                    kind,
                    data: data.to_vec()
                }
            );
        }
        assert_eq!(
            decode(REG_SZ, b"a\0"),
            RegistryValue::Text("a".into()),
            "no NUL at the end"
        );
        assert_eq!(decode(REG_SZ, b""), RegistryValue::Text(String::new()));
        assert_eq!(
            decode(REG_MULTI_SZ, b"a\0\0\0\0\0"),
            RegistryValue::MultiText(vec!["a".into()])
        );
    }
}
