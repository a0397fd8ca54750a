//! What is wanted: `conversion.toml`.

mod contradictions;
mod recipients;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::host::{InvalidRecipient, PropertyName, PropertyValue, Recipient};
use crate::names::{ComponentId, Dn, GmsaName, HostName, LogonAccount, SamAccountName, Spn};

/// Which components get which gMSA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Intent {
    /// Format of this document: 1.
    pub format: u32,
    /// What may be done about KDS root keys.
    #[serde(default, skip_serializing_if = "KdsWish::is_default")]
    pub kds: KdsWish,
    /// The conversions, in the order in which they are to happen.
    #[serde(rename = "conversion")]
    pub conversions: Vec<Conversion>,
}

/// What may be done about the forest's KDS root keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KdsWish {
    /// Create one where there is none that domain controllers can use.
    #[serde(default)]
    pub create: bool,
}

impl KdsWish {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One component's move from its password account to a gMSA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Conversion {
    /// Which component of the catalogue.
    pub component: ComponentId,
    /// On which hosts.
    pub hosts: Vec<HostName>,
    /// Which gMSA it gets.
    pub gmsa: GmsaName,
    /// The group whose members may retrieve the managed password.
    pub retrieval_group: SamAccountName,
    /// How its account is changed.
    #[serde(default)]
    pub strategy: Strategy,
    /// Managed password interval in days, for a gMSA that is created.
    #[serde(default = "default_interval")]
    pub interval_days: u32,
    /// Where the group is created; the domain's Users container by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_container: Option<Dn>,
    /// Where the gMSA is created; the domain's Managed Service Accounts container by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gmsa_container: Option<Dn>,
    /// The file on the host that the key set is exported to, for components that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_set: Option<String>,
    /// Who can read the copy of it that stays: with recipients the exported file itself is removed at the end.
    #[serde(
        default,
        deserialize_with = "recipients::one_or_several",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub recipient: Vec<Recipient>,
    /// Groups that the gMSA joins as the old account did, beside the retrieval group's hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<SamAccountName>,
    /// The SPNs that move; without it those that the component's classes name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spns: Option<Vec<Spn>>,
    /// Which delegation of the old account the gMSA gets.
    #[serde(default, skip_serializing_if = "DelegationWish::is_default")]
    pub delegation: DelegationWish,
    /// The mailbox whose password the component stores, for one that has mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// The product's setup, for the strategy that runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Setup>,
}

/// The setup of a product, and what it must be told that nobody else knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Setup {
    /// The package, as the host sees it.
    pub package: String,
    /// The same file where gmsactl runs: its tables are read.
    pub copy: String,
    /// Settings that are to stay and that are in no registry value, by property; never a password.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<PropertyName, PropertyValue>,
}

/// The mailbox of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exchange {
    /// Where it is.
    pub mailbox: Mailbox,
    /// The account that logs on to it; `DOMAIN\\name`, or what the mail server knows it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<LogonAccount>,
}

/// Where a mailbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mailbox {
    /// With Exchange Online.
    Online,
    /// With an Exchange of one's own.
    OnPremise,
    /// There is none: no password is stored.
    None,
}

/// Which delegation of the old account the gMSA gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DelegationWish {
    /// Its services, its callers and the use of any protocol; never to any service.
    #[default]
    Constrained,
    /// None of it.
    None,
    /// To any service as well: whoever has the host can act as everybody who logs on to it.
    Unconstrained,
}

impl DelegationWish {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Conversion {
    /// The copy of an exported key set file that only the recipients can read; `None` where none are named.
    pub fn sealed_copy_of(&self, key_set: &str) -> Option<String> {
        (!self.recipient.is_empty()).then(|| format!("{key_set}.age"))
    }
}

/// How a component's account is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Through the service control manager or the web server, and the product's tools.
    #[default]
    Direct,
    /// By hand, with the wizard of the product's setup: the run waits, and looks at the outcome itself.
    Guided,
    /// With the product's setup, run silently in change mode.
    Installer,
}

/// 30 days: what Windows itself takes where none is given ([MS-ADTS] 2.338, msDS-ManagedPasswordInterval).
fn default_interval() -> u32 {
    30
}

/// Why a text is no intent.
#[derive(Debug, thiserror::Error)]
pub enum InvalidIntent {
    /// TOML syntax, an unknown or missing field, an invalid name: the message points at the line.
    #[error("{0}")]
    Text(#[from] toml::de::Error),
    /// A format of another gmsactl.
    #[error("format is {0}, this gmsactl knows format 1")]
    Format(u32),
    /// The fields are readable and contradict themselves.
    #[error("conversion {number} ({component}): {why}")]
    Conversion {
        /// Which one, from 1.
        number: usize,
        /// Its component.
        component: ComponentId,
        /// What is wrong.
        why: String,
    },
    /// Nothing is wanted.
    #[error("there is no [[conversion]] in it")]
    Empty,
    /// The secret half of a key pair stands in it: what it says otherwise does not matter, and is not repeated.
    #[error(transparent)]
    Secret(InvalidRecipient),
}

impl Intent {
    /// These conversions, and nothing else.
    pub fn of(conversions: Vec<Conversion>) -> Self {
        Self {
            format: 1,
            kds: KdsWish::default(),
            conversions,
        }
    }

    /// Reads `conversion.toml`.
    ///
    /// # Errors
    /// [`InvalidIntent`], pointing at the line where the text allows it.
    pub fn parse(text: &str) -> Result<Self, InvalidIntent> {
        recipients::without_identity(text).map_err(InvalidIntent::Secret)?;
        let intent: Self = toml::from_str(text)?;
        intent.validate()?;
        Ok(intent)
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first contradiction found.
    pub fn validate(&self) -> Result<(), InvalidIntent> {
        if self.format != 1 {
            return Err(InvalidIntent::Format(self.format));
        }
        if self.conversions.is_empty() {
            return Err(InvalidIntent::Empty);
        }
        for (index, conversion) in self.conversions.iter().enumerate() {
            let before = self.conversions.get(..index).unwrap_or_default();
            if let Some(why) = contradictions::first(conversion, before) {
                return Err(InvalidIntent::Conversion {
                    number: index + 1,
                    component: conversion.component.clone(),
                    why,
                });
            }
        }
        Ok(())
    }

    /// The file's text.
    ///
    /// # Errors
    /// Only where TOML cannot hold it, which the types forbid.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"format = 1

[[conversion]]
component = "sync"
hosts = ["mimsync01"]
gmsa = "MIMSyncGMSAsvc"
retrieval-group = "MIMSync_Servers"
key-set = 'C:\MIMBackup\miiskeys-1.bin'
"#;
    const RECIPIENT: &str = "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk";

    #[test]
    fn defaults_are_filled_in_and_names_normalised() {
        let intent = Intent::parse(TEXT).unwrap();
        let conversion = &intent.conversions[0];
        assert_eq!(conversion.interval_days, 30);
        assert_eq!(conversion.strategy, Strategy::Direct);
        assert_eq!(conversion.hosts[0].as_str(), "MIMSYNC01");
        assert_eq!(Intent::parse(&intent.to_text().unwrap()).unwrap(), intent);
    }

    #[test]
    fn errors_point_at_the_line() {
        let wrong = TEXT.replace("MIMSyncGMSAsvc", "MIMSyncGMSAservice");
        let error = Intent::parse(&wrong).unwrap_err().to_string();
        assert!(
            error.contains("line 6") && error.contains("14 characters"),
            "{error}"
        );
        let unknown = TEXT.replace("key-set", "keyset");
        let error = Intent::parse(&unknown).unwrap_err().to_string();
        assert!(
            error.contains("line 8") && error.contains("keyset"),
            "{error}"
        );
    }

    #[test]
    fn recipients_are_one_text_or_a_list() {
        let one = format!("{TEXT}recipient = \"{RECIPIENT}\"\n");
        let several = format!("{TEXT}recipient = [\"{RECIPIENT}\"]\n");
        for text in [one, several] {
            let intent = Intent::parse(&text).unwrap();
            let conversion = &intent.conversions[0];
            assert_eq!(conversion.recipient, [RECIPIENT.parse().unwrap()]);
            let sealed = conversion.sealed_copy_of(r"C:\k.bin");
            assert_eq!(sealed.as_deref(), Some(r"C:\k.bin.age"));
            assert_eq!(Intent::parse(&intent.to_text().unwrap()).unwrap(), intent);
        }
        let none = Intent::parse(TEXT).unwrap();
        assert_eq!(none.conversions[0].sealed_copy_of("k"), None);
    }

    #[test]
    fn what_is_no_recipient_is_refused_at_its_line_and_a_secret_is_not_repeated() {
        for (recipient, says) in [
            (RECIPIENT.replace('z', "y"), "a letter of it is wrong"),
            ("ssh-ed25519 AAAA".to_owned(), "a key of another sort"),
            (String::new(), "a key of another sort"),
        ] {
            let text = format!("{TEXT}recipient = \"{recipient}\"\n");
            let error = Intent::parse(&text).unwrap_err().to_string();
            assert!(error.contains("line 9") && error.contains(says), "{error}");
        }
        let error = Intent::parse(&format!("{TEXT}recipient = []\n")).unwrap_err();
        assert!(error.to_string().contains("is empty"), "{error}");
        let text = format!("{TEXT}recipient = \"AGE-SECRET-KEY-1QQQQ\"\n");
        let error = Intent::parse(&text).unwrap_err().to_string();
        assert!(error.contains("make a new pair"), "{error}");
        assert!(!error.contains("QQQQ"), "{error}");
    }

    #[test]
    fn contradictions_are_refused() {
        for (from, to, says) in [
            ("[\"mimsync01\"]", "[]", "hosts is empty"),
            (
                "[\"mimsync01\"]",
                "[\"mimsync01\", \"MIMSYNC01\"]",
                "stands twice",
            ),
            ("format = 1", "format = 2", "format 1"),
            ("MIMSync_Servers", "MIMSyncGMSAsvc$", "the same name"),
        ] {
            let error = Intent::parse(&TEXT.replace(from, to))
                .unwrap_err()
                .to_string();
            assert!(error.contains(says), "{says}: {error}");
        }
    }
}
