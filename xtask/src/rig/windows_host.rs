//! A Windows host of the rig: a Wine prefix with its stand-in products installed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::description::{keytab, prefix};
use super::estate::{self, WindowsHost};
use super::layout::Layout;
use super::products;
use super::server::Server;
use super::wine::{Wine, windows_path};
use crate::agent;
use crate::system::{files, progress::step};

const AGENT: &str = "gmsactl-agent.exe";

/// Brings a host up; one that is up already gets the newest agent only.
pub fn up(layout: &Layout, host: &WindowsHost) -> anyhow::Result<()> {
    let wine = wine(layout, host);
    let installed = layout.done(&host.file_name());
    if !installed.exists() {
        down(layout, host)?;
        wine.copy_of(&template(layout)?)?;
    }
    if !keeper(layout, host).is_running() {
        step(&format!("{}: start", host.name), || {
            start(layout, host, &wine)
        })?;
    }
    files::copy(&agent::folder().join(AGENT), &wine.file(AGENT))?;
    if !installed.exists() {
        step(&format!("{}: install", host.name), || {
            products::install(layout, host, &wine)
        })?;
        files::write(&installed, "")?;
    }
    step(&format!("{}: services", host.name), || {
        start_services(layout, host, &wine)
    })
}

/// A prefix that no host is, for hosts to be copied from: Wine takes seconds to make one.
fn template(layout: &Layout) -> anyhow::Result<Wine> {
    let template = Wine::new(layout.path("wine/template"), layout.log("wine-template"));
    let made = layout.done("wine-template");
    if !made.exists() {
        step("make a Windows", || template.make())?;
        files::write(&made, "")?;
    }
    Ok(template)
}

fn start_services(layout: &Layout, host: &WindowsHost, wine: &Wine) -> anyhow::Result<()> {
    for service in products::services(host.role) {
        let started = || wine.service_started(service);
        keeper(layout, host).wait_until(Duration::from_secs(60), started)?;
    }
    Ok(())
}

/// Puts gmsactl itself on every host.
pub fn install_gmsactl(layout: &Layout) -> anyhow::Result<()> {
    agent::gmsactl()?;
    for host in estate::HOSTS {
        let program = wine(layout, host).file(agent::GMSACTL);
        files::copy(&agent::folder().join(agent::GMSACTL), &program)?;
    }
    Ok(())
}

/// Shuts a host down.
pub fn down(layout: &Layout, host: &WindowsHost) -> anyhow::Result<()> {
    wine(layout, host).shut_down()?;
    keeper(layout, host)
        .stop(Duration::from_secs(10))
        .map(|_| ())
}

/// The process that keeps the host's services alive.
pub fn keeper(layout: &Layout, host: &WindowsHost) -> Server {
    Server::new(layout, &format!("wine-{}", host.file_name()))
}

/// Writes the script that starts the host's agent.
pub fn write_agent_script(layout: &Layout, host: &WindowsHost) -> anyhow::Result<PathBuf> {
    let script = layout.path("hosts").join(host.file_name()).join("agent");
    write_script(layout, host, &script, &format!(r"'C:\{AGENT}'"))?;
    Ok(script)
}

/// Writes scripts with the names of the programs that gmsactl starts on a Windows host by itself; returns their folder.
pub fn write_commands(layout: &Layout, host: &WindowsHost) -> anyhow::Result<PathBuf> {
    let folder = layout.path("hosts").join(host.file_name()).join("commands");
    files::create_folder(&folder)?;
    let powershell = windows_path(&agent::folder().join("stand-in-powershell.exe"));
    for (name, program) in [
        ("powershell.exe", format!("'{powershell}' \"$@\"")),
        ("cmd.exe", "cmd.exe \"$@\"".to_owned()),
    ] {
        write_script(layout, host, &folder.join(name), &program)?;
    }
    Ok(folder)
}

/// Writes a script that starts a program of the host: stdin and stdout are the caller's, stderr is a log.
///
/// Wine 8 now and then ends a program before it begins, with exit code 1 and not a word. None of ours ever ends so
/// without saying why: then it was Wine, nothing was read from stdin, and the script starts it again.
fn write_script(
    layout: &Layout,
    host: &WindowsHost,
    script: &Path,
    program: &str,
) -> anyhow::Result<()> {
    let environment: String = wine(layout, host)
        .environment()
        .iter()
        .map(|(name, value)| format!("export {name}='{value}'\n"))
        .collect();
    let log = layout.log(&format!("agent-{}", host.file_name()));
    let text = format!(
        "#!/bin/sh\n{environment}log='{}'\nexec 2>>\"$log\"\n\
         for attempt in 1 2 3; do\n\
         \x20   before=$(wc -c <\"$log\")\n\
         \x20   wine {program}\n\
         \x20   code=$?\n\
         \x20   [ $code = 1 ] && [ \"$before\" = \"$(wc -c <\"$log\")\" ] || exit $code\n\
         \x20   echo \"attempt $attempt: Wine ended before the program began\" >&2\n\
         done\n\
         exit 1\n",
        log.display()
    );
    files::write_program(script, &text)
}

/// Starts the host: Wine makes what is missing, starts the services, and then the keeper.
fn start(layout: &Layout, host: &WindowsHost, wine: &Wine) -> anyhow::Result<()> {
    let (keeper, ready) = (
        keeper(layout, host),
        layout.path("hosts").join(host.file_name()).join("ready"),
    );
    files::remove(&ready)?;
    keeper.start(
        wine.program(agent::folder().join("stand-in-keeper.exe"))
            .arg(windows_path(&ready)),
    )?;
    keeper.wait_until(Duration::from_secs(120), || ready.exists())?;
    join_domain(layout, host, wine)
}

/// Makes the computer a member of the domain. At every start Wine takes the name of the machine it runs on.
fn join_domain(layout: &Layout, host: &WindowsHost, wine: &Wine) -> anyhow::Result<()> {
    let control = r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Control\ComputerName";
    let network = r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\Tcpip\Parameters";
    let (name, host_name, domain) = (host.name, host.file_name(), estate::DOMAIN);
    let membership = r"HKEY_LOCAL_MACHINE\Software\Stand-in Windows";
    let (dc, address) = (estate::DC, estate::DC_ADDRESS);
    let keytab = windows_path(&layout.path(keytab(host))).replace('\\', r"\\");
    let file = layout.path("hosts").join(&host_name).join("name.reg");
    files::write(
        &file,
        &format!(
            "Windows Registry Editor Version 5.00\n\n\
             [{control}\\ComputerName]\n\"ComputerName\"=\"{name}\"\n\n\
             [{control}\\ActiveComputerName]\n\"ComputerName\"=\"{name}\"\n\n\
             [{network}]\n\"Hostname\"=\"{host_name}\"\n\"Domain\"=\"{domain}\"\n\n\
             [{membership}]\n\"Domain\"=\"{domain}\"\n\"Controller\"=\"{dc}\"\n\
             \"Address\"=\"{address}\"\n\"Keytab\"=\"{keytab}\"\n"
        ),
    )?;
    wine.run(wine.program("reg").args(["import", &windows_path(&file)]))
}

/// The host's prefix.
pub fn wine(layout: &Layout, host: &WindowsHost) -> Wine {
    Wine::new(
        prefix(layout, host),
        layout.log(&format!("wine-{}-tools", host.file_name())),
    )
}
