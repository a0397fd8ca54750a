//! One sshd for each Windows host, on loopback: a subsystem starts the host's agent, commands are the host's programs.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::description::SUBSYSTEM;
use super::domain_controller::answers;
use super::estate::{self, WindowsHost};
use super::layout::Layout;
use super::server::Server;
use super::windows_host;
use crate::system::{command, files};

/// Makes the key that the tests log on with, and the file with every host's key.
pub fn prepare(layout: &Layout) -> anyhow::Result<()> {
    ensure_key(layout, &layout.path("ssh/id_ed25519"))?;
    let mut known_hosts = String::new();
    for host in estate::HOSTS {
        let key = layout
            .path("hosts")
            .join(host.file_name())
            .join("ssh_host_ed25519_key");
        files::create_folder(key.parent().unwrap_or(&key))?;
        ensure_key(layout, &key)?;
        let public =
            std::fs::read_to_string(key.with_extension("pub")).context("cannot read a host key")?;
        for name in [host.dns_name, "127.0.0.1"] {
            known_hosts.push_str(&format!("[{name}]:{} {public}", host.port));
        }
    }
    files::write(&layout.path("ssh/known_hosts"), &known_hosts)
}

/// Starts a host's sshd, unless it runs.
pub fn up(layout: &Layout, host: &WindowsHost) -> anyhow::Result<()> {
    let server = server(layout, host);
    if server.is_running() {
        return Ok(());
    }
    let config = layout
        .path("hosts")
        .join(host.file_name())
        .join("sshd_config");
    files::write(&config, &configuration(layout, host)?)?;
    files::create_folder(Path::new("/run/sshd"))?; // Where sshd drops its privileges to.
    let mut sshd = Command::new("/usr/sbin/sshd"); // It wants an absolute path.
    server.start(sshd.args(["-D", "-e", "-f"]).arg(&config))?;
    server.wait_until(Duration::from_secs(10), || answers(host.port))
}

/// The sshd of a host.
pub fn server(layout: &Layout, host: &WindowsHost) -> Server {
    Server::new(layout, &format!("sshd-{}", host.file_name()))
}

fn configuration(layout: &Layout, host: &WindowsHost) -> anyhow::Result<String> {
    let agent = windows_host::write_agent_script(layout, host)?;
    let commands = windows_host::write_commands(layout, host)?;
    let use_pam = if root_is_locked() { "yes" } else { "no" };
    Ok(format!(
        "ListenAddress 127.0.0.1\nPort {port}\nPidFile none\nLogLevel VERBOSE\n\
         HostKey {folder}/ssh_host_ed25519_key\nAuthorizedKeysFile {key}.pub\n\
         StrictModes no\nUsePAM {use_pam}\nPermitRootLogin prohibit-password\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 100\n\
         Subsystem {SUBSYSTEM} {agent}\nSubsystem sftp internal-sftp\n\
         SetEnv PATH={commands}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
        port = host.port,
        folder = layout.path("hosts").join(host.file_name()).display(),
        key = layout.path("ssh/id_ed25519").display(),
        agent = agent.display(),
        commands = commands.display(),
    ))
}

fn ensure_key(layout: &Layout, file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        return Ok(());
    }
    let mut keygen = Command::new("ssh-keygen");
    keygen
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "gmsactl rig", "-f"])
        .arg(file);
    command::run(&mut keygen, &layout.log("ssh-keygen"))
}

/// sshd without PAM lets no one in whose password is locked, whatever key they have.
fn root_is_locked() -> bool {
    let shadow = std::fs::read_to_string("/etc/shadow").unwrap_or_default();
    shadow.lines().any(|line| line.starts_with("root:!"))
}
