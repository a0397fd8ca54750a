//! A lab as a file keeps it: the whole directory with its secrets, hosts and databases.
//!
//! The file holds the lab's secrets only: passwords and keys that the lab made up. It is readable for its owner alone.

use std::path::Path;
use std::sync::Arc;

use lab::hosts::{HostState, LabHost};
use lab::mim::{Installations, Mim, SqlContent, SqlServer};
use lab::{LabSeed, SavedDirectory};
use model::names::{DnsName, HostName, LogonAccount};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::inputs;
use crate::lab_controllers::Controllers;
use crate::lab_databases::LabDatabases;
use crate::lab_estate::{EstateNames, LabEstate};

/// The word that such a file begins with, and the only format so far.
const KIND: &str = "gmsactl-lab";
const FORMAT: u32 = 1;

/// A saved lab.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedLab {
    kind: String,
    format: u32,
    name: String,
    domain: DnsName,
    password_accounts: Vec<LogonAccount>,
    host_names: Vec<(HostName, DnsName)>,
    administrator_password: String,
    service_password: String,
    directory: SavedDirectory,
    hosts: Vec<HostState>,
    databases: SqlContent,
}

impl SavedLab {
    /// Whether a file's text begins as one, so that other seeds can be told from it.
    pub fn is_one(text: &str) -> bool {
        let start: String = text
            .chars()
            .take(64)
            .filter(|c| !c.is_whitespace())
            .collect();
        start.starts_with(&format!(r#"{{"kind":"{KIND}""#))
    }

    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let refused = |why: String| {
            Failure::new("input", why).hint("a saved lab is what gmsactl lab save writes")
        };
        let saved: Self = serde_json::from_str(text)
            .map_err(|error| refused(format!("this is no saved lab: {error}")))?;
        for host in &saved.hosts {
            let name = &host.name;
            Installations::of(host)
                .map_err(|error| refused(format!("this is no saved lab: host {name}: {error}")))?;
        }
        match (saved.kind.as_str(), saved.format) {
            (KIND, FORMAT) => Ok(saved),
            (KIND, other) => Err(refused(format!(
                "the saved lab has format {other}, this gmsactl knows format {FORMAT}"
            ))),
            (other, _) => Err(refused(format!("this is {other:?}, no saved lab"))),
        }
    }

    /// Writes it to a new file, for this user alone.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = Zeroizing::new(serde_json::to_vec(self)?);
        inputs::write_secret(path, &text)
    }
}

impl LabEstate {
    /// Everything in it at this moment.
    pub fn save(&self) -> SavedLab {
        let text = |password: &[u8]| String::from_utf8_lossy(password).into_owned();
        SavedLab {
            kind: KIND.to_owned(),
            format: FORMAT,
            name: self.names.name.clone(),
            domain: self.names.domain.clone(),
            password_accounts: self.names.password_accounts.clone(),
            host_names: self.names.hosts.clone().into_iter().collect(),
            administrator_password: text(&self.administrator),
            service_password: text(&self.service),
            directory: self.lab.save(),
            hosts: self.hosts.iter().map(|host| host.state()).collect(),
            databases: self.sql.content(),
        }
    }

    /// The lab that was saved: the same directory, hosts and databases, by the system's time.
    pub async fn of_saved(saved: SavedLab, controllers: Controllers) -> Result<Self, Failure> {
        let mut seed = LabSeed::from_saved(&saved.directory).map_err(|error| {
            Failure::new("input", "the saved lab cannot be used").caused_by(&error)
        })?;
        controllers.apply(&mut seed)?;
        let lab = crate::lab_estate::start(seed).await?;
        let (domain, sql) = (lab.domain(), Arc::new(SqlServer::new(saved.databases)));
        let host = |state| Arc::new(LabHost::new(state, Arc::clone(&domain), Mim::on(&sql)));
        Ok(Self {
            hosts: saved.hosts.into_iter().map(host).collect(),
            lab,
            sql,
            names: EstateNames {
                name: saved.name,
                domain: saved.domain,
                password_accounts: saved.password_accounts,
                hosts: saved.host_names.into_iter().collect(),
            },
            administrator: Zeroizing::new(saved.administrator_password.into_bytes()),
            service: Zeroizing::new(saved.service_password.into_bytes()),
            databases: LabDatabases::copied(),
        })
    }
}
