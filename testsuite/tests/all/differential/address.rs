//! Where the two directories are, and the corner of each that the test works in.

use std::net::{IpAddr, SocketAddr};

use ldap::{
    Attribute, Auth, Client, ConnectOptions, Control, Dn, Error, Password, TlsRoots, Transport,
};

use crate::rig::Rig;

/// Everything that the test makes is below it.
pub const CORNER: &str = "OU=differential,DC=contoso,DC=com";
pub const READER: &str = "differential-reader";
pub const READERS: &str = "differential-readers";
pub const STRANGER: &str = "differential-stranger";
pub const PASSWORD: &str = "Different-1al!";

/// Where a directory is, and its administrator's password.
pub struct Address {
    pub name: &'static str,
    pub server: String,
    pub ldaps: SocketAddr,
    pub authority_pem: Vec<u8>,
    pub administrator_password: Vec<u8>,
}

impl Address {
    /// The domain controller of the rig.
    pub fn rig() -> Self {
        let rig = Rig::get();
        let ip: IpAddr = rig.value("RIG_DC_IP").parse().unwrap();
        Self {
            name: "rig",
            server: rig.value("RIG_DC").to_owned(),
            ldaps: SocketAddr::new(ip, 636),
            authority_pem: rig.bytes("RIG_CA_FILE"),
            administrator_password: rig.password("RIG_PASSWORD_FILE"),
        }
    }

    pub async fn connect(&self, user: &str, password: &[u8]) -> Client {
        let auth = Auth::Simple {
            name: format!("CONTOSO\\{user}"),
            password: Password::new(password.to_vec()),
        };
        let mut options = ConnectOptions::new(&self.server, self.ldaps, Transport::Ldaps, auth);
        options.roots = TlsRoots::Pem(self.authority_pem.clone());
        let connected = Client::connect(&options).await;
        connected.unwrap_or_else(|error| panic!("{}: {user}: {error}", self.name))
    }

    pub async fn administrator(&self) -> Client {
        self.connect("Administrator", &self.administrator_password)
            .await
    }

    /// Makes the corner with its accounts; whatever an earlier run left goes.
    pub async fn prepare(&self) {
        self.clean().await;
        let client = self.administrator().await;
        let add = async |name: &str, attributes: Vec<Attribute>| {
            let added = client.add(&Dn::from(name), &attributes, &[]).await;
            added.unwrap_or_else(|error| panic!("{}: {name}: {error}", self.name));
        };
        let class = |class: &str| Attribute::new("objectClass", [class]);
        add(CORNER, vec![class("organizationalUnit")]).await;
        for user in [READER, STRANGER] {
            let attributes = vec![
                class("user"),
                Attribute::new("sAMAccountName", [user]),
                Attribute::new("unicodePwd", [quoted(PASSWORD)]),
                Attribute::new("userAccountControl", ["512"]),
            ];
            add(&format!("CN={user},{CORNER}"), attributes).await;
        }
        let attributes = vec![
            class("group"),
            Attribute::new("sAMAccountName", [READERS]),
            Attribute::new("member", [format!("CN={READER},{CORNER}")]),
        ];
        add(&format!("CN={READERS},{CORNER}"), attributes).await;
    }

    /// Removes everything that was made.
    pub async fn clean(&self) {
        let removed = remove(&self.administrator().await, CORNER).await;
        removed.unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }
}

/// Removes an object with everything below it; one that is not there is none the worse.
pub async fn remove(client: &Client, name: &str) -> Result<(), Error> {
    let tree = [Control::tree_delete()];
    match client.delete(&Dn::from(name), &tree).await {
        Err(error) if error.result_code() == Some(ldap::ResultCode::NO_SUCH_OBJECT) => Ok(()),
        other => other,
    }
}

/// A password as `unicodePwd` takes it.
pub fn quoted(password: &str) -> Vec<u8> {
    let quoted = format!("\"{password}\"");
    quoted.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
