//! The rig's own certificate authority, and the domain controller's certificate from it.

use std::path::Path;
use std::process::Command;

use super::layout::Layout;
use crate::system::{command, files};

/// Makes the authority (`ca.pem`) and a certificate for `dns_name` (`tls/dc.pem`, `tls/dc.key`).
pub fn make(layout: &Layout, dns_name: &str) -> anyhow::Result<()> {
    let extensions = layout.path("tls/extensions.cnf");
    files::write(
        &extensions,
        &format!(
            "[req]\ndistinguished_name = name\n[name]\n\
             [ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n\
             subjectKeyIdentifier = hash\n\
             [leaf]\nbasicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n\
             extendedKeyUsage = serverAuth\nsubjectAltName = DNS:{dns_name}\n\
             subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n"
        ),
    )?;
    let (ca, ca_key) = (layout.path("ca.pem"), layout.path("tls/ca.key"));
    let (leaf, leaf_key) = (layout.path("tls/dc.pem"), layout.path("tls/dc.key"));
    let log = layout.log("openssl");

    let mut authority = self_signed(&extensions, &ca_key, &ca);
    command::run(
        authority.args(["-subj", "/CN=gmsactl rig CA", "-extensions", "ca"]),
        &log,
    )?;
    let mut certificate = self_signed(&extensions, &leaf_key, &leaf);
    certificate
        .arg("-subj")
        .arg(format!("/CN={dns_name}"))
        .args(["-extensions", "leaf"]);
    command::run(
        certificate.arg("-CA").arg(&ca).arg("-CAkey").arg(&ca_key),
        &log,
    )
}

/// A key and its certificate, valid for a year; OpenSSL writes keys with mode 0600.
fn self_signed(config: &Path, key: &Path, certificate: &Path) -> Command {
    let mut command = Command::new("openssl");
    command
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-noenc",
            "-days",
            "365",
        ])
        .arg("-config")
        .arg(config)
        .arg("-keyout")
        .arg(key)
        .arg("-out")
        .arg(certificate);
    command
}
