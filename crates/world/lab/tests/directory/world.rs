//! A running reference estate, and clients of it.

use lab::{Lab, LabSeed};
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
