//! MIMSYNC01 through an agent that misbehaves as told: see `agent_between.py`.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use super::scene::Scene;
use crate::rig::Rig;

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/all/cli/agent_between.py"
);

/// Debian's interpreter: the one that the rig's packages bring.
const PYTHON: &str = "/usr/bin/python3";

/// Every time, for as long as the rule stands.
pub const ALWAYS: u32 = u32::MAX;

impl Scene {
    /// From now on the agent does this at the first requests of that name.
    pub fn agent_does(&self, action: &str, at: &str, times: u32) {
        for left in ["seen", "waits", "go"] {
            drop(fs::remove_file(self.path(left)));
        }
        self.write(
            "rule.json",
            json!({ "at": at, "do": action, "times": times }).to_string(),
        );
        let agent = Rig::get()
            .path("RIG_ESTATE")
            .with_file_name("hosts")
            .join("mimsync01/agent");
        let folder = self.path("");
        self.agent_is(&[
            PYTHON,
            SCRIPT,
            agent.to_str().unwrap(),
            folder.to_str().unwrap(),
        ]);
    }

    /// From now on this program is the agent.
    pub fn agent_is(&self, command: &[&str]) {
        let mut estate: toml::Table = String::from_utf8(Rig::get().bytes("RIG_ESTATE"))
            .unwrap()
            .parse()
            .unwrap();
        let mut host = toml::Table::new();
        for name in ["name", "dns-name", "machine-keytab"] {
            host.insert(name.to_owned(), estate["host"][0][name].clone());
        }
        host.insert("transport".to_owned(), "local".into());
        host.insert("command".to_owned(), command.to_vec().into());
        estate.insert("host".to_owned(), vec![host].into());
        self.write("estate.toml", estate.to_string());
    }

    /// The agent met its rule at least once.
    #[track_caller]
    pub fn assert_agent_misbehaved(&self) {
        assert!(self.path("seen").exists(), "the agent never met its rule");
    }

    /// Waits until the agent waits.
    #[track_caller]
    pub fn until_agent_waits(&self) {
        let since = Instant::now();
        while !self.path("waits").exists() {
            assert!(
                since.elapsed() < Duration::from_secs(30),
                "the agent never met its rule"
            );
            std::thread::sleep(Duration::from_millis(10)); // between two looks
        }
    }

    /// Lets a waiting agent go on.
    pub fn agent_goes_on(&self) {
        self.write("go", "");
    }
}
