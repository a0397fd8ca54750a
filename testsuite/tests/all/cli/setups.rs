//! `strategy = "installer"`: Windows Installer runs the products' packages in change mode, silently, and the accounts are
//! what the pages would have set; then the way back.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::answer::DONE;
use super::dump::Dump;
use super::media::{self, Media, registry_text};
use super::scene::Scene;
use super::wine::Wine;

/// A component, its hosts, its gMSA, and the group of its hosts.
type Wanted = (&'static str, &'static str, &'static str, &'static str);

const PAM: &[Wanted] = &[
    (
        "pam-rest",
        r#"["MIMPAM01"]"#,
        "MIMPamRest",
        "MIMPam_Servers",
    ),
    (
        "pam-component",
        r#"["MIMPAM01"]"#,
        "MIMPamComp",
        "MIMPam_Servers",
    ),
    (
        "pam-monitoring",
        r#"["MIMPAM01"]"#,
        "MIMPamMon",
        "MIMPam_Servers",
    ),
];
const NODES: &str = r#"["MIMSVC01", "MIMSVC02"]"#;
const SERVICE: &[Wanted] = &[
    ("service", NODES, "MIMSrvGMSAsvc", "MIMService_Servers"),
    ("sspr-registration", NODES, "MIMSsprReg", "MIMSspr_Servers"),
    ("sspr-reset", NODES, "MIMSsprReset", "MIMSspr_Servers"),
];

/// The key set file that an earlier setup saved on MIMSYNC01: what setup writes anew with the same content is nothing
/// new. Put back at the end.
struct SavedBefore(Option<Vec<u8>>);

impl SavedBefore {
    fn taken_away() -> Self {
        let before = fs::read(Self::path()).ok();
        drop(fs::remove_file(Self::path()));
        Self(before)
    }

    fn path() -> PathBuf {
        Wine("mimsync01")
            .prefix()
            .join("drive_c/MIMBackup/miiskeys.bin")
    }
}

impl Drop for SavedBefore {
    fn drop(&mut self) {
        drop(match &self.0 {
            Some(content) => fs::write(Self::path(), content),
            None => fs::remove_file(Self::path()),
        });
    }
}

/// The site of the registration portal on MIMSVC01, moved to another port after its installation; put back at the end.
struct MovedSite(String);

impl MovedSite {
    const PORTS: [&str; 2] = ["*:8088:", "*:18088:"];

    fn new() -> Self {
        let before = fs::read_to_string(Self::path()).unwrap();
        let [installed, moved] = Self::PORTS;
        assert!(before.contains(installed), "{before}");
        fs::write(Self::path(), before.replace(installed, moved)).unwrap();
        Self(before)
    }

    fn path() -> PathBuf {
        Wine("mimsvc01")
            .prefix()
            .join("drive_c/windows/system32/inetsrv/config/applicationHost.config")
    }

    /// Setup, which begins with the other port, was told this one.
    fn stayed(&self) {
        let now = fs::read_to_string(Self::path()).unwrap();
        let [installed, moved] = Self::PORTS.map(|port| now.contains(port));
        assert!(moved && !installed, "{now}");
    }
}

impl Drop for MovedSite {
    fn drop(&mut self) {
        drop(fs::write(Self::path(), &self.0));
    }
}

#[test]
fn setup_moves_the_synchronization_service_and_it_goes_back() {
    let scene = Scene::new();
    let before = Dump::take();
    let saved_before = SavedBefore::taken_away();
    scene.edit(
        "conversion.toml",
        "strategy = \"direct\"\n",
        &media::SYNC.by_setup(&[]),
    );
    let run = convert(&scene, 1, "STANDIN_KEY_SET");
    let now = Dump::take();
    let service =
        r"[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\FIMSynchronizationService]";
    assert!(now.says(&format!(
        r#"{service} "ObjectName"="CONTOSO\\MIMSyncGMSAsvc$""#
    )));
    assert!(now.says("service FIMSynchronizationService STATE              : 4  RUNNING"));
    settings_stayed(&scene, &media::SYNC, "MIMSYNC01");
    let inspected = scene.json(&["keyset", "inspect"]).ended(DONE).json();
    let saved = &inspected["saved_by_setup"][0];
    assert_eq!(saved["file"], r"C:\MIMBackup\miiskeys.bin", "{inspected:#}");
    assert_eq!(
        (&saved["run"], &saved["holds"]),
        (&json!(run), &json!(true))
    );
    scene.roll_back(&run);
    drop(saved_before);
    before.assert_unchanged();
}

#[test]
fn setup_moves_privileged_access_management_and_it_goes_back() {
    let scene = Scene::of_every_host();
    let before = Dump::take_every_host();
    // The MIM Service is on other hosts: here no registry value tells its database.
    let database = [
        ("SQLSERVER_SERVER", "localhost"),
        ("SQLSERVER_DATABASE", "FIMService"),
    ];
    scene.write(
        "conversion.toml",
        intent(PAM, &media::SERVICE.by_setup(&database)),
    );
    let run = convert(&scene, 3, "SERVICE_ACCOUNT_EMAIL");
    let now = Dump::take_what_runs();
    runs_as(
        &now,
        "mimpam01 ",
        "PrivilegeManagementComponentService",
        "MIMPamComp$",
    );
    runs_as(&now, "mimpam01 ", "PamMonitoringService", "MIMPamMon$");
    pool_runs_as(&now, "mimpam01 ", "MIMPAMRestApiAppPool", "MIMPamRest$");
    scene.roll_back(&run);
    before.assert_unchanged();
}

#[test]
fn setup_moves_the_mim_service_with_its_portals_and_they_go_back() {
    let scene = Scene::of_every_host();
    let moved = MovedSite::new();
    let before = Dump::take_every_host();
    scene.write(
        "conversion.toml",
        intent(SERVICE, &media::SERVICE.by_setup(&[])),
    );
    let run = convert(&scene, 6, "SERVICE_ACCOUNT_EMAIL");
    moved.stayed();
    let now = Dump::take_what_runs();
    for host in ["mimsvc01 ", "mimsvc02 "] {
        runs_as(&now, host, "FIMService", "MIMSrvGMSAsvc$");
        pool_runs_as(&now, host, "FIMPasswordRegistrationAppPool", "MIMSsprReg$");
        pool_runs_as(&now, host, "FIMPasswordResetAppPool", "MIMSsprReset$");
        settings_stayed(&scene, &media::SERVICE, host.trim());
    }
    scene.roll_back(&run);
    before.assert_unchanged();
}

fn intent(wanted: &[Wanted], strategy: &str) -> String {
    let conversions = wanted.iter().map(|(component, hosts, gmsa, group)| {
        format!(
            "\n[[conversion]]\ncomponent = \"{component}\"\nhosts = {hosts}\ngmsa = \"{gmsa}\"\n\
             retrieval-group = \"{group}\"\n{strategy}"
        )
    });
    format!("format = 1\n{}", conversions.collect::<String>())
}

/// Plans with so many setups, applies, and verifies. The plan says which field of the pages it does not know.
fn convert(scene: &Scene, setups: usize, unknown: &str) -> String {
    let plan = scene.plan();
    let steps = plan["steps"].as_array().unwrap();
    let count = steps
        .iter()
        .filter(|step| step["kind"] == "run-setup")
        .count();
    assert_eq!(count, setups, "{plan:#}");
    let findings = plan["findings"].as_array().unwrap();
    let mut untold = findings
        .iter()
        .filter(|finding| finding["id"] == "GMSA-087");
    let what = untold.next().unwrap()["what"].as_str().unwrap();
    let fields = format!("pages of the package set {unknown} too:");
    assert!(what.starts_with(&fields), "{what}");
    let run = scene.apply();
    let verified = scene.json(&["verify", &run]).ended(DONE).json();
    assert_eq!(verified["holds"], true, "{verified:#}");
    let told = verified.to_string();
    assert!(!told.contains("setup was told"), "{verified:#}");
    run
}

/// Setup in change mode resets what it is not told; everything was.
fn settings_stayed(scene: &Scene, media: &Media, host: &str) {
    for (name, value) in media.settings {
        assert_eq!(
            registry_text(scene, host, media.key, name),
            *value,
            "{name} on {host}"
        );
    }
}

#[track_caller]
fn runs_as(now: &Dump, host: &str, service: &str, account: &str) {
    let key = format!(r"[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\{service}]");
    assert!(
        now.says(&format!(r#"{host}{key} "ObjectName"="CONTOSO\\{account}""#)),
        "{:?}",
        now.about(&format!("{key} \"ObjectName\""))
    );
    let state = now.about(&format!("{host}service {service} STATE"));
    assert!(
        matches!(state[..], [line] if line.ends_with("RUNNING")),
        "{state:?}"
    );
}

#[track_caller]
fn pool_runs_as(now: &Dump, host: &str, pool: &str, account: &str) {
    let state = now.about(&format!(
        r#"{host}[HKEY_LOCAL_MACHINE\Software\Stand-in IIS\Application pools] "{pool}"="#
    ));
    assert!(
        matches!(state[..], [line] if line.ends_with(":00000001")),
        "{state:?}"
    );
    let user = now.about(&format!(r#"userName="CONTOSO\{account}""#));
    assert!(user.iter().any(|line| line.starts_with(host)), "{user:?}");
}
