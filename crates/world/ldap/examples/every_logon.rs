//! Tries every way to log on against a real domain controller, and every way to be refused.
//!
//! Takes the rig's variables from the environment:
//! `set -a; . target/rig/env; cargo run -p ldap --example every_logon`

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use ldap::{
    Auth, Client, ConnectOptions, EncryptionType, Error, Filter, KerberosKey, LogonSecret,
    Mechanism, Password, Scope, Search, TlsRoots, Transport, kerberos_logon,
};

struct Rig {
    server: String,
    ip: IpAddr,
    realm: String,
    domain: String,
    admin: String,
    password: Vec<u8>,
    roots: TlsRoots,
    machine_key: Vec<u8>,
}

type Anything = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Anything> {
    let rig = Rig::from_environment()?;
    rig.logons_that_work().await;
    rig.logons_that_fail().await;
    rig.proofs().await;
    Ok(())
}

impl Rig {
    fn from_environment() -> Result<Self, Anything> {
        let password = std::fs::read(std::env::var("RIG_PASSWORD_FILE")?)?;
        Ok(Self {
            server: std::env::var("RIG_DC")?,
            ip: std::env::var("RIG_DC_IP")?.parse()?,
            realm: std::env::var("RIG_REALM")?,
            domain: std::env::var("RIG_NETBIOS")?,
            admin: std::env::var("RIG_ADMIN")?,
            password: password.trim_ascii().to_vec(),
            roots: TlsRoots::Pem(std::fs::read(std::env::var("RIG_CA_FILE")?)?),
            machine_key: aes256_key(&std::fs::read(std::env::var("RIG_MACHINE_KEYTAB")?)?)
                .ok_or("no AES256 key")?,
        })
    }

    async fn logons_that_work(&self) {
        for mechanism in [Mechanism::GssSpnego, Mechanism::Gssapi] {
            self.try_to(
                &format!("Kerberos {mechanism:?}"),
                Transport::Sealed,
                self.kerberos(mechanism),
            )
            .await;
            let machine = self.machine(mechanism);
            self.try_to(
                &format!("machine key {mechanism:?}"),
                Transport::Sealed,
                machine,
            )
            .await;
        }
        self.try_to(
            "DOMAIN\\user",
            Transport::Sealed,
            Auth::Kerberos {
                mechanism: Mechanism::GssSpnego,
                user: format!("{}\\{}", self.domain, self.admin),
                secret: LogonSecret::Password(self.password()),
            },
        )
        .await;
        for transport in [Transport::Sealed, Transport::Ldaps, Transport::StartTls] {
            self.try_to("NTLM", transport, self.ntlm(self.password()))
                .await;
            self.try_to("simple", transport, self.simple(self.password()))
                .await;
            self.try_to("anonymous", transport, Auth::Anonymous).await;
        }
    }

    async fn logons_that_fail(&self) {
        self.try_to(
            "Kerberos over TLS",
            Transport::Ldaps,
            self.kerberos(Mechanism::GssSpnego),
        )
        .await;
        for mechanism in [Mechanism::GssSpnego, Mechanism::Gssapi] {
            for (what, user) in [
                ("unknown user", format!("nobody@{}", self.realm)),
                ("wrong realm", format!("{}@ELSEWHERE.TEST", self.admin)),
                ("no realm", self.admin.clone()),
                ("wrong password", format!("{}@{}", self.admin, self.realm)),
            ] {
                let secret = LogonSecret::Password(wrong());
                self.try_to(
                    what,
                    Transport::Sealed,
                    Auth::Kerberos {
                        mechanism,
                        user,
                        secret,
                    },
                )
                .await;
            }
        }
        self.try_to(
            "NTLM, wrong password",
            Transport::Sealed,
            self.ntlm(wrong()),
        )
        .await;
        self.try_to("NTLM, wrong password", Transport::Ldaps, self.ntlm(wrong()))
            .await;
        self.try_to(
            "simple, wrong password",
            Transport::Ldaps,
            self.simple(wrong()),
        )
        .await;
        let mut options = self.options(Transport::Sealed, self.kerberos(Mechanism::GssSpnego));
        options.service_principal = Some("ldap/nowhere.contoso.com".into());
        report(
            "unknown service principal",
            Client::connect(&options).await.err(),
        );
        options.kdc = Some(SocketAddr::new(self.ip, 9));
        report(
            "no key distribution centre",
            Client::connect(&options).await.err(),
        );
        let mut options = self.options(Transport::Ldaps, self.simple(self.password()));
        options.server = "dc2.contoso.com".into();
        report(
            "another host's certificate",
            Client::connect(&options).await.err(),
        );
        options.server.clone_from(&self.server);
        options.roots = TlsRoots::Platform;
        report("platform roots", Client::connect(&options).await.err());
    }

    async fn proofs(&self) {
        let kdc = SocketAddr::new(self.ip, 88);
        let key = |bytes: &[u8]| {
            KerberosKey::new(EncryptionType::Aes256, bytes.to_vec()).map(LogonSecret::Key)
        };
        for (name, secret) in [
            (
                self.admin.as_str(),
                Some(LogonSecret::Password(self.password())),
            ),
            (self.admin.as_str(), Some(LogonSecret::Password(wrong()))),
            ("MIMSYNC01$", key(&self.machine_key)),
            ("MIMSYNC01$", key(&[7; 32])),
            ("nobody", Some(LogonSecret::Password(wrong()))),
        ] {
            let Some(secret) = secret else { continue };
            let start = Instant::now();
            match kerberos_logon(&self.realm, name, &secret, kdc, Duration::from_secs(5)).await {
                Ok(proof) => println!("{proof:?} in {:?}", start.elapsed()),
                Err(error) => report(name, Some(error.into())),
            }
        }
    }

    async fn try_to(&self, what: &str, transport: Transport, auth: Auth) {
        let what = format!("{what}, {transport:?}");
        let start = Instant::now();
        let client = match Client::connect(&self.options(transport, auth)).await {
            Ok(client) => client,
            Err(error) => return report(&what, Some(error)),
        };
        let connected = start.elapsed();
        let everything = Search::new(self.base(), Scope::Subtree, Filter::present("objectClass"));
        let start = Instant::now();
        match client
            .search_paged(&everything.attributes(["*", "nTSecurityDescriptor"]), 500)
            .await
        {
            Ok(all) => println!(
                "{what}: logged on in {connected:?}, {} entries in {:?}",
                all.entries.len(),
                start.elapsed()
            ),
            Err(error) => report(&what, Some(error)),
        }
        client.unbind().await;
    }

    fn options(&self, transport: Transport, auth: Auth) -> ConnectOptions {
        let port = if transport == Transport::Ldaps {
            636
        } else {
            389
        };
        let mut options = ConnectOptions::new(
            &self.server,
            SocketAddr::new(self.ip, port),
            transport,
            auth,
        );
        options.roots = self.roots.clone();
        options
    }

    fn base(&self) -> String {
        self.realm
            .split('.')
            .map(|label| format!("DC={label}"))
            .collect::<Vec<_>>()
            .join(",")
    }

    fn password(&self) -> Password {
        Password::new(self.password.clone())
    }

    fn kerberos(&self, mechanism: Mechanism) -> Auth {
        let secret = LogonSecret::Password(self.password());
        Auth::Kerberos {
            mechanism,
            user: format!("{}@{}", self.admin, self.realm),
            secret,
        }
    }

    fn machine(&self, mechanism: Mechanism) -> Auth {
        let key = KerberosKey::new(EncryptionType::Aes256, self.machine_key.clone());
        let secret = key.map_or_else(|| LogonSecret::Password(wrong()), LogonSecret::Key);
        Auth::Kerberos {
            mechanism,
            user: format!("{}\\MIMSYNC01$", self.realm),
            secret,
        }
    }

    fn ntlm(&self, password: Password) -> Auth {
        Auth::Ntlm {
            user: format!("{}\\{}", self.domain, self.admin),
            password,
        }
    }

    fn simple(&self, password: Password) -> Auth {
        Auth::Simple {
            name: format!("{}\\{}", self.domain, self.admin),
            password,
        }
    }
}

fn wrong() -> Password {
    Password::new(b"certainly wrong".to_vec())
}

fn report(what: &str, error: Option<Error>) {
    match error {
        Some(error) => println!("{what}: {error}"),
        None => println!("{what}: worked"),
    }
}

/// The last 32 bytes behind an AES256 key block's header (type 18, length 32): enough for the rig's keytab.
fn aes256_key(keytab: &[u8]) -> Option<Vec<u8>> {
    let header = keytab
        .windows(4)
        .rposition(|window| window == [0, 18, 0, 32])?;
    keytab.get(header + 4..header + 36).map(<[u8]>::to_vec)
}
