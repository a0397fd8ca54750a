//! Registry values.

use clap::{Args, Subcommand};
use model::host::RegistryValue;
use model::names::HostName;

use super::carry_out::{Wanted, Writing, change};
use super::{Done, connect};
use crate::documents::host::RegistryDocument;
use crate::error::Failure;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with a registry value.
#[derive(Debug, Subcommand)]
pub enum Registry {
    /// Show a value with its type.
    #[command(after_help = "Example:\n  gmsactl host registry show MIMSYNC01 \
                      'HKLM\\SYSTEM\\CurrentControlSet\\Services\\FIMSynchronizationService' ObjectName --estate estate.toml")]
    Show(Place),
    /// Set a value; its key must be there.
    #[command(
        after_help = "Example:\n  gmsactl host registry set MIMSYNC01 'HKLM\\SOFTWARE\\Contoso' Converted --dword 1 --estate estate.toml"
    )]
    Set(Set),
    /// Delete a value.
    #[command(
        after_help = "Example:\n  gmsactl host registry delete MIMSYNC01 'HKLM\\SOFTWARE\\Contoso' Converted --estate estate.toml"
    )]
    Delete(Delete),
}

/// A value on a host.
#[derive(Debug, Args)]
pub struct Place {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// The key, such as HKLM\SOFTWARE\Contoso; always of the 64-bit view.
    #[arg(value_name = "KEY")]
    key: String,
    /// Name of the value; the default value's is empty.
    #[arg(value_name = "NAME")]
    name: String,
}

/// Arguments of `host registry set`.
#[derive(Debug, Args)]
pub struct Set {
    #[command(flatten)]
    of: Place,
    #[command(flatten)]
    value: Typed,
    #[command(flatten)]
    writing: Writing,
}

/// The value and its type: one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Typed {
    /// REG_SZ.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// REG_EXPAND_SZ: variables such as %SystemRoot% are expanded by who reads it.
    #[arg(long, value_name = "TEXT")]
    expandable: Option<String>,
    /// REG_DWORD.
    #[arg(long, value_name = "NUMBER")]
    dword: Option<u32>,
    /// REG_QWORD.
    #[arg(long, value_name = "NUMBER")]
    qword: Option<u64>,
    /// REG_BINARY.
    #[arg(long, value_name = "HEX", value_parser = |text: &str| hex::decode(text).map(Bytes))]
    binary: Option<Bytes>,
}

/// Bytes that were given in hex.
#[derive(Debug, Clone)]
pub struct Bytes(Vec<u8>);

/// Arguments of `host registry delete`.
#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    of: Place,
    #[command(flatten)]
    writing: Writing,
}

impl Typed {
    fn value(&self) -> Option<RegistryValue> {
        let text = self.text.clone().map(RegistryValue::Text);
        let expandable = self.expandable.clone().map(RegistryValue::ExpandableText);
        let binary = self
            .binary
            .clone()
            .map(|bytes| RegistryValue::Binary(bytes.0));
        text.or(expandable)
            .or(self.dword.map(RegistryValue::Dword))
            .or(self.qword.map(RegistryValue::Qword))
            .or(binary)
    }
}

impl Registry {
    pub async fn run(&self, session: &Session<'_>, output: &Output) -> Done {
        let (of, writing, new) = match self {
            Self::Show(of) => (of, None, None),
            Self::Set(args) => (&args.of, Some(args.writing), args.value.value()),
            Self::Delete(args) => (&args.of, Some(args.writing), None),
        };
        let host = connect(session, &of.host).await?;
        let host = host.as_ref();
        let old = host.registry_value(&of.key, &of.name).await?;
        let Some(writing) = writing else {
            let document = RegistryDocument {
                host: of.host.clone(),
                key: of.key.clone(),
                name: of.name.clone(),
                value: old,
            };
            output.document(&document, human::registry_value);
            return Ok(0);
        };
        let text = |value: &Option<RegistryValue>| value.as_ref().map(human::registry_data);
        let change = change(&of.name, text(&old), text(&new));
        let subject = format!("{}!{}", of.key, of.name);
        let document = Wanted::one(&of.host, subject, change).carry_out(
            writing,
            async || match &new {
                Some(value) => host.write_registry_value(&of.key, &of.name, value).await,
                None => host
                    .delete_registry_value(&of.key, &of.name)
                    .await
                    .map(drop),
            },
            async || Ok(host.registry_value(&of.key, &of.name).await? == new),
        );
        output.document(&document.await?, human::host_change);
        Ok::<u8, Failure>(0)
    }
}
