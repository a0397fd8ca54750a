//! A setup in change mode on a host: what it is given is looked at first, and what became of it is said.

use std::path::{Path, PathBuf};

use clap::Args;
use model::host::{PropertyName, PropertyValue, SetupProperty, SetupRun};
use model::inventory::Product;
use model::names::HostName;
use model::ports::{Host, Hosts};
use model::secret::Password;
use msi_package::{Kind, Package};
use sha2::{Digest, Sha256};

use super::inspect;
use crate::cmd::Done;
use crate::documents::host::SetupChange;
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::passwords;
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `msi change`.
#[derive(Debug, Args)]
#[command(
    after_help = "Setup resets what it is not told: give every setting that is to stay. REBOOT=ReallySuppress is added unless \
                  you give REBOOT.\n\n\
                  Example:\n  gmsactl msi change MIMSVC01 --package 'D:\\MIM\\Service and Portal.msi' --copy \"Service and Portal.msi\" \
                  --property USE_MANAGED_ACCOUNT_FOR_SERVICE=1 --property 'SERVICE_ACCOUNT_NAME=MIMSrvGMSAsvc$' --dry-run \
                  --estate estate.toml"
)]
pub struct Change {
    /// The host, as estate.toml names it.
    #[arg(value_name = "HOST")]
    host: HostName,
    /// The package, as the host sees it: the .msi in the whole folder of its media.
    #[arg(long, value_name = "PATH")]
    package: String,
    /// The same package here: its tables tell which properties there are, and for which product it is.
    #[arg(long, value_name = "FILE")]
    copy: Option<PathBuf>,
    /// A property and its value; may be repeated. Never a password.
    #[arg(long, value_name = "NAME=VALUE", value_parser = property)]
    property: Vec<SetupProperty>,
    /// A property whose value is a password: asked for, or read from --secret-file.
    #[arg(long, value_name = "NAME", value_parser = name)]
    secret_property: Option<PropertyName>,
    /// A file whose first line is that password.
    #[arg(long, value_name = "FILE", requires = "secret_property")]
    secret_file: Option<PathBuf>,
    /// Where the host keeps the log.
    #[arg(
        long,
        value_name = "PATH",
        default_value = r"C:\Windows\Temp\gmsactl-setup.log"
    )]
    setup_log: String,
    /// How long setup may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    timeout: u32,
    /// How long to wait for another installation to end, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    wait_busy: u32,
    /// Show what would be run, and run nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Change {
    /// Looks, runs it, and tells.
    pub async fn run(&self, global: &Global, output: &Output) -> Done {
        let session = Session::new(global)?;
        let host = session.hosts()?.host(&self.host).await?;
        let mut document = self.looked_at(&*host).await?;
        let run = self.setup_run(document.sha256.clone())?;
        document.properties.clone_from(&run.properties);
        if !self.dry_run {
            let secret = self.secret(&session)?;
            let end = host.run_setup(&run, secret.as_ref()).await?;
            let (meaning, advice) = end.meaning();
            if !advice.is_empty() {
                document.advice.push(advice.to_owned());
            }
            document.succeeded = Some(end.succeeded());
            document.restart_wanted = end.wants_restart();
            document.code = Some(end.code);
            document.meaning = Some(meaning);
            document.attempts = Some(end.attempts);
            document.log = end.log;
        }
        output.document(&document, human::setup_change);
        Ok(match document.succeeded {
            Some(false) => exit::REFUSED,
            _ => 0,
        })
    }

    /// What can be seen of the package before it is run; refuses what must fail.
    async fn looked_at(&self, host: &dyn Host) -> Result<SetupChange, Failure> {
        let found = host.file(&self.package).await?;
        let found = found.ok_or_else(|| {
            let what = format!("{}: there is no file {}", self.host, self.package);
            Failure::new("not-found", what)
                .hint("copy the whole folder of the product's media to the host, or name a share that it sees")
        })?;
        let mut document = SetupChange {
            host: self.host.clone(),
            package: self.package.clone(),
            sha256: found.sha256.clone(),
            product: None,
            properties: Vec::new(),
            secret_property: self.secret_property.clone(),
            dry_run: self.dry_run,
            succeeded: None,
            code: None,
            meaning: None,
            restart_wanted: false,
            attempts: None,
            log_file: self.setup_log.clone(),
            log: Vec::new(),
            advice: Vec::new(),
        };
        let Some(copy) = &self.copy else {
            let note = "which properties there are and for which product was not looked at: give the package here with --copy";
            document.advice.push(note.to_owned());
            return Ok(document);
        };
        if hash(copy)? != found.sha256 {
            let what = format!(
                "{} on {} is not {}",
                self.package,
                self.host,
                copy.display()
            );
            return Err(
                Failure::new("conflict", what).hint("both must be the same file, byte for byte")
            );
        }
        let package = inspect::read(copy)?;
        document.product = Some(installed(&package, &host.products().await?, &self.host)?);
        self.known(&package)?;
        Ok(document)
    }

    /// Every property is one that the package knows; an unknown one would be ignored without a word.
    fn known(&self, package: &Package) -> Result<(), Failure> {
        let given = self.property.iter().map(|property| &property.name);
        for name in given.chain(&self.secret_property) {
            let mut listed = package.properties.iter();
            let listed = listed.any(|known| known.name == name.as_str());
            if !listed && !name.is_of_every_package() {
                let what = format!("the package has no property {name}: it would be ignored");
                return Err(Failure::new("input", what)
                    .hint("gmsactl msi inspect FILE lists them; capital and small letters are not the same"));
            }
        }
        Ok(())
    }

    fn setup_run(&self, sha256: String) -> Result<SetupRun, Failure> {
        let invalid = |error: agent_protocol::InvalidName| Failure::new("input", error.to_string());
        let mut properties = self.property.clone();
        if !properties
            .iter()
            .any(|given| given.name.as_str() == "REBOOT")
        {
            properties.push(SetupProperty {
                name: PropertyName::parse("REBOOT").map_err(invalid)?,
                value: PropertyValue::parse("ReallySuppress").map_err(invalid)?,
            });
        }
        let run = SetupRun {
            package: agent_protocol::HostPath::parse(self.package.as_str()).map_err(invalid)?,
            sha256: Some(sha256),
            properties,
            secret_property: self.secret_property.clone(),
            log: agent_protocol::HostPath::parse(self.setup_log.as_str()).map_err(invalid)?,
            busy_ms: u64::from(self.wait_busy) * 1000,
            timeout_ms: u64::from(self.timeout) * 1000,
        };
        match run.objection() {
            None => Ok(run),
            Some(why) => Err(Failure::new("input", why).hint(
                "name it with --secret-property: it is asked for, or read from --secret-file",
            )),
        }
    }

    fn secret(&self, session: &Session<'_>) -> Result<Option<Password>, Failure> {
        let Some(name) = &self.secret_property else {
            return Ok(None);
        };
        let source = match &self.secret_file {
            Some(path) => model::estate::SecretSource::File(path.clone()),
            None => model::estate::SecretSource::Prompt(true),
        };
        passwords::read(&source, name.as_str(), session.is_interactive()).map(Some)
    }
}

/// The installed product that the package is for.
fn installed(package: &Package, products: &[Product], host: &HostName) -> Result<Product, Failure> {
    let wanted = &package.product;
    if package.kind != Kind::Installer {
        let what = "it is a patch or a transform, not the package of a product";
        return Err(Failure::new("input", what).hint("name the .msi file of the product's media"));
    }
    let mut same = products.iter();
    if let Some(found) = same.find(|found| found.code.eq_ignore_ascii_case(&wanted.code)) {
        return Ok(found.clone());
    }
    let title = format!("{} {}", wanted.name, wanted.version);
    let mut named = products.iter();
    Err(match named.find(|found| found.name == wanted.name) {
        Some(other) => {
            let what = format!(
                "{host} has {} {} ({}), the package is {title} ({}): setup would end with 1638",
                other.name, other.version, other.code, wanted.code
            );
            Failure::new("conflict", what)
                .hint("take the package that it was installed from; an upgrade is something else")
        }
        None => {
            let what = format!("{title} is not installed on {host}: there is nothing to change");
            Failure::new("not-found", what).hint("gmsactl host products lists what is")
        }
    })
}

fn hash(path: &Path) -> Result<String, Failure> {
    let bytes =
        std::fs::read(path).map_err(|error| Failure::file("input", "the package", path, &error))?;
    Ok(hex::encode(Sha256::digest(&bytes)))
}

fn name(text: &str) -> Result<PropertyName, String> {
    PropertyName::parse(text).map_err(|error| error.to_string())
}

fn property(text: &str) -> Result<SetupProperty, String> {
    let (left, value) = text
        .split_once('=')
        .ok_or("it is not of the form NAME=VALUE")?;
    Ok(SetupProperty {
        name: name(left)?,
        value: PropertyValue::parse(value).map_err(|error| error.to_string())?,
    })
}
