//! The domain's directory: its domain controllers, and the port's verbs in their modules.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use model::estate::DirectoryTransport;
use model::inventory::{Account, DirectoryRights, Domain, Gap, Gmsa, Group, RootKeyFacts};
use model::names::{self, DnsName, HostName, LogonAccount, SamAccountName, Spn};
use model::ports::{
    AccountControl, CreatedObject, Delegation, Directory, LookedUp, NewGmsa, NewGroup,
    PasswordProof, Proof, WorldError,
};
use model::secret::Password;
use security::{Ace, FileTime, Guid, Sid};
use tokio::sync::OnceCell;

use crate::changes::Change;
use crate::connection::Connection;
use crate::naming::Naming;
use crate::options::DirectoryOptions;

/// A domain of Active Directory, as one operator sees it.
///
/// One connection for each domain controller, made when first needed and again after it broke.
pub struct ActiveDirectory {
    pub(crate) options: Arc<DirectoryOptions>,
    pub(crate) naming: Naming,
    /// The domain controller of [`DirectoryOptions::server`].
    pub(crate) server: Connection,
    /// Its global catalog.
    pub(crate) catalog: Connection,
    /// The domain's other writable domain controllers; the name alone of one whose address is not known.
    pub(crate) others: OnceCell<Vec<Result<Connection, DnsName>>>,
    pub(crate) gaps: Mutex<Vec<Gap>>,
}

/// Ports of the global catalog ([MS-ADTS] 3.1.1.3 "LDAP"), without TLS from the first byte and with it.
const GLOBAL_CATALOG: u16 = 3268;
const GLOBAL_CATALOG_TLS: u16 = 3269;

impl ActiveDirectory {
    /// Connects to the domain controller, logs on and reads the names of domain and forest.
    ///
    /// # Errors
    /// Whatever keeps one from the directory: see [`model::ports::ErrorKind`].
    pub async fn connect(options: DirectoryOptions) -> Result<Self, WorldError> {
        let options = Arc::new(options);
        let server = options.server.clone();
        let at = |address| Connection::new(server.clone(), address, Arc::clone(&options));
        let catalog_port = match options.transport {
            DirectoryTransport::Ldaps => GLOBAL_CATALOG_TLS,
            DirectoryTransport::Sealed | DirectoryTransport::Starttls => GLOBAL_CATALOG,
        };
        let catalog = at(SocketAddr::new(options.address.ip(), catalog_port));
        let server = at(options.address);
        let naming = Naming::read(&server, &options.domain).await?;
        tracing::info!(domain = %naming.dns_name, server = %options.server, user = options.operator(), "connected");
        Ok(Self {
            naming,
            server,
            catalog,
            others: OnceCell::new(),
            gaps: Mutex::default(),
            options,
        })
    }

    /// The same directory, which keeps what is changed from here on; a rehearsal changes nothing.
    ///
    /// Where a recorded change's answer is lost it is read back before an error is given. In a rehearsal a created
    /// object has the nil GUID and nobody's SID, and rights and uniqueness are not tried.
    #[must_use]
    pub fn recording(mut self, rehearsal: bool) -> Self {
        self.server.record(rehearsal);
        self
    }

    /// What was changed since [`ActiveDirectory::recording`], or would be.
    pub fn changes(&self) -> Vec<Change> {
        self.server.changes()
    }

    /// Whether nothing is really changed.
    pub fn rehearses(&self) -> bool {
        self.server.rehearses()
    }
}

#[async_trait]
impl Directory for ActiveDirectory {
    async fn domain(&self) -> Result<Domain, WorldError> {
        self.describe_domain().await
    }

    async fn root_keys(&self) -> Result<Vec<RootKeyFacts>, WorldError> {
        self.list_root_keys().await
    }

    async fn account(&self, name: &SamAccountName) -> Result<Option<Account>, WorldError> {
        self.find_account(name).await
    }

    async fn gmsa(&self, name: &SamAccountName) -> Result<Option<Gmsa>, WorldError> {
        self.find_gmsa(name).await
    }

    async fn group(&self, name: &SamAccountName) -> Result<Option<Group>, WorldError> {
        self.find_group(name).await
    }

    async fn look_up(&self, names: &[SamAccountName]) -> Result<LookedUp, WorldError> {
        self.find_all(names).await
    }

    async fn token_groups(&self, account: &names::Dn) -> Result<Vec<Sid>, WorldError> {
        Self::token_groups(self, account).await
    }

    fn gaps(&self) -> Vec<Gap> {
        self.gaps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn create_group(&self, group: &NewGroup) -> Result<CreatedObject, WorldError> {
        self.add_group(group).await
    }

    async fn add_member(&self, group: &names::Dn, member: &names::Dn) -> Result<(), WorldError> {
        self.put_member(group, member).await
    }

    async fn remove_member(&self, group: &names::Dn, member: &names::Dn) -> Result<(), WorldError> {
        self.take_member(group, member).await
    }

    async fn create_gmsa(&self, gmsa: &NewGmsa) -> Result<CreatedObject, WorldError> {
        self.add_gmsa(gmsa).await
    }

    async fn allow_retrieval(&self, gmsa: &names::Dn, principal: &Sid) -> Result<(), WorldError> {
        self.grant_retrieval(gmsa, principal).await
    }

    async fn revoke_retrieval(&self, gmsa: &names::Dn, principal: &Sid) -> Result<(), WorldError> {
        self.take_retrieval(gmsa, principal).await
    }

    async fn delete(&self, guid: &Guid) -> Result<(), WorldError> {
        self.delete_object(guid).await
    }

    async fn spn_holders(&self, spn: &Spn) -> Result<Vec<Account>, WorldError> {
        self.find_spn_holders(spn).await
    }

    async fn add_spn(&self, account: &names::Dn, spn: &Spn) -> Result<(), WorldError> {
        self.put_spn(account, spn).await
    }

    async fn remove_spn(&self, account: &names::Dn, spn: &Spn) -> Result<(), WorldError> {
        self.take_spn(account, spn).await
    }

    async fn delegation(&self, account: &names::Dn) -> Result<Delegation, WorldError> {
        self.read_delegation(account).await
    }

    async fn allow_delegation_to(
        &self,
        account: &names::Dn,
        service: &Spn,
    ) -> Result<(), WorldError> {
        self.put_service(account, service).await
    }

    async fn revoke_delegation_to(
        &self,
        account: &names::Dn,
        service: &Spn,
    ) -> Result<(), WorldError> {
        self.take_service(account, service).await
    }

    async fn allow_delegation_from(
        &self,
        account: &names::Dn,
        caller: &Sid,
    ) -> Result<(), WorldError> {
        self.grant_caller(account, caller).await
    }

    async fn revoke_delegation_from(
        &self,
        account: &names::Dn,
        caller: &Sid,
    ) -> Result<(), WorldError> {
        self.take_caller(account, caller).await
    }

    async fn rights_of(&self, principals: &[Sid]) -> Result<DirectoryRights, WorldError> {
        self.find_rights(principals).await
    }

    async fn rights_on(&self, object: &names::Dn, principal: &Sid) -> Result<Vec<Ace>, WorldError> {
        self.read_rights(object, principal).await
    }

    async fn add_rights(&self, object: &names::Dn, aces: &[Ace]) -> Result<(), WorldError> {
        self.put_rights(object, aces).await
    }

    async fn take_rights(&self, object: &names::Dn, aces: &[Ace]) -> Result<(), WorldError> {
        self.remove_rights(object, aces).await
    }

    async fn set_account_control(
        &self,
        account: &names::Dn,
        bit: AccountControl,
        set: bool,
    ) -> Result<(), WorldError> {
        self.put_control(account, bit, set).await
    }

    async fn set_encryption_types(
        &self,
        account: &names::Dn,
        types: Option<u32>,
    ) -> Result<(), WorldError> {
        self.put_encryption_types(account, types).await
    }

    async fn create_root_key(&self, effective: FileTime) -> Result<Guid, WorldError> {
        self.add_root_key(effective).await
    }

    async fn prove_password(
        &self,
        gmsa: &SamAccountName,
        host: &HostName,
    ) -> Result<PasswordProof, WorldError> {
        self.prove_managed_password(gmsa, host).await
    }

    async fn prove_user_password(
        &self,
        account: &LogonAccount,
        password: &Password,
    ) -> Result<Proof, WorldError> {
        self.prove_account_password(account, password).await
    }
}
