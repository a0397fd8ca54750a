//! A corner of a directory for one test, removed with all that is in it when the test is over.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use directory::ActiveDirectory;
use ldap::{Attribute, Client, Control, Modification};
use model::names::{Dn, GmsaName, SamAccountName, Spn};
use model::ports::{CreatedObject, Directory, NewGmsa, NewGroup};
use security::Sid;

use super::site::{Site, on_both};

/// The password of every user that [`Scratch::user`] makes.
pub const USER_PASSWORD: &str = "Throw-away 7!";

/// An organizational unit with every character in its name that could break a distinguished name.
pub struct Scratch {
    /// The directory that it is in.
    pub site: Arc<Site>,
    /// The port under test, as the administrator.
    pub directory: ActiveDirectory,
    /// The organizational unit.
    pub container: Dn,
    /// The same directory without the port in between.
    pub raw: Client,
    id: String,
}

/// Runs a test on both directories, with a corner of its own in each, and cleans up also when it fails.
pub async fn in_scratch<F: Future<Output = ()> + Send + 'static>(
    test: impl Fn(Arc<Scratch>) -> F + Clone + Send + 'static,
) {
    on_both(move |site| {
        let test = test.clone();
        async move {
            let scratch = Arc::new(Scratch::new(site).await);
            let outcome = tokio::spawn(test(Arc::clone(&scratch))).await;
            let container = ldap::Dn::from(scratch.container.as_str());
            let tree = [Control::tree_delete()];
            scratch.raw.delete(&container, &tree).await.unwrap();
            if let Err(failed) = outcome {
                std::panic::resume_unwind(failed.into_panic());
            }
        }
    })
    .await;
}

impl Scratch {
    async fn new(site: Arc<Site>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = format!(
            "{:05x}{:02x}",
            (nanos ^ std::process::id() << 8) & 0xfffff,
            count & 0xff
        );

        let admin = site.administrator();
        let auth = ldap::Auth::Kerberos {
            mechanism: ldap::Mechanism::Gssapi,
            user: format!("{}@CONTOSO.COM", admin.user),
            secret: ldap::LogonSecret::Password(ldap::Password::new(site.administrator_password())),
        };
        let server = admin.server.as_str();
        let mut raw =
            ldap::ConnectOptions::new(server, admin.address, ldap::Transport::Sealed, auth);
        raw.kdc = admin.kdc;
        let raw = Client::connect(&raw).await.unwrap();
        let domain = ldap::Dn::from("DC=contoso,DC=com");
        let container = domain.child("OU", &format!("# ü , + \" \\ < > ; = {id} "));
        raw.add(
            &container,
            &[Attribute::new("objectClass", ["organizationalUnit"])],
            &[],
        )
        .await
        .unwrap();
        let container = as_spelled_by_server(&raw, &container).await;
        Self {
            site,
            directory: ActiveDirectory::connect(admin).await.unwrap(),
            container,
            raw,
            id,
        }
    }

    /// A name that nothing else has; at most 14 characters for short prefixes.
    pub fn name(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.id)
    }

    pub fn spn(&self, class: &str) -> Spn {
        format!("{class}/{}.contoso.com", self.name("h"))
            .parse()
            .unwrap()
    }

    pub fn new_group(&self, prefix: &str) -> NewGroup {
        NewGroup {
            name: self.name(prefix).parse().unwrap(),
            container: Some(self.container.clone()),
            description: "made by a test".to_owned(),
        }
    }

    pub fn new_gmsa(&self, prefix: &str, principals: &[Sid]) -> NewGmsa {
        let name: GmsaName = self.name(prefix).parse().unwrap();
        NewGmsa {
            dns_host_name: format!("{name}.contoso.com").parse().unwrap(),
            name,
            interval_days: 7,
            retrieval_principals: principals.to_vec(),
            container: Some(self.container.clone()),
            description: String::new(),
        }
    }

    pub async fn group(&self, prefix: &str) -> CreatedObject {
        self.directory
            .create_group(&self.new_group(prefix))
            .await
            .unwrap()
    }

    /// A user with [`USER_PASSWORD`] and these further attributes.
    pub async fn user(&self, prefix: &str, more: &[Attribute]) -> (SamAccountName, Dn) {
        let name = self.name(prefix);
        let dn = ldap::Dn::from(self.container.as_str()).child("CN", &format!("{name}, a user"));
        let quoted: Vec<u8> = format!("\"{USER_PASSWORD}\"")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let mut attributes = vec![
            Attribute::new("objectClass", ["user"]),
            Attribute::new("sAMAccountName", [name.as_str()]),
            Attribute::new("unicodePwd", [quoted]),
            Attribute::new("userAccountControl", ["512"]),
        ];
        attributes.extend(more.iter().cloned());
        self.raw.add(&dn, &attributes, &[]).await.unwrap();
        (
            name.parse().unwrap(),
            as_spelled_by_server(&self.raw, &dn).await,
        )
    }

    /// Changes an object past the port.
    pub async fn modify(&self, dn: &Dn, modification: Modification) {
        self.raw
            .modify(&ldap::Dn::from(dn.as_str()), &[modification], &[])
            .await
            .unwrap();
    }
}

/// Servers choose among several ways to escape a character.
async fn as_spelled_by_server(raw: &Client, dn: &ldap::Dn) -> Dn {
    let entry = raw.read(dn, ["objectClass"]).await.unwrap().unwrap();
    entry.dn.as_str().parse().unwrap()
}
