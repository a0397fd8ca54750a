//! A lab, a folder with its estate file, and gmsactl run in it.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use lab::mim::SqlServer;
use lab::{DatabaseServerOptions, Fate, Lab, LabSeed, RequestKind, RunningDatabaseServer};
use serde_json::Value;
use tokio::runtime::Runtime;

pub const ADMINISTRATOR: &[u8] = b"Lab-Admin-Pa55";
pub const SERVICE: &str = "Lab-Service-Pa55";

/// A running lab and who talks to it.
pub struct World {
    pub lab: Lab,
    folder: tempfile::TempDir,
    runtime: Runtime,
}

/// What a command said.
#[derive(Debug)]
pub struct Said(Output);

impl World {
    pub fn new() -> Self {
        Self::of(LabSeed::reference_estate(ADMINISTRATOR, SERVICE.as_bytes()))
    }

    pub fn of(seed: LabSeed) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let lab = runtime.block_on(Lab::start(seed)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            lab,
            folder,
            runtime,
        };
        world.write("password", ADMINISTRATOR);
        world.write("service-password", SERVICE.as_bytes());
        let host = "MIMSYNC01".parse().unwrap();
        let keytab = world.lab.machine_keytab(&host).unwrap();
        world.write("host.keytab", &keytab.to_bytes().unwrap());
        let addresses = world.lab.addresses();
        let others = world.lab.controllers().iter().skip(1);
        let others =
            others.map(|one| format!("\"{}\" = \"{}\"\n", one.dns_name(), one.addresses().ldap));
        let others: String = others.collect();
        let estate = format!(
            "format = 1\nname = \"lab\"\n[domain]\nname = \"contoso.com\"\nserver = \"{0}\"\nkdc = \"{1}\"\n\
             user = \"Administrator\"\npassword = {{ file = \"password\" }}\n[addresses]\n\"{0}\" = \"{2}\"\n{others}\
             [[host]]\nname = \"MIMSYNC01\"\ndns-name = \"mimsync01.contoso.com\"\ntransport = \"local\"\n\
             command = [\"false\"]\nmachine-keytab = \"host.keytab\"\n",
            world.lab.controller(),
            addresses.kdc,
            addresses.ldap,
        );
        world.write("estate.toml", estate.as_bytes());
        world
    }

    /// A database server of the domain, on the computer SQL01: `sa` has the Administrator's password.
    pub fn database_server(&self, sql: &Arc<SqlServer>) -> RunningDatabaseServer {
        let options = DatabaseServerOptions {
            computer: "SQL01".to_owned(),
            address: "127.0.0.1:0".parse().unwrap(),
            sa_password: Some(ADMINISTRATOR.to_vec().into()),
        };
        let serve = self.lab.serve_sql(options, Arc::clone(sql));
        let server = self.runtime.block_on(serve).unwrap();
        let estate = std::fs::read_to_string(self.path().join("estate.toml")).unwrap();
        let estate = estate.replace(
            "[addresses]\n",
            &format!(
                "ca-file = \"ca.pem\"\n[addresses]\n\"sql01.contoso.com\" = \"{}\"\n",
                server.address()
            ),
        );
        self.write("estate.toml", estate.as_bytes());
        self.write("ca.pem", self.lab.authority_pem().as_bytes());
        server
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    /// gmsactl with this world's estate, nobody to ask.
    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gmsactl"));
        command
            .args(line)
            .args(["--estate", "estate.toml", "--non-interactive"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it for programs.
    pub fn json(&self, line: &[&str]) -> Said {
        Said(self.command(line).arg("--json").output().unwrap())
    }

    /// Runs it for people; standard output.
    pub fn text(&self, line: &[&str]) -> String {
        let output = self.command(line).output().unwrap();
        assert!(output.status.success(), "{line:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a verb that changes something: first rehearsed, then done, then done again, which changes nothing.
    pub fn changes(&self, line: &[&str]) -> Value {
        let before = self.lab.snapshot();
        let rehearsed = self.json(&[line, &["--dry-run"]].concat()).done();
        assert_eq!(self.lab.snapshot(), before, "{line:?} --dry-run");
        assert_eq!(rehearsed["dry_run"], true, "{rehearsed}");
        let done = self.json(line).done();
        assert_eq!(done["changed"], true, "{done}");
        assert_ne!(self.lab.snapshot(), before, "{line:?}");
        assert_eq!(
            rehearsed["changes"], done["changes"],
            "{line:?}: what was shown is what was done"
        );
        let again = self.json(line).done();
        assert_eq!(again["changed"], false, "{line:?} again: {again}");
        done
    }

    /// The next write is carried out and its answer lost.
    pub fn lose_the_next_answer(&self) {
        let kinds = [RequestKind::Add, RequestKind::Modify, RequestKind::Delete];
        self.lab
            .faults()
            .once(Fate::CutAfter, move |request| kinds.contains(&request.kind));
    }
}

impl Said {
    /// The document of a command that ended well.
    #[track_caller]
    pub fn done(self) -> Value {
        assert!(self.0.status.success(), "{self:?}");
        self.document()
    }

    /// The error of a command that was refused: of this kind, with advice, saying these words.
    #[track_caller]
    pub fn refused(self, kind: &str, says: &str) -> Value {
        assert_eq!(self.0.status.code(), Some(1), "{self:?}");
        let error = self.document()["error"].clone();
        assert_eq!(error["kind"], kind, "{error}");
        assert!(
            error.to_string().contains(says),
            "not said: {says}; {error}"
        );
        error
    }

    #[track_caller]
    pub fn ended(self, code: i32) -> Value {
        assert_eq!(self.0.status.code(), Some(code), "{self:?}");
        self.document()
    }

    fn document(&self) -> Value {
        let text = std::str::from_utf8(&self.0.stdout).unwrap();
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {:?}", self.0))
    }
}
