//! What `account create` and `account set` can give to an account; `account set`.

use clap::Args;
use directory::Settings;
use model::names::{Dn, DnsName, SamAccountName};
use model::ports::AccountControl;
use security::FileTime;

use crate::cmd::Done;
use crate::cmd::changing::{Changing, account, name};
use crate::cmd::delegation::on_off;
use crate::error::Failure;
use crate::options::Global;
use crate::view::Output;

/// Help of `account set`.
pub const EXAMPLE: &str = "An empty text removes the attribute. The managed password interval can be given at creation only: for another one \
                           create the account anew.\n\nExample:\n  gmsactl account set MIMSyncGMSAsvc --description \
                           \"MIM synchronization\" --encryption-types aes128,aes256 --estate estate.toml";

/// Arguments of `account set`.
#[derive(Debug, Args)]
pub struct Set {
    /// The account's sAMAccountName; the $ may be left out.
    #[arg(value_name = "NAME", value_parser = name)]
    account: SamAccountName,
    #[command(flatten)]
    values: Values,
    /// Its dNSHostName.
    #[arg(long, value_name = "NAME")]
    dns_host_name: Option<DnsName>,
    #[command(flatten)]
    changing: Changing,
}

/// Values that both verbs take.
#[derive(Debug, Args)]
pub struct Values {
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Name in address books.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Address of a page about it (wWWHomePage).
    #[arg(long, value_name = "URL")]
    home_page: Option<String>,
    /// From when on it cannot be used: a time (RFC 3339, UTC), or never.
    #[arg(long, value_name = "TIME", value_parser = expiry)]
    expires: Option<u64>,
    /// Whether it can be used.
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    enabled: Option<bool>,
    /// Whether nobody may act in its name (sensitive account).
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    sensitive: Option<bool>,
    /// Kerberos encryption types, with commas: aes128, aes256, rc4.
    #[arg(long, value_name = "LIST", value_parser = encryption_types)]
    encryption_types: Option<u32>,
    /// Whether it takes compound identities (claims of the device).
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    compound_identity: Option<bool>,
    /// Authentication policy (msDS-AssignedAuthNPolicy).
    #[arg(long, value_name = "DN")]
    authentication_policy: Option<Dn>,
    /// Authentication policy silo (msDS-AssignedAuthNPolicySilo).
    #[arg(long, value_name = "DN")]
    authentication_policy_silo: Option<Dn>,
}

/// [MS-KILE] 2.2.7 "Supported Encryption Types Bit Flags": DES, RC4 and AES.
const CIPHERS: u32 = 0x1f;
/// The same: compound identity is supported.
const COMPOUND_IDENTITY: u32 = 0x2_0000;
/// [MS-ADA1] 2.1 "accountExpires": never.
const NEVER: u64 = 0x7fff_ffff_ffff_ffff;

fn expiry(text: &str) -> Result<u64, String> {
    if text.eq_ignore_ascii_case("never") {
        return Ok(NEVER);
    }
    let time: FileTime = text
        .parse()
        .map_err(|_| "is no time such as 2027-01-31T00:00:00Z, nor never".to_owned())?;
    Ok(time.as_ticks())
}

fn encryption_types(text: &str) -> Result<u32, String> {
    let bit = |name: &str| match name.trim().to_ascii_lowercase().as_str() {
        "rc4" => Ok(0x4),
        "aes128" => Ok(0x8),
        "aes256" => Ok(0x10),
        "des" => Err("DES is broken; gmsactl does not set it".to_owned()),
        other => Err(format!("{other:?} is none of aes128, aes256, rc4")),
    };
    text.split(',')
        .map(bit)
        .try_fold(0, |types, bit| Ok(types | bit?))
}

impl Values {
    /// As the directory takes them.
    pub fn settings(&self) -> Settings {
        // An empty text means: take it away.
        let text = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
        let given = [
            ("description", self.description.as_deref()),
            ("displayName", self.display_name.as_deref()),
            ("wWWHomePage", self.home_page.as_deref()),
            (
                "msDS-AssignedAuthNPolicy",
                self.authentication_policy.as_ref().map(Dn::as_str),
            ),
            (
                "msDS-AssignedAuthNPolicySilo",
                self.authentication_policy_silo.as_ref().map(Dn::as_str),
            ),
        ];
        let given = given.into_iter();
        let mut texts: Vec<_> = given
            .filter_map(|(name, value)| Some((name, text(value?))))
            .collect();
        texts.extend(
            self.expires
                .map(|ticks| ("accountExpires", Some(ticks.to_string()))),
        );
        let controls = [
            (
                AccountControl::Disabled,
                self.enabled.map(|enabled| !enabled),
            ),
            (AccountControl::NotDelegated, self.sensitive),
        ];
        let ciphers = self
            .encryption_types
            .map_or((0, 0), |types| (types, CIPHERS & !types));
        let compound = match self.compound_identity {
            None => (0, 0),
            Some(true) => (COMPOUND_IDENTITY, 0),
            Some(false) => (0, COMPOUND_IDENTITY),
        };
        Settings {
            texts,
            controls: controls
                .into_iter()
                .filter_map(|(bit, set)| Some((bit, set?)))
                .collect(),
            encryption_types: (ciphers.0 | compound.0, ciphers.1 | compound.1),
            retrieval_principals: None,
        }
    }
}

/// Changes.
pub async fn run(args: &Set, global: &Global, output: &Output) -> Done {
    let directory = args.changing.directory(global).await?;
    let outcome = async {
        let account = account(&directory, &args.account).await?;
        let mut settings = args.values.settings();
        settings.texts.extend(
            args.dns_host_name
                .as_ref()
                .map(|name| ("dNSHostName", Some(name.to_string()))),
        );
        if settings == Settings::default() {
            return Err(Failure::new("usage", "nothing is named that is to change")
                .hint("gmsactl account set --help lists what can be")
                .exit(crate::error::exit::USAGE));
        }
        directory.set(&account.dn, &settings).await?;
        let rc4 = args
            .values
            .encryption_types
            .is_some_and(|types| types & 4 != 0);
        Ok(rc4
            .then(|| {
                "RC4 lets weak tickets be made for the account: only where a client has no AES"
                    .to_owned()
            })
            .into_iter()
            .collect())
    };
    args.changing.shown(outcome.await, &directory, output).await
}
