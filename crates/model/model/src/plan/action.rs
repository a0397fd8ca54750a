//! What exactly a step does: data that leaves the engine no choice.

use security::{Ace, Sid};
use serde::{Deserialize, Serialize};

use crate::database::{DatabasePlace, Repair};
use crate::host::{AccessList, AccountRight, Recipient};
use crate::names::{Dn, DnsName, GmsaName, LogonAccount, SamAccountName, ServiceName, Spn, StepId};
use crate::plan::{PasswordHelper, PlannedCarrier, SetupPage, StoredValues, ToolRun, Wizard};
use crate::ports::AccountControl;

/// One action on the directory, on the step's host, or just a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "do",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Action {
    /// Create a KDS root key for the forest, effective at once; usable 10 hours later.
    CreateRootKey,
    /// Gate: a KDS root key is usable on every domain controller.
    AwaitRootKey,
    /// Create a global security group.
    CreateGroup {
        /// Its name.
        group: SamAccountName,
        /// Where; the Users container where none is given.
        container: Option<Dn>,
    },
    /// Add a computer or a gMSA to a group.
    AddMember {
        /// The group.
        group: SamAccountName,
        /// The member.
        member: SamAccountName,
    },
    /// Create a gMSA.
    CreateGmsa {
        /// Its name.
        gmsa: GmsaName,
        /// `dNSHostName`.
        dns_host_name: DnsName,
        /// `msDS-ManagedPasswordInterval`, days.
        interval_days: u32,
        /// The group whose members may retrieve its password.
        retrieval_group: SamAccountName,
        /// Where; the Managed Service Accounts container where none is given.
        container: Option<Dn>,
    },
    /// Let a group's members retrieve the managed password of a gMSA that exists.
    AllowRetrieval {
        /// The gMSA.
        gmsa: GmsaName,
        /// The group.
        group: SamAccountName,
    },
    /// Let an account delegate to a service: constrained delegation.
    AllowDelegation {
        /// The account.
        account: SamAccountName,
        /// The service.
        service: Spn,
    },
    /// Let somebody delegate to an account: resource-based delegation.
    AllowDelegationFrom {
        /// The account.
        account: SamAccountName,
        /// Who.
        caller: Sid,
    },
    /// Set a bit of `userAccountControl` that is about delegation.
    SetAccountControl {
        /// The account.
        account: SamAccountName,
        /// Which bit.
        control: AccountControl,
    },
    /// Give an account what it lacks in a database beside the account before it.
    GrantDatabaseAccess {
        /// The database.
        place: DatabasePlace,
        /// Who gets it.
        account: LogonAccount,
        /// What.
        repairs: Vec<Repair>,
    },
    /// Disable a password account that nothing runs as any more.
    DisableAccount {
        /// The account.
        account: SamAccountName,
    },
    /// Grant an account a right on the host.
    GrantRight {
        /// Who gets it.
        account: LogonAccount,
        /// Which.
        right: AccountRight,
    },
    /// Let an account do to an object of the directory what another one may.
    CopyDirectoryRights {
        /// The object.
        object: Dn,
        /// The account whose entries are copied.
        from: SamAccountName,
        /// Who gets them.
        to: SamAccountName,
        /// That account's entries in the object's access list.
        aces: Vec<Ace>,
    },
    /// Give an account the log-on rights and denials on the host that another one has.
    CopyLogonRights {
        /// The account whose rights are copied.
        from: SamAccountName,
        /// Who gets them.
        to: SamAccountName,
        /// Which.
        rights: Vec<AccountRight>,
    },
    /// Let an account use DCOM or WMI on the host as another one may.
    CopyHostAccess {
        /// The list.
        list: AccessList,
        /// The account whose entries are copied.
        from: SamAccountName,
        /// Who gets them.
        to: SamAccountName,
        /// That account's entries in the list.
        aces: Vec<Ace>,
    },
    /// Let a service start when the network is there.
    StartWithNetwork {
        /// Which service.
        service: ServiceName,
    },
    /// Stop an application pool.
    StopAppPool {
        /// Its name.
        pool: String,
    },
    /// Set an application pool's identity to a gMSA, without a password.
    SetPoolAccount {
        /// Its name.
        pool: String,
        /// The account before.
        from: LogonAccount,
        /// The gMSA.
        to: LogonAccount,
    },
    /// Start an application pool, if it was started before.
    StartAppPool {
        /// Its name.
        pool: String,
        /// The step that stopped it and knows what it did.
        stopped_by: StepId,
    },
    /// Gate: the host can retrieve the gMSA's managed password.
    ProveRetrieval {
        /// The gMSA.
        gmsa: GmsaName,
    },
    /// Export a key set with the product's own tool.
    ExportKeySet {
        /// The file that it writes, on the host.
        file: String,
        /// The folder that must exist for it.
        folder: String,
        /// The tool's command line.
        tool: ToolRun,
    },
    /// Encrypt an exported key set file on its host into a copy that only the holders of the recipients' identities can
    /// read.
    SealKeySet {
        /// The exported file.
        file: String,
        /// The copy.
        sealed: String,
        /// The step that exported it.
        exported_by: StepId,
        /// Whose identities open the copy.
        recipients: Vec<Recipient>,
    },
    /// Remove an exported key set file that nothing needs any more: what stays is its sealed copy.
    RemoveKeySet {
        /// The exported file.
        file: String,
        /// The step that exported it.
        exported_by: StepId,
        /// The copy.
        sealed: String,
        /// The step that sealed it.
        sealed_by: StepId,
    },
    /// Gate: the exported file is there and unchanged. Its undo activates the key set for the old account again.
    HoldKeySet {
        /// The exported file.
        file: String,
        /// The step that exported it.
        exported_by: StepId,
        /// How to activate the key set for the old account, should the conversion be taken back.
        way_back: ToolRun,
    },
    /// Stop a service with its dependants.
    StopService {
        /// Which.
        service: ServiceName,
    },
    /// Move an SPN: remove it from one account and add it to another, one journaled pair.
    MoveSpn {
        /// The SPN.
        spn: Spn,
        /// The account that has it.
        from: SamAccountName,
        /// The account that gets it.
        to: SamAccountName,
    },
    /// Set a service's logon account to a gMSA: NULL password, managed-account flag.
    SetLogonAccount {
        /// Which service.
        service: ServiceName,
        /// The account before.
        from: LogonAccount,
        /// The gMSA.
        to: LogonAccount,
    },
    /// Have a person change the account to a gMSA with the product's setup, and look at what came of it.
    FollowWizard {
        /// What has the account.
        carrier: PlannedCarrier,
        /// The account before.
        from: LogonAccount,
        /// The gMSA.
        to: LogonAccount,
        /// What to enter where.
        wizard: Wizard,
        /// The exported key set file that the wizard is given, if it asks for one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        key_set: Option<String>,
        /// Files in which setup may have saved a key set of its own by the end.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        saves: Vec<String>,
        /// The password that setup stores encrypted on the way, if it does.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        stores: Option<StoredValues>,
    },
    /// Change the account to a gMSA with the product's setup, run silently in change mode.
    RunSetup {
        /// What has the account.
        carrier: PlannedCarrier,
        /// The account before.
        from: LogonAccount,
        /// The gMSA.
        to: LogonAccount,
        /// The package on the host.
        package: String,
        /// Its SHA-256, lower-case hex.
        sha256: String,
        /// What it is given: every setting that is not to be reset.
        pages: Vec<SetupPage>,
        /// Files in which it may have saved a key set of its own by the end.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        saves: Vec<String>,
    },
    /// Store a password anew, encrypted for the service's gMSA by a helper of the product.
    StorePassword {
        /// Whose password; the text itself is never in a plan.
        account: LogonAccount,
        /// How it is encrypted.
        helper: PasswordHelper,
        /// Key of the registry value that gets it.
        key: String,
        /// Name of that value.
        value: String,
        /// Name of the value beside it that must be empty then.
        empty: String,
    },
    /// Activate the exported key set for the new logon account.
    RestoreKeySet {
        /// The exported file.
        file: String,
        /// The step that exported it.
        exported_by: StepId,
        /// The tool's command line.
        tool: ToolRun,
    },
    /// Start a service, and the dependants that were stopped with it, and wait until they run.
    StartService {
        /// Which.
        service: ServiceName,
        /// The step that stopped it and knows which dependants ran.
        stopped_by: StepId,
    },
    /// Proof: the host's machine account retrieves the password, it equals the derived one, and a log-on works.
    ProveLogon {
        /// The gMSA.
        gmsa: GmsaName,
    },
}

/// A password that an action needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordNeed<'a> {
    /// Of which account.
    pub account: &'a LogonAccount,
    /// Needed to apply; otherwise only to take back.
    pub to_apply: bool,
}

impl Action {
    /// The file of a key set that it writes on its host, where none may be yet.
    pub fn key_set_written(&self) -> Option<&str> {
        match self {
            Self::ExportKeySet { file, .. } => Some(file),
            Self::SealKeySet { sealed, .. } => Some(sealed),
            _ => None,
        }
    }

    /// The kind's name in plans, journals and `gmsactl explain`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateRootKey => "create-root-key",
            Self::AwaitRootKey => "await-root-key",
            Self::CreateGroup { .. } => "create-group",
            Self::AddMember { .. } => "add-member",
            Self::CreateGmsa { .. } => "create-gmsa",
            Self::AllowRetrieval { .. } => "allow-retrieval",
            Self::AllowDelegation { .. } => "allow-delegation",
            Self::AllowDelegationFrom { .. } => "allow-delegation-from",
            Self::SetAccountControl { .. } => "set-account-control",
            Self::GrantDatabaseAccess { .. } => "grant-database-access",
            Self::DisableAccount { .. } => "disable-account",
            Self::GrantRight { .. } => "grant-right",
            Self::CopyDirectoryRights { .. } => "copy-directory-rights",
            Self::CopyLogonRights { .. } => "copy-logon-rights",
            Self::CopyHostAccess { .. } => "copy-host-access",
            Self::StartWithNetwork { .. } => "start-with-network",
            Self::StopAppPool { .. } => "stop-app-pool",
            Self::SetPoolAccount { .. } => "set-pool-account",
            Self::StartAppPool { .. } => "start-app-pool",
            Self::ProveRetrieval { .. } => "prove-retrieval",
            Self::ExportKeySet { .. } => "export-key-set",
            Self::SealKeySet { .. } => "seal-key-set",
            Self::RemoveKeySet { .. } => "remove-key-set",
            Self::HoldKeySet { .. } => "hold-key-set",
            Self::StopService { .. } => "stop-service",
            Self::MoveSpn { .. } => "move-spn",
            Self::SetLogonAccount { .. } => "set-logon-account",
            Self::RestoreKeySet { .. } => "restore-key-set",
            Self::FollowWizard { .. } => "follow-wizard",
            Self::RunSetup { .. } => "run-setup",
            Self::StorePassword { .. } => "store-password",
            Self::StartService { .. } => "start-service",
            Self::ProveLogon { .. } => "prove-logon",
        }
    }

    /// The password that applying this action, or taking it back, needs.
    pub fn password(&self) -> Option<PasswordNeed<'_>> {
        let need = |account, to_apply| PasswordNeed { account, to_apply };
        match self {
            Self::ExportKeySet { tool, .. } | Self::RestoreKeySet { tool, .. } => {
                tool.password_of.as_ref().map(|account| need(account, true))
            }
            Self::StorePassword { account, .. } => Some(need(account, true)),
            Self::HoldKeySet { way_back, .. } => way_back
                .password_of
                .as_ref()
                .map(|account| need(account, false)),
            // A service that has its gMSA already gets only its flag.
            Self::SetLogonAccount { from, to, .. }
            | Self::SetPoolAccount { from, to, .. }
            | Self::FollowWizard { from, to, .. }
            | Self::RunSetup { from, to, .. } => (!from.same_as(to)).then(|| need(from, false)),
            _ => None,
        }
    }
}
