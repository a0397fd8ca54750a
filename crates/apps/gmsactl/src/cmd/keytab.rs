//! `gmsactl keytab`: a gMSA's keys for hosts that are no Windows.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use directory::{ActiveDirectory, ManagedKeys};
use managed_password::{KerberosKey, KerberosKeys, Keytab, KeytabPrincipal};
use model::inventory::Gmsa;
use model::names::SamAccountName;
use model::ports::Clock;
use zeroize::Zeroizing;

use super::Done;
use super::account::gmsa;
use super::changing::name;
use crate::documents::KeytabDocument;
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::session::Session;
use crate::system::SystemClock;
use crate::view::{Output, human};

/// What to do with keytabs.
#[derive(Debug, Subcommand)]
pub enum KeytabVerb {
    /// Write the keys of a gMSA's password, and of the one before, into a keytab for this user alone.
    #[command(
        after_help = "Who logs on must be among those who may retrieve the password: on a host its own account, by its keytab.\n\n\
                            Example:\n  gmsactl keytab write WebGMSA --out web.keytab --keytab /etc/krb5.keytab \
                            --domain contoso.com --server dc1.contoso.com"
    )]
    Write(Target),
    /// Write it again where the keys are others by now; with --watch whenever the password changes.
    #[command(
        after_help = "Example:\n  gmsactl keytab refresh WebGMSA --out web.keytab --watch --post-hook systemctl \
                            --post-hook reload --post-hook nginx --estate estate.toml"
    )]
    Refresh(Refresh),
}

/// Whose keys, and where to.
#[derive(Debug, Args)]
pub struct Target {
    /// The gMSA's name; the $ may be left out.
    #[arg(value_name = "NAME", value_parser = name)]
    gmsa: SamAccountName,
    /// The keytab; replaced whole, mode 0600.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Arguments of `keytab refresh`.
#[derive(Debug, Args)]
pub struct Refresh {
    #[command(flatten)]
    target: Target,
    /// Stay, and look again when the password is due to change.
    #[arg(long)]
    watch: bool,
    /// With --watch, look at least this often, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, requires = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// A program to run after the file has changed, and its arguments, each with its own --post-hook.
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    post_hook: Vec<String>,
}

/// Writes, or keeps it fresh.
pub async fn run(verb: &KeytabVerb, global: &Global, output: &Output) -> Done {
    let directory = Session::new(global)?.directory().await?;
    match verb {
        KeytabVerb::Write(target) => {
            let (keytab, gmsa) = made(target, &directory).await?;
            put(&target.out, &keytab.0)?;
            output.document(&described(target, &keytab, &gmsa, true), human::keytab);
            Ok(0)
        }
        KeytabVerb::Refresh(args) => {
            let mut shown = false;
            loop {
                let target = &args.target;
                let (keytab, gmsa) = made(target, &directory).await?;
                let changed = !same_keys(&target.out, &keytab.0)?;
                if changed {
                    put(&target.out, &keytab.0)?;
                    tracing::info!(file = %target.out.display(), "keytab written");
                }
                let hook = match changed {
                    true => after(&args.post_hook).await,
                    false => Ok(()),
                };
                if !args.watch {
                    hook?;
                    output.document(&described(target, &keytab, &gmsa, changed), human::keytab);
                    return Ok(0);
                }
                if let Err(failure) = hook {
                    output.note(&format!("the post-hook failed: {}", failure.message));
                }
                if !shown {
                    output.note("keeping it fresh; end with Ctrl-C");
                    shown = true;
                }
                // A little later than due: then the domain controller has rolled it over for certain.
                let due = keytab.1 + Duration::from_secs(5);
                tokio::time::sleep(due.min(Duration::from_secs(args.every))).await;
            }
        }
    }
}

/// The keytab and after which time its keys are old.
async fn made(
    target: &Target,
    directory: &ActiveDirectory,
) -> Result<((Keytab, Duration), Gmsa), Failure> {
    let gmsa = gmsa(directory, &target.gmsa).await?;
    let ManagedKeys {
        versions,
        changes_in,
    } = directory.managed_keys(&gmsa).await?;
    let realm = directory.realm();
    let seconds = SystemClock.now().to_unix_nanos() / 1_000_000_000;
    let timestamp = u32::try_from(seconds).unwrap_or(u32::MAX);
    let mut principals = vec![KeytabPrincipal::account(&realm, gmsa.account.name.as_str())];
    principals.extend(gmsa.account.spns.iter().map(|spn| KeytabPrincipal {
        realm: realm.clone(),
        components: spn.as_str().split('/').map(str::to_owned).collect(),
        name_type: KeytabPrincipal::NT_PRINCIPAL,
    }));
    let mut keytab = Keytab::default();
    for (version, keys) in &versions {
        for principal in &principals {
            keytab.push_keys(principal, *version, timestamp, again(keys));
        }
    }
    Ok(((keytab, changes_in), gmsa))
}

/// The same keys for another name: secrets have no copy by accident.
fn again(keys: &KerberosKeys) -> KerberosKeys {
    let key =
        |key: &KerberosKey| KerberosKey::from_bytes(key.encryption_type(), key.expose_bytes());
    KerberosKeys {
        aes256: key(&keys.aes256),
        aes128: key(&keys.aes128),
    }
}

fn described(
    target: &Target,
    (keytab, changes_in): &(Keytab, Duration),
    gmsa: &Gmsa,
    changed: bool,
) -> KeytabDocument {
    let mut versions: Vec<u32> = keytab.entries.iter().map(|entry| entry.kvno).collect();
    versions.dedup();
    KeytabDocument {
        file: target.out.clone(),
        changed,
        account: gmsa.account.name.clone(),
        versions,
        spns: gmsa.account.spns.clone(),
        changes_in_seconds: changes_in.as_secs(),
    }
}

/// Whether the file holds these keys already; the time of writing does not count.
fn same_keys(path: &Path, keytab: &Keytab) -> Result<bool, Failure> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Failure::file("output", "the keytab", path, &error)),
    };
    let Ok(found) = Keytab::from_bytes(&bytes) else {
        return Ok(false);
    };
    let pairs = found.entries.iter().zip(&keytab.entries);
    Ok(found.entries.len() == keytab.entries.len()
        && pairs
            .into_iter()
            .all(|(a, b)| (&a.principal, a.kvno) == (&b.principal, b.kvno) && a.key == b.key))
}

/// Written beside and moved into its place: readers never see half of it, and nobody else sees any.
fn put(path: &Path, keytab: &Keytab) -> Result<(), Failure> {
    let fail = |error: &std::io::Error| Failure::file("output", "the keytab", path, error);
    let bytes = keytab
        .to_bytes()
        .map_err(|error| Failure::new("internal", error.to_string()))?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    // Only for this user, from its creation on.
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        .map_err(|error| fail(&error))?;
    file.write_all(&bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| fail(&error))?;
    file.persist(path).map_err(|error| fail(&error.error))?;
    Ok(())
}

/// Runs the post-hook; nothing of the keys is in its arguments or environment.
async fn after(words: &[String]) -> Result<(), Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    let failed = |why: String| {
        Failure::new(
            "post-hook",
            format!("{program} {why}; the keytab is written"),
        )
        .hint("run it by hand, and correct --post-hook")
        .exit(exit::REFUSED)
    };
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(std::process::Stdio::null());
    // Standard output is for the document.
    let output = command.output().await;
    let output = output.map_err(|error| failed(format!("cannot be run: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(format!("ended with {}", output.status)))
}
