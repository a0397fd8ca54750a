//! OpenLDAP's slapd under load: a directory of its own with every searched attribute indexed.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::searches::Target;
use crate::system::command;

const WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);
const ADMINISTRATOR: &str = "cn=Administrator,CN=Users,DC=contoso,DC=com";

/// A running slapd; ends when it is dropped.
pub struct InSlapd {
    child: Child,
    address: SocketAddr,
    authority: PathBuf,
    password: PathBuf,
}

impl InSlapd {
    pub const BASE: &str = "CN=Users,DC=contoso,DC=com";

    pub fn start(rig: &Path, folder: &Path, ldif: &str) -> Result<Self> {
        let home = folder.join("slapd");
        std::fs::create_dir_all(home.join("data"))?;
        let (config, log) = (home.join("slapd.conf"), home.join("log"));
        let password = rig.join("Administrator.password"); // A password of the rig as good as any.
        let secret = std::fs::read_to_string(&password)?;
        std::fs::write(&config, configuration(rig, &home, secret.trim_end()))?;
        let container = format!("dn: {}\nobjectClass: container\ncn: Users\n\n", Self::BASE);
        std::fs::write(home.join("users.ldif"), container + ldif)?;
        let mut load = Command::new("/usr/sbin/slapadd");
        load.arg("-q").arg("-f").arg(&config);
        command::run(load.arg("-l").arg(home.join("users.ldif")), &log)?;

        let address = free_address()?;
        let output = std::fs::File::options().append(true).open(&log)?;
        let child = Command::new("/usr/sbin/slapd")
            .args(["-d", "0", "-h", &format!("ldaps://{address}"), "-f"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("slapd cannot be started")?;
        let mut slapd = Self {
            child,
            address,
            authority: rig.join("ca.pem"),
            password,
        };
        slapd.wait(&log)?;
        Ok(slapd)
    }

    pub fn target(&self) -> Target {
        Target {
            name: "slapd",
            address: self.address.to_string(),
            authority: self.authority.clone(),
            user: ADMINISTRATOR.to_owned(),
            password: self.password.clone(),
            base: Self::BASE,
        }
    }

    fn wait(&mut self, log: &Path) -> Result<()> {
        let deadline = Instant::now() + WITHIN;
        while TcpStream::connect(self.address).is_err() {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("slapd does not start; see {}", log.display());
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for InSlapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// Attributes and classes under Active Directory's names, and an equality index for each that is searched.
fn configuration(rig: &Path, home: &Path, password: &str) -> String {
    let (rig, home) = (rig.display(), home.display());
    let text = "EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15";
    format!(
        "include /etc/ldap/schema/core.schema\n\
         attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' {text} SINGLE-VALUE )\n\
         attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' {text} SINGLE-VALUE )\n\
         attributetype ( 1.2.840.113556.1.4.771 NAME 'servicePrincipalName' {text} )\n\
         objectclass ( 1.2.840.113556.1.3.23 NAME 'container' SUP top STRUCTURAL MUST cn )\n\
         objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP top STRUCTURAL MUST cn\n  \
           MAY ( sAMAccountName $ userPrincipalName $ servicePrincipalName ) )\n\
         objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn MAY ( sAMAccountName $ member ) )\n\
         TLSCACertificateFile {rig}/ca.pem\nTLSCertificateFile {rig}/tls/dc.pem\nTLSCertificateKeyFile {rig}/tls/dc.key\n\
         pidfile {home}/pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nloglevel none\n\
         database mdb\nsuffix \"CN=Users,DC=contoso,DC=com\"\nrootdn \"{ADMINISTRATOR}\"\nrootpw {password}\n\
         directory {home}/data\nmaxsize 1073741824\n\
         index objectClass,cn,sAMAccountName,servicePrincipalName,member eq\n"
    )
}
