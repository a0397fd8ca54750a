//! From a command line to the script that it carries.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

macro_rules! script {
    ($name:literal) => {
        include_str!(concat!(
            "../../../crates/world/hosts/src/deploy/scripts/",
            $name
        ))
    };
}

const COMMON: &str = script!("common.ps1");
const OPTIONS: [&str; 4] = [
    "-NoLogo",
    "-NoProfile",
    "-NonInteractive",
    "-EncodedCommand",
];

/// What a script is to do, in the folder that it names.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// Where.
    pub folder: String,
    /// What.
    pub verb: Verb,
}

/// The scripts.
#[derive(Debug, PartialEq, Eq)]
pub enum Verb {
    /// `look.ps1`
    Look,
    /// `create.ps1`
    Create,
    /// `receive.ps1`, with the name of the agent.
    Receive(String),
    /// `settle.ps1`, with the name of the agent and its hash.
    Settle(String, String),
    /// `remove.ps1`, with the pattern of names.
    Remove(String),
}

impl Order {
    /// Reads the arguments of `powershell.exe`.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let [options @ .., encoded] = arguments else {
            return Err("no arguments".to_owned());
        };
        if options != OPTIONS {
            return Err(format!("not started as it should be: {options:?}"));
        }
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|error| error.to_string())?;
        let units: Vec<u16> = bytes
            .chunks(2)
            .map(|pair| u16::from(pair[0]) | (u16::from(*pair.get(1).unwrap_or(&0)) << 8))
            .collect();
        let text = String::from_utf16(&units).map_err(|error| error.to_string())?;
        Self::of_script(&text).ok_or_else(|| format!("this script is not known: {text}"))
    }

    fn of_script(text: &str) -> Option<Self> {
        if let Some((values, rest)) = text.filled(script!("receive.ps1"))
            && rest.is_empty()
        {
            let verb = Verb::Receive(values.get("NAME")?.clone());
            let folder = values.get("FOLDER")?.clone();
            return Some(Self { folder, verb });
        }
        let (values, own) = text.filled(COMMON)?;
        let folder = values.get("FOLDER")?.clone();
        let whole = |script: &str| own.filled(script).filter(|(_, rest)| rest.is_empty());
        let verb = if whole(script!("look.ps1")).is_some() {
            Verb::Look
        } else if whole(script!("create.ps1")).is_some() {
            Verb::Create
        } else if let Some((values, _)) = whole(script!("settle.ps1")) {
            Verb::Settle(values.get("NAME")?.clone(), values.get("SHA256")?.clone())
        } else {
            let (values, _) = whole(script!("remove.ps1"))?;
            Verb::Remove(values.get("WHICH")?.clone())
        };
        Some(Self { folder, verb })
    }
}

type Values = BTreeMap<String, String>;

trait Template {
    /// What stands for each `@WORD@` of the template that this text begins with, and the rest of the text.
    fn filled(&self, template: &str) -> Option<(Values, &str)>;
}

impl Template for str {
    fn filled(&self, template: &str) -> Option<(Values, &str)> {
        let mut values = Values::new();
        let mut pieces = template.split('@');
        let mut rest = self.strip_prefix(pieces.next()?)?;
        while let (Some(word), Some(literal)) = (pieces.next(), pieces.next()) {
            let end = rest.find(literal)?;
            let value = &rest[..end];
            if values
                .insert(word.to_owned(), value.to_owned())
                .is_some_and(|old| old != value)
            {
                return None;
            }
            rest = rest[end..].strip_prefix(literal)?;
        }
        Some((values, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(script: &str) -> Vec<String> {
        let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let options = OPTIONS.map(str::to_owned).to_vec();
        [options, vec![STANDARD.encode(bytes)]].concat()
    }

    fn verb(own: &str) -> Result<Verb, String> {
        let common = COMMON.replace("@FOLDER@", r"C:\x");
        let order = Order::parse(&encoded(&(common + own)))?;
        assert_eq!(order.folder, r"C:\x");
        Ok(order.verb)
    }

    #[test]
    fn the_known_scripts_are_read() {
        assert_eq!(verb(script!("look.ps1")), Ok(Verb::Look));
        assert_eq!(verb(script!("create.ps1")), Ok(Verb::Create));
        let settle = script!("settle.ps1")
            .replace("@NAME@", "a.exe")
            .replace("@SHA256@", "00ff");
        assert_eq!(
            verb(&settle),
            Ok(Verb::Settle("a.exe".into(), "00ff".into()))
        );
        let remove = script!("remove.ps1").replace("@WHICH@", "*");
        assert_eq!(verb(&remove), Ok(Verb::Remove("*".into())));
        let receive = script!("receive.ps1")
            .replace("@FOLDER@", r"C:\x")
            .replace("@NAME@", "a.exe");
        let order = Order::parse(&encoded(&receive)).unwrap();
        assert_eq!(
            order,
            Order {
                folder: r"C:\x".into(),
                verb: Verb::Receive("a.exe".into())
            }
        );
    }

    #[test]
    fn anything_else_is_refused() {
        let two_names = script!("settle.ps1")
            .replacen("@NAME@", "a", 1)
            .replace("@NAME@", "b")
            .replace("@SHA256@", "0");
        for own in ["", "Look\nLook\n", &two_names, "Remove-Item C:\\\n"] {
            assert!(verb(own).is_err(), "{own}");
        }
        assert!(Order::parse(&["-Command".to_owned(), "Look".to_owned()]).is_err());
        assert!(Order::parse(&[]).is_err());
    }
}
