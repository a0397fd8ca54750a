//! Starts the reference estate's directory and says how to reach it, for trying with any LDAP or Kerberos client.
//!
//! `cargo run -p lab --example lab_directory -- FOLDER` puts `ca.pem` and `krb5.conf` into FOLDER. Then, for instance:
//! `KRB5_CONFIG=FOLDER/krb5.conf kinit Administrator` and `ldapsearch -N -Y GSSAPI -H ldap://localhost:PORT …`.

use std::path::PathBuf;

use lab::{Lab, LabSeed};

const PASSWORD: &str = "Lab-Admin-Pa55";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder: PathBuf = std::env::args()
        .nth(1)
        .unwrap_or_else(|| ".".to_owned())
        .into();
    let seed = LabSeed::reference_estate(PASSWORD.as_bytes(), b"Lab-Service-Pa55");
    let lab = Lab::start(seed).await?;
    let addresses = lab.addresses();
    std::fs::write(folder.join("ca.pem"), lab.authority_pem())?;
    let krb5 = format!(
        "[libdefaults]\n default_realm = CONTOSO.COM\n dns_lookup_kdc = false\n \
         dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n\
         [realms]\n CONTOSO.COM = {{\n  kdc = {}\n }}\n[domain_realm]\n localhost = CONTOSO.COM\n",
        addresses.kdc
    );
    std::fs::write(folder.join("krb5.conf"), krb5)?;
    let (ldap, ldaps) = (addresses.ldap.port(), addresses.ldaps.port());
    println!(
        "ldap://localhost:{ldap} ldaps://localhost:{ldaps} Administrator@CONTOSO.COM {PASSWORD}"
    );
    tokio::signal::ctrl_c().await?;
    Ok(())
}
