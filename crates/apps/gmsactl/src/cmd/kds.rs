//! `gmsactl kds`: root keys, and passwords derived from them.

mod creation;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use directory::ListedRootKey;
use kds::{GMSA_TARGET, GroupKeyId, KdfHash, RootKey, RootKeyAttributes, RootKeyData, RootKeyId};
use managed_password::{KerberosKeys, ManagedPassword, NtHash, Salt};
use model::ports::Clock;
use security::{FileTime, Sid};
use zeroize::Zeroizing;

use super::Done;
use crate::documents::{Derived, ListedKey, RootKeyList};
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::system::SystemClock;
use crate::view::{Output, human};

/// What to do with root keys.
#[derive(Debug, Subcommand)]
pub enum Kds {
    /// List the KDS root keys as each domain controller shows them, and from when they can be used.
    #[command(after_help = "Example:\n  gmsactl kds list --estate estate.toml")]
    List,
    /// Create a KDS root key; it can be used 10 hours after its effective time.
    #[command(
        after_help = "Domain controllers wait 10 hours after the effective time before they make passwords from a key, so that all \
                            of them have received it by then: also with --effective now.\n\nExample:\n  gmsactl kds add \
                            --effective now --yes --estate estate.toml"
    )]
    Add(creation::Add),
    /// Wait until a root key can be used on every domain controller; exit code 1 where it cannot in time.
    #[command(after_help = "Example:\n  gmsactl kds wait --timeout 660 --estate estate.toml")]
    Wait(creation::Wait),
    /// Derive the managed password of a SID offline; shown as NT hash unless --danger-show-secret.
    #[command(
        after_help = "Without --root-key-data-file the root key is read from the directory.\n\n\
                            Example:\n  gmsactl kds derive --root-key-id 0170e972-a035-af4c-993b-e052d5bd1216 \
                            --root-key-data-file key.hex --sid S-1-5-21-1-2-3-1104 --at 2026-11-22T12:00:00Z"
    )]
    Derive(Box<Derive>),
}

/// Arguments of `kds derive`.
#[derive(Debug, Args)]
pub struct Derive {
    /// The root key: the GUID that is its object's name.
    #[arg(long, value_name = "GUID")]
    root_key_id: RootKeyId,
    /// A file with msKds-RootKeyData in hex (64 bytes).
    #[arg(long, value_name = "FILE")]
    root_key_data_file: Option<PathBuf>,
    /// The hash that msKds-KDFParam names: SHA1, SHA256, SHA384 or SHA512.
    #[arg(long, value_name = "NAME", default_value = "SHA512", value_parser = hash)]
    kdf_hash: KdfHash,
    /// The account's objectSid.
    #[arg(long, value_name = "SID")]
    sid: Sid,
    /// First index of the group key identifier.
    #[arg(long, value_name = "N", requires_all = ["l1", "l2"], required_unless_present = "at")]
    l0: Option<i32>,
    /// Second index, 0 to 31.
    #[arg(long, value_name = "N", requires = "l0")]
    l1: Option<i32>,
    /// Third index, 0 to 31.
    #[arg(long, value_name = "N", requires = "l0")]
    l2: Option<i32>,
    /// A time (RFC 3339, UTC) instead of the three indexes: the key of its 10-hour interval.
    #[arg(long, value_name = "TIME", conflicts_with = "l0")]
    at: Option<FileTime>,
    /// Kerberos realm; with --name, and --danger-show-secret, the AES keys are shown too.
    #[arg(long, value_name = "REALM", requires = "name")]
    realm: Option<String>,
    /// The account's sAMAccountName.
    #[arg(long, value_name = "NAME", requires = "realm")]
    name: Option<String>,
    /// Show the password itself, in hex, and the keys made from it. Whoever reads them can log on as the account.
    #[arg(long)]
    danger_show_secret: bool,
}

fn hash(text: &str) -> Result<KdfHash, kds::KdsError> {
    text.to_uppercase().replace('-', "").parse()
}

/// Lists, creates, waits or derives.
pub async fn run(verb: &Kds, global: &Global, output: &Output) -> Done {
    match verb {
        Kds::Add(args) => creation::add(args, global, output).await,
        Kds::Wait(args) => creation::wait(args, global, output).await,
        Kds::List => list(global, output).await,
        Kds::Derive(args) => {
            let key = match &args.root_key_data_file {
                Some(path) => key_from_file(args, path)?,
                None => {
                    Session::new(global)?
                        .directory()
                        .await?
                        .root_key(args.root_key_id)
                        .await?
                }
            };
            output.document(&derive(args, &key)?, human::derived);
            Ok(0)
        }
    }
}

async fn list(global: &Global, output: &Output) -> Done {
    let directory = Session::new(global)?.directory().await?;
    let now = SystemClock.now();
    let listed = |ListedRootKey { facts, description }| ListedKey {
        usable: facts.defect.is_none() && facts.usable_from <= now,
        hash: description.map(|description| description.hash.to_string()),
        facts,
    };
    let root_keys = directory
        .listed_root_keys()
        .await?
        .into_iter()
        .map(listed)
        .collect();
    output.document(&RootKeyList { root_keys }, human::root_keys);
    Ok(0)
}

fn derive(args: &Derive, key: &RootKey) -> Result<Derived, Failure> {
    let wrong = |error: &dyn std::error::Error| Failure::new("derivation", error.to_string());
    let id = match (args.at, args.l0.zip(args.l1).zip(args.l2)) {
        (Some(time), _) => GroupKeyId::at(time),
        (None, Some(((l0, l1), l2))) => {
            GroupKeyId::new(l0, l1, l2).map_err(|error| wrong(&error))?
        }
        (None, None) => {
            return Err(
                Failure::new("usage", "either --l0 --l1 --l2 or --at is needed")
                    .exit(crate::error::exit::USAGE),
            );
        }
    };
    let seed = key.derive(id, &GMSA_TARGET);
    let password = ManagedPassword::derive(&seed, &args.sid).map_err(|error| wrong(&error))?;
    let show = args.danger_show_secret;
    let keys = args
        .realm
        .as_ref()
        .zip(args.name.as_ref())
        .filter(|_| show)
        .map(|(realm, name)| {
            let salt = Salt::for_computer(realm, name, realm);
            (KerberosKeys::derive(&password, &salt), salt)
        });
    Ok(Derived {
        root_key_id: args.root_key_id.to_string(),
        group_key_id: id.indexes(),
        nt_hash: hex::encode(NtHash::of(&password).expose_bytes()),
        password: show.then(|| hex::encode(password.expose_bytes())),
        aes256: keys
            .as_ref()
            .map(|(keys, _)| hex::encode(keys.aes256.expose_bytes())),
        aes128: keys
            .as_ref()
            .map(|(keys, _)| hex::encode(keys.aes128.expose_bytes())),
        salt: keys.as_ref().map(|(_, salt)| salt.as_str().to_owned()),
    })
}

fn key_from_file(args: &Derive, path: &Path) -> Result<RootKey, Failure> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text =
        text.map_err(|error| Failure::file("root-key", "the root key data", path, &error))?;
    let wrong = |why: String| {
        Failure::new("root-key", format!("{}: {why}", path.display()))
            .hint("the file holds msKds-RootKeyData, 64 bytes, in hex")
    };
    let digits = Zeroizing::new(text.split_whitespace().collect::<String>());
    let bytes =
        Zeroizing::new(hex::decode(digits.as_bytes()).map_err(|error| wrong(error.to_string()))?);
    let data = RootKeyData::from_bytes(&bytes).map_err(|error| wrong(error.to_string()))?;
    let parameters = kds::KdfParameters {
        hash: args.kdf_hash,
    }
    .to_bytes();
    let attributes = RootKeyAttributes {
        id: args.root_key_id,
        version: 1,
        kdf_algorithm: "SP800_108_CTR_HMAC",
        kdf_parameters: Some(&parameters),
        secret_agreement_algorithm: "DH",
        private_key_length: 512,
        public_key_length: 2048,
        domain_id: "",
        use_start_time: FileTime::ZERO,
        create_time: FileTime::ZERO,
    };
    let description = attributes
        .describe()
        .map_err(|error| wrong(error.to_string()))?;
    Ok(RootKey::new(description, data))
}
