//! A running reference estate, and clients of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};

use lab::{Lab, LabAddresses, LabSeed};
use ldap::{
    Auth, Client, ConnectOptions, Dn, Error, Filter, LogonSecret, Mechanism, Password, Scope,
    Search, TlsRoots, Transport,
};

pub const ADMINISTRATOR: &[u8] = b"Lab-Admin-Pa55";
pub const SERVICE: &[u8] = b"Lab-Service-Pa55";

pub async fn lab() -> Lab {
    Lab::start(LabSeed::reference_estate(ADMINISTRATOR, SERVICE))
        .await
        .unwrap()
}

/// A lab on an address of its own, with Kerberos on its usual port.
pub async fn lab_with_usual_ports() -> Lab {
    at_usual_ports(LabSeed::reference_estate(ADMINISTRATOR, SERVICE)).await
}

pub async fn at_usual_ports(seed: LabSeed) -> Lab {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let process = u8::try_from(std::process::id() % 250).unwrap();
    let host = Ipv4Addr::new(127, 99, process, NEXT.fetch_add(1, Ordering::SeqCst));
    let at = |port| SocketAddr::new(IpAddr::V4(host), port);
    let addresses = LabAddresses {
        ldap: at(389),
        ldaps: at(636),
        kdc: at(88),
    };
    Lab::start_at(seed, addresses).await.unwrap()
}

pub fn kerberos(lab: &Lab, user: &str, password: &[u8], mechanism: Mechanism) -> ConnectOptions {
    let secret = LogonSecret::Password(Password::new(password.to_vec()));
    let auth = Auth::Kerberos {
        mechanism,
        user: user.to_owned(),
        secret,
    };
    let mut options = ConnectOptions::new(
        lab.controller(),
        lab.addresses().ldap,
        Transport::Sealed,
        auth,
    );
    options.kdc = Some(lab.addresses().kdc);
    options
}

pub async fn administrator(lab: &Lab) -> Client {
    let options = kerberos(
        lab,
        "Administrator@CONTOSO.COM",
        ADMINISTRATOR,
        Mechanism::GssSpnego,
    );
    Client::connect(&options).await.unwrap()
}

pub fn simple(lab: &Lab, user: &str, password: &[u8], transport: Transport) -> ConnectOptions {
    let auth = Auth::Simple {
        name: user.to_owned(),
        password: Password::new(password.to_vec()),
    };
    let address = if transport == Transport::Ldaps {
        lab.addresses().ldaps
    } else {
        lab.addresses().ldap
    };
    let mut options = ConnectOptions::new(lab.controller(), address, transport, auth);
    options.roots = TlsRoots::Pem(lab.authority_pem().as_bytes().to_vec());
    options
}

pub const DOMAIN: &str = "DC=contoso,DC=com";

pub fn in_users(name: &str) -> Dn {
    Dn::from(format!("CN={name},CN=Users,{DOMAIN}"))
}

/// Result code and Windows error of a refusal.
pub fn codes(error: &Error) -> (u32, Option<u32>) {
    match error {
        Error::Refused(refusal) => (refusal.code.0, refusal.windows.map(|windows| windows.code)),
        other => panic!("{other}"),
    }
}

/// The common names of what a filter finds.
pub async fn search(client: &Client, filter: Filter) -> Vec<String> {
    let search = Search::new(DOMAIN, Scope::Subtree, filter).attributes(["cn"]);
    let mut names: Vec<String> = client
        .search_paged(&search, 500)
        .await
        .unwrap()
        .entries
        .iter()
        .map(|entry| entry.text("cn").unwrap().to_owned())
        .collect();
    names.sort();
    names
}
