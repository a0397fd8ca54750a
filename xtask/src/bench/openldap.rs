//! OpenLDAP's tools as the Administrator of the rig or of a lab: over LDAPS, or sealed by Kerberos.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::system::command;

/// The tools, and where their output goes.
pub struct OpenLdap {
    /// Where, by address and port.
    address: SocketAddr,
    /// The authority of the server's certificate.
    pub authority: PathBuf,
    log: PathBuf,
    /// Without the line end that a password file may have: these tools would take it for a part.
    pub password: PathBuf,
}

impl OpenLdap {
    /// Who logs on.
    pub const USER: &str = "Administrator@contoso.com";
    /// The rig's LDAPS.
    pub const RIG: &str = "127.0.0.1:636";

    /// For a rig, with files in `folder`.
    pub fn new(rig: &Path, folder: &Path) -> Result<Self> {
        let password = rig.join("Administrator.password");
        Self::at(Self::RIG, &rig.join("ca.pem"), &password, folder)
    }

    /// For the server that listens there, with files in `folder`.
    pub fn at(address: &str, authority: &Path, password: &Path, folder: &Path) -> Result<Self> {
        let bare = folder.join("administrator.bare");
        let text = std::fs::read_to_string(password)?;
        std::fs::write(&bare, text.trim_end())?;
        std::fs::set_permissions(&bare, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self {
            address: address.parse()?,
            authority: authority.to_owned(),
            log: folder.join("openldap.log"),
            password: bare,
        })
    }

    /// The server's address and its port, as words.
    pub fn address(&self) -> [String; 2] {
        [
            self.address.ip().to_string(),
            self.address.port().to_string(),
        ]
    }

    /// A tool, to be given what else it needs.
    pub fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        let url = format!("ldaps://{}", self.address);
        command
            .args(["-x", "-H", &url, "-D", Self::USER, "-y"])
            .arg(&self.password)
            .env("LDAPTLS_CACERT", &self.authority)
            // The certificate has no addresses in it.
            .env("LDAPTLS_REQCERT", "never");
        command
    }

    /// Runs a tool to its end with this input; whether it succeeded.
    pub fn run(&self, tool: &str, words: &[&str], input: &str) -> Result<bool> {
        let (stdout, stderr) = command::appending(&self.log)?;
        let mut child = self
            .command(tool)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("{tool} cannot be started"))?;
        let mut stdin = child.stdin.take().context("no input")?;
        // A tool that ends early says why in its log, and by its status.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Ok(child.wait()?.success())
    }

    /// Where the tools' output is.
    pub fn log(&self) -> &Path {
        &self.log
    }
}

/// The Administrator's tickets in a lab, for tools that log on with them.
pub struct Tickets {
    url: String,
    krb5_config: PathBuf,
    cache: String,
}

impl Tickets {
    /// Gets them, with files in `folder`, for the server that listens at `address` and is called localhost too.
    pub fn new(address: &str, krb5_config: &Path, password: &Path, folder: &Path) -> Result<Self> {
        let port = address.parse::<SocketAddr>()?.port();
        let tickets = Self {
            url: format!("ldap://localhost:{port}"),
            krb5_config: krb5_config.to_owned(),
            cache: format!("FILE:{}", folder.join("administrator.ccache").display()),
        };
        let mut kinit = tickets
            .with(Command::new("kinit"))
            .arg("Administrator")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("kinit cannot be started")?;
        let mut stdin = kinit.stdin.take().context("no input")?;
        stdin.write_all(&std::fs::read(password)?)?;
        drop(stdin);
        ensure!(kinit.wait()?.success(), "kinit got no ticket");
        Ok(tickets)
    }

    /// A tool, to be given what else it needs; everything on its connection is encrypted.
    pub fn command(&self, tool: &str) -> Command {
        let mut command = self.with(Command::new(tool));
        command.args(["-N", "-Q", "-Y", "GSSAPI", "-O", "minssf=56", "-H"]);
        command.arg(&self.url);
        command
    }

    /// The same for gmsactl.
    pub fn with(&self, mut command: Command) -> Command {
        command
            .env("KRB5_CONFIG", &self.krb5_config)
            .env("KRB5CCNAME", &self.cache);
        command
    }
}
