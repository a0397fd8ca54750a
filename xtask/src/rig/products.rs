//! The products of the rig's Windows hosts: their packages, and how they are installed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use super::estate::{self, Role, WindowsHost};
use super::layout::Layout;
use super::pages;
use super::wine::{Wine, windows_path};
use crate::system::{command, files};
use crate::{agent, repo};

const SYNC: &str = "FIMSynchronizationService";
/// The pages of the setups, as data of the rig.
pub const SYNC_PAGES: &str = "pages-sync.toml";
/// See [`SYNC_PAGES`].
pub const SERVICE_PAGES: &str = "pages-service-and-portal.toml";
/// What the groups of the Synchronization Service are called as properties, in the order of the groups.
const SYNC_GROUPS: [&str; 5] = [
    "GROUPADMINS",
    "GROUPOPERATORS",
    "GROUPACCOUNTJOINERS",
    "GROUPBROWSE",
    "GROUPPASSWORDSET",
];

/// Builds the packages.
pub fn build(layout: &Layout) -> anyhow::Result<()> {
    for data in ["web.config", "applicationHost.config"] {
        files::copy(&repo::rig_data(data), &agent::folder().join(data))?;
    }
    for (source, pages, package) in [
        ("stand-in-sync.wxs", Some(SYNC_PAGES), layout.sync_package()),
        (
            "stand-in-service-and-portal.wxs",
            Some(SERVICE_PAGES),
            layout.service_package(),
        ),
        ("stand-in-web-server.wxs", None, layout.web_package()),
    ] {
        let mut wixl = Command::new("wixl");
        wixl.current_dir(agent::folder())
            .args(["--arch", "x64", "--output"])
            .arg(&package)
            .arg(repo::rig_data(source));
        let log = layout.log("wixl");
        command::run(&mut wixl, &log)?;
        if let Some(pages) = pages {
            pages::add(&package, &repo::rig_data(pages), &log)?;
        }
    }
    Ok(())
}

/// Installs what belongs on a host. What is to run afterwards: see [`services`].
pub fn install(layout: &Layout, host: &WindowsHost, wine: &Wine) -> anyhow::Result<()> {
    let setup = Setup { layout, wine };
    match host.role {
        Role::Sync => setup.sync(None),
        Role::Standby => setup.standby(host),
        Role::Service => setup.service_and_portals(),
        Role::Pam => setup.pam(),
    }
}

/// The services that run on a host.
pub fn services(role: Role) -> &'static [&'static str] {
    match role {
        Role::Sync => &[SYNC],
        Role::Standby => &[],
        Role::Service => &["FIMService"],
        Role::Pam => &[
            "PamMonitoringService",
            "PrivilegeManagementComponentService",
        ],
    }
}

struct Setup<'a> {
    layout: &'a Layout,
    wine: &'a Wine,
}

impl Setup<'_> {
    /// The first server makes the key set; another one is given the file of an export.
    fn sync(&self, key_set: Option<PathBuf>) -> anyhow::Result<()> {
        let password = self.keep(estate::SYNC_ACCOUNT)?;
        let groups = estate::SYNC_GROUPS.map(account);
        let mut properties = vec![
            ("SERVICEDOMAIN", estate::NETBIOS),
            ("SERVICEACCOUNT", estate::SYNC_ACCOUNT),
            ("SERVICEPASSWORD", &password),
        ];
        properties.extend(
            SYNC_GROUPS
                .into_iter()
                .zip(groups.iter().map(String::as_str)),
        );
        self.msiexec(&self.layout.sync_package(), &properties)?;
        let mut setup = self
            .wine
            .program(agent::folder().join("stand-in-setup.exe"));
        setup.arg(account(estate::SYNC_ACCOUNT));
        setup.args(key_set.map(|file| windows_path(&file)));
        self.wine.run_with_input(&mut setup, &password)
    }

    fn standby(&self, host: &WindowsHost) -> anyhow::Result<()> {
        let active = estate::HOSTS.iter().find(|host| host.role == Role::Sync);
        let active = super::windows_host::wine(self.layout, active.context("no active server")?);
        let folder = self.layout.path("hosts").join(host.file_name());
        let file = folder.join("active.keys");
        let tool = r"C:\Program Files\Microsoft Forefront Identity Manager\2010\Synchronization Service\Bin\miiskmu.exe";
        let mut export = active.program(tool);
        export.args(["/e", &windows_path(&file)]);
        export.args([&format!("/u:{}", account(estate::SYNC_ACCOUNT)), "*", "/q"]);
        let password = self.password(estate::SYNC_ACCOUNT)?;
        active.run_with_input(&mut export, &format!("{password}\n"))?;
        self.sync(Some(file.clone()))?;
        files::remove(&file)
    }

    fn service_and_portals(&self) -> anyhow::Result<()> {
        self.msiexec(&self.layout.web_package(), &[])?;
        let password = self.keep("svc-mimservice")?;
        self.msiexec(
            &self.layout.service_package(),
            &[
                ("ADDLOCAL", "CommonServices,RegistrationPortal,ResetPortal"),
                ("SERVICE_ACCOUNT_DOMAIN", estate::NETBIOS),
                ("SERVICE_ACCOUNT_NAME", "svc-mimservice"),
                ("SERVICE_ACCOUNT_PASSWORD", &password),
                ("REGISTRATION_ACCOUNT", &account("svc-ssprreg")),
                (
                    "REGISTRATION_ACCOUNT_PASSWORD",
                    &self.password("svc-ssprreg")?,
                ),
                ("RESET_ACCOUNT", &account("svc-sspreset")),
                ("RESET_ACCOUNT_PASSWORD", &self.password("svc-sspreset")?),
                ("MAIL_SERVER", "mail.contoso.com"),
                ("SERVICEADDRESS", "mimservice.contoso.com"),
                ("SYNCHRONIZATION_SERVER", "mimsync01.contoso.com"),
            ],
        )
    }

    fn pam(&self) -> anyhow::Result<()> {
        self.msiexec(&self.layout.web_package(), &[])?;
        let mut properties = vec![("ADDLOCAL".to_owned(), "PAMServices".to_owned())];
        for (prefix, name, serves) in [
            ("PAM_REST_API_APPPOOL", "svc-pamrest", false),
            ("PAM_COMPONENT_SERVICE", "svc-pamcomp", true),
            ("PAM_MONITORING_SERVICE", "svc-pammon", true),
        ] {
            let password = match serves {
                true => self.keep(name)?,
                false => self.password(name)?,
            };
            let values = [
                ("DOMAIN", estate::NETBIOS),
                ("NAME", name),
                ("PASSWORD", &password),
            ];
            properties.extend(
                values.map(|(part, value)| (format!("{prefix}_ACCOUNT_{part}"), value.to_owned())),
            );
        }
        let properties: Vec<_> = properties
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.msiexec(&self.layout.service_package(), &properties)
    }

    fn msiexec(
        &self,
        package: &std::path::Path,
        properties: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let mut msiexec = self.wine.program("msiexec");
        msiexec.args(["/i", &windows_path(package), "/qn"]);
        msiexec.args(
            properties
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        self.wine.run(&mut msiexec)
    }

    /// Gives the host the password of an account that services run as, as Windows keeps it; and returns it.
    fn keep(&self, name: &str) -> anyhow::Result<String> {
        let password = self.password(name)?;
        let lsa = agent::folder().join("stand-in-lsa.exe");
        files::copy(&agent::folder().join("stand-in-windows.exe"), &lsa)?;
        let mut keep = self.wine.program(lsa);
        self.wine
            .run_with_input(keep.arg(account(name)), &password)?;
        Ok(password)
    }

    fn password(&self, name: &str) -> anyhow::Result<String> {
        let file = self.layout.password(name);
        std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }
}

fn account(name: &str) -> String {
    format!(r"{}\{name}", estate::NETBIOS)
}
