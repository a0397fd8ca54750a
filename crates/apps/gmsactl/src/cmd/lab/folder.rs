//! What a started lab puts into its folder for clients, and takes away again when it ends.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lab::RunningDatabaseServer;
use lab::hosts::HostServer;
use model::estate::{Estate, SecretSource};

use crate::error::Failure;
use crate::inputs;
use crate::lab_estate::LabEstate;

/// The estate file.
pub const ESTATE: &str = "estate.toml";
const ADMINISTRATOR_PASSWORD: &str = "administrator.password";
const SERVICE_PASSWORD: &str = "service.password";
const AUTHORITY: &str = "ca.pem";
const KERBEROS: &str = "krb5.conf";

/// A lab's folder, with what was written into it. Dropped, it is removed where nothing else is in it.
pub struct LabFolder {
    path: PathBuf,
    files: Vec<PathBuf>,
}

impl LabFolder {
    /// Makes a new one.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        let path = std::path::absolute(path)
            .map_err(|error| Failure::file("output", "the folder", path, &error))?;
        std::fs::create_dir(&path).map_err(|error| {
            Failure::file("output", "the new folder", &path, &error)
                .hint("name a folder that is not there yet; if a lab is up there: gmsactl lab status FOLDER")
        })?;
        let files = Vec::new();
        Ok(Self { path, files })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes everything that clients need; what is secret only for this user.
    pub fn put_files(
        &mut self,
        lab: &LabEstate,
        hosts: &HostServer,
        databases: &RunningDatabaseServer,
    ) -> Result<Estate, Failure> {
        let mut estate = lab.estate()?;
        let domain = &mut estate.domain;
        domain.password = Some(SecretSource::File(ADMINISTRATOR_PASSWORD.into()));
        domain.ca_file = Some(AUTHORITY.into());
        if let Some(server) = &domain.server {
            estate
                .addresses
                .insert(server.clone(), lab.addresses().ldap.to_string());
        }
        let sql = databases.address().to_string();
        estate.addresses.insert(lab.database_server()?, sql);
        for credential in &mut estate.credentials {
            credential.password = SecretSource::File(SERVICE_PASSWORD.into());
        }
        let program = std::env::current_exe().map_err(|error| {
            Failure::new("internal", "this program's own path is not known").caused_by(&error)
        })?;
        for host in &mut estate.hosts {
            let words = [
                &program.display().to_string(),
                "lab",
                "relay",
                &hosts.address().to_string(),
                host.name.as_str(),
            ];
            host.command = Some(words.map(str::to_owned).to_vec());
            if let Some(keytab) = lab.machine_keytab(&host.name)? {
                let file = format!("{}.keytab", host.name);
                self.put_secret(&file, &keytab)?;
                host.machine_keytab = Some(file.into());
            }
        }
        self.put_secret(ADMINISTRATOR_PASSWORD, lab.expose_administrator_password())?;
        self.put_secret(SERVICE_PASSWORD, lab.expose_service_password())?;
        self.put(AUTHORITY, lab.authority_pem())?;
        let realm = estate.domain.name.as_str().to_uppercase();
        self.put(KERBEROS, &krb5_conf(&realm, &lab.addresses().kdc))?;
        let text = toml::to_string_pretty(&estate)
            .map_err(|error| Failure::new("internal", error.to_string()))?;
        self.put(ESTATE, &text)?;
        Ok(estate)
    }

    /// Writes a file for this user alone.
    pub fn put_secret(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.path.join(name);
        self.files.push(path.clone());
        inputs::write_secret(&path, bytes)
    }

    fn put(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path.join(name);
        self.files.push(path.clone());
        inputs::write(&path, text)
    }
}

impl Drop for LabFolder {
    /// Passwords and addresses of a lab that is gone are of no use to anybody.
    fn drop(&mut self) {
        for file in &self.files {
            drop(std::fs::remove_file(file));
        }
        drop(std::fs::remove_dir(&self.path));
    }
}

/// For MIT Kerberos: `KRB5_CONFIG=FOLDER/krb5.conf kinit Administrator`.
fn krb5_conf(realm: &str, kdc: &SocketAddr) -> String {
    format!(
        "[libdefaults]\n default_realm = {realm}\n dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n \
         rdns = false\n udp_preference_limit = 1\n[realms]\n {realm} = {{\n  kdc = {kdc}\n }}\n\
         [domain_realm]\n localhost = {realm}\n"
    )
}
