//! `gmsactl decode`: what the directory stores, made readable; secrets stay hidden.

use std::io::Read;

use base64::Engine;
use clap::Subcommand;
use kds::RootKey;
use managed_password::{ManagedPassword, ManagedPasswordBlob, ManagedPasswordId, NtHash};
use security::{Ace, SecurityDescriptor};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Done;
use crate::error::Failure;
use crate::view::{Output, human};

/// Longer input is none of these structures.
const LONGEST_INPUT: u64 = 1024 * 1024;

/// What to decode.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Decode {
    /// msDS-ManagedPassword: a managed password blob; the passwords are shown as NT hashes.
    #[command(after_help = "Example:\n  gmsactl decode blob < blob.hex")]
    Blob,
    /// msDS-ManagedPasswordId or msDS-ManagedPasswordPreviousId.
    #[command(after_help = "Example:\n  gmsactl decode password-id < id.base64")]
    PasswordId,
    /// A self-relative security descriptor, such as msDS-GroupMSAMembership.
    #[command(after_help = "Example:\n  gmsactl decode security-descriptor < sd.hex")]
    SecurityDescriptor,
    /// A KDS root key as GoldenGMSA prints it; the key itself stays hidden.
    #[command(after_help = "Example:\n  gmsactl decode root-key < key.base64")]
    RootKey,
}

/// Reads standard input, prints what it means.
pub fn run(verb: &Decode, output: &Output) -> Done {
    let bytes = input()?;
    let document = match verb {
        Decode::Blob => blob(&bytes),
        Decode::PasswordId => password_id(&bytes),
        Decode::SecurityDescriptor => security_descriptor(&bytes),
        Decode::RootKey => root_key(&bytes),
    }?;
    output.document(&document, human::decoded);
    Ok(0)
}

/// Hex or base64, white space ignored.
fn input() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let fail = |why: String| {
        Failure::new("input", why).hint("give one value on standard input, as hex or base64")
    };
    // Whole at once: a buffer that grows leaves copies behind that nobody wipes.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_INPUT as usize + 2));
    let read = std::io::stdin()
        .lock()
        .take(LONGEST_INPUT + 1)
        .read_to_string(&mut text);
    read.map_err(|error| fail(format!("standard input cannot be read: {error}")))?;
    if text.len() as u64 > LONGEST_INPUT {
        return Err(fail(format!(
            "standard input is too long: over {LONGEST_INPUT} bytes"
        )));
    }
    let text = Zeroizing::new(text.split_whitespace().collect::<String>());
    if text.is_empty() {
        return Err(fail("standard input is empty".to_owned()));
    }
    if text.len() % 2 == 0 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return hex::decode(text.as_bytes())
            .map(Zeroizing::new)
            .map_err(|error| fail(error.to_string()));
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(text.as_bytes());
    decoded
        .map(Zeroizing::new)
        .map_err(|_| fail("standard input is neither hex nor base64".to_owned()))
}

fn wrong(what: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new("input", format!("this is no {what}: {error}"))
        .hint("give the attribute's whole value, and name what it is: gmsactl decode --help")
}

fn blob(bytes: &[u8]) -> Result<Value, Failure> {
    let blob = ManagedPasswordBlob::from_bytes(bytes)
        .map_err(|error| wrong("managed password blob", &error))?;
    let shown = |password: &ManagedPassword| json!({ "nt_hash": hex::encode(NtHash::of(password).expose_bytes()) });
    Ok(json!({
        "version": ManagedPasswordBlob::VERSION,
        "length": bytes.len(),
        "current": shown(&blob.current),
        "previous": blob.previous.as_ref().map(shown),
        "query_interval_100ns": blob.query_interval.as_ticks(),
        "unchanged_interval_100ns": blob.unchanged_interval.as_ticks(),
    }))
}

fn password_id(bytes: &[u8]) -> Result<Value, Failure> {
    let id = ManagedPasswordId::from_bytes(bytes)
        .map_err(|error| wrong("managed password identifier", &error))?;
    Ok(json!({
        "version": ManagedPasswordId::VERSION,
        "flags": id.flags.0,
        "group_key_id": id.key.group_key_id.indexes(),
        "root_key_id": id.key.root_key_id.to_string(),
        "domain": id.domain,
        "forest": id.forest,
    }))
}

fn security_descriptor(bytes: &[u8]) -> Result<Value, Failure> {
    let descriptor = SecurityDescriptor::from_bytes(bytes)
        .map_err(|error| wrong("security descriptor", &error))?;
    let aces = descriptor
        .dacl()
        .map(|dacl| dacl.aces().iter().map(ace).collect::<Vec<_>>());
    Ok(json!({
        "owner": descriptor.owner().map(|sid| sid.to_string()),
        "group": descriptor.group().map(|sid| sid.to_string()),
        "dacl": aces,
        "sddl": descriptor.to_sddl(),
    }))
}

fn ace(ace: &Ace) -> Value {
    json!({
        "type": ace.ace_type().name(),
        "mask": ace.mask().map(|mask| format!("0x{:08x}", mask.0)),
        "sid": ace.sid().map(|sid| sid.to_string()),
    })
}

fn root_key(bytes: &[u8]) -> Result<Value, Failure> {
    let key =
        RootKey::from_golden_gmsa(bytes).map_err(|error| wrong("exported root key", &error))?;
    let description = key.description();
    Ok(json!({
        "root_key_id": description.id.to_string(),
        "version": 1,
        "hash": description.hash.name(),
        "secret_agreement_algorithm": description.secret_agreement_algorithm,
        "private_key_length": description.private_key_length,
        "public_key_length": description.public_key_length,
        "domain_id": description.domain_id,
        "created": description.create_time.to_string(),
        "effective": description.use_start_time.to_string(),
    }))
}
