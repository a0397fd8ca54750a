//! The planner's kinds of findings: numbers are never used for another kind.

mod setup;

use model::finding::{FindingKind, Severity};

pub use setup::*;

const PROBLEMS: &str =
    "Microsoft Learn, \"Manage group managed service accounts\" and \"Create the KDS root key\"";
const ADTS: &str = "[MS-ADTS] 3.1.1.4.5.39 msDS-ManagedPassword";
const SETSPN: &str = "Microsoft Learn, \"setspn\"; [MS-ADTS] 3.1.1.5.1.3 Uniqueness Constraints";
const SCM: &str =
    "Microsoft Learn, \"ChangeServiceConfigW\" and \"SERVICE_CONFIG_MANAGED_ACCOUNT\"";
const DELEGATION: &str = "Microsoft Learn, \"Configure Kerberos delegation for group Managed Service Accounts\"; [MS-SFU] 1.3";
const PROTECTED: &str = "Microsoft Learn, \"Appendix C: Protected Accounts and Groups in Active Directory\"; [MS-ADTS] 3.1.1.6.1.3 Protection Operation";
const DESIGN: &str = "gmsactl, ARCHITECTURE.md";

const fn blocks(id: &'static str, why: &'static str, source: &'static str) -> FindingKind {
    FindingKind {
        id,
        severity: Severity::Blocks,
        why,
        source,
    }
}

const fn warns(id: &'static str, why: &'static str, source: &'static str) -> FindingKind {
    FindingKind {
        id,
        severity: Severity::Warns,
        why,
        source,
    }
}

const fn informs(id: &'static str, why: &'static str, source: &'static str) -> FindingKind {
    FindingKind {
        id,
        severity: Severity::Informs,
        why,
        source,
    }
}

/// There is no KDS root key.
pub const NO_ROOT_KEY: FindingKind = blocks(
    "GMSA-001",
    "domain controllers derive every managed password from a KDS root key",
    PROBLEMS,
);
/// The root key is not effective yet.
pub const ROOT_KEY_NOT_EFFECTIVE: FindingKind = warns(
    "GMSA-002",
    "a key is used only 10 hours after its effective time, so that it can reach every domain controller first",
    PROBLEMS,
);
/// All root keys are unusable.
pub const ROOT_KEY_DEFECT: FindingKind = blocks(
    "GMSA-003",
    "a domain controller refuses to derive passwords from such a key",
    ADTS,
);
/// Root keys cannot be read.
pub const ROOT_KEYS_UNKNOWN: FindingKind = blocks(
    "GMSA-004",
    "whether a gMSA can be created at all is not known",
    PROBLEMS,
);
/// Clocks differ.
pub const CLOCK_SKEW: FindingKind = blocks(
    "GMSA-005",
    "Kerberos refuses clocks that differ by more than 5 minutes",
    "RFC 4120, 3.1.3",
);
/// Clocks differ a little.
pub const CLOCK_DRIFTS: FindingKind = warns(
    "GMSA-006",
    "around a change of the managed password, a domain controller and a host whose clocks differ take different passwords \
     for the current one; 5 minutes are the limit for everything",
    ADTS,
);
/// The intent lets the plan create a root key.
pub const ROOT_KEY_CREATED: FindingKind = warns(
    "GMSA-007",
    "a key is used only 10 hours after its effective time, whatever \"effective immediately\" promises; and it stays: \
     passwords made from it could not be derived without it",
    PROBLEMS,
);
/// A host did not answer.
pub const HOST_UNKNOWN: FindingKind = blocks(
    "GMSA-010",
    "what cannot be seen cannot be converted, nor given back",
    DESIGN,
);
/// No such component.
pub const COMPONENT_UNKNOWN: FindingKind = blocks(
    "GMSA-011",
    "gmsactl converts only what it knows the rules of",
    DESIGN,
);
/// No such service on the host.
pub const SERVICE_MISSING: FindingKind = blocks(
    "GMSA-012",
    "there is nothing to convert on that host",
    DESIGN,
);
/// The directory was not asked for a name.
pub const NOT_LOOKED_UP: FindingKind = blocks(
    "GMSA-013",
    "the inventory does not tell whether that name exists in the domain",
    DESIGN,
);
/// A component that cannot run under a gMSA.
pub const COMPONENT_REFUSED: FindingKind = blocks(
    "GMSA-014",
    "its vendor does not support it under a gMSA",
    DESIGN,
);
/// An SPN is on an account that the conversion does not know, or on several.
pub const SPN_ON_THIRD: FindingKind = blocks(
    "GMSA-020",
    "an SPN must be unique in the forest: with several holders, clients get tickets that nobody can decrypt",
    SETSPN,
);
/// The old account holds SPNs of something else.
pub const SPN_STAYS: FindingKind = informs(
    "GMSA-021",
    "SPNs that do not belong to the component stay where they are",
    SETSPN,
);
/// The old account is trusted for delegation to any service.
pub const UNCONSTRAINED_STAYS: FindingKind = warns(
    "GMSA-022",
    "whoever has such an account or its host can act as everybody who logs on to it, so it is not copied; what the \
     service delegates to by it stops working",
    DELEGATION,
);
/// The intent wants delegation to any service.
pub const UNCONSTRAINED_WANTED: FindingKind = warns(
    "GMSA-023",
    "whoever has the gMSA's host can act as everybody who logs on to the service, domain administrators too",
    DELEGATION,
);
/// The old account may use any protocol.
pub const PROTOCOL_TRANSITION: FindingKind = informs(
    "GMSA-024",
    "with it the account can act as anybody towards the services that it delegates to",
    DELEGATION,
);
/// Part of the old account's delegation is not copied.
pub const DELEGATION_NOT_COPIED: FindingKind = warns(
    "GMSA-025",
    "only plain entries are copied: a denial or a condition that is lost would let more people in",
    DELEGATION,
);
/// The name of the gMSA or of its group is taken.
pub const NAME_TAKEN: FindingKind = blocks(
    "GMSA-030",
    "sAMAccountName is unique in a domain, and no account can be turned into a gMSA or a group",
    "[MS-ADTS] 3.1.1.5.3.5 objectClass updates; [MS-SAMR] 3.1.1.6",
);
/// The gMSA is disabled.
pub const GMSA_DISABLED: FindingKind =
    blocks("GMSA-031", "a disabled account cannot log on", PROBLEMS);
/// The gMSA has no AES keys.
pub const GMSA_WITHOUT_AES: FindingKind = warns(
    "GMSA-032",
    "without AES in msDS-SupportedEncryptionTypes its tickets are RC4, which current updates refuse",
    "Microsoft Support, KB5021131",
);
/// The gMSA's interval differs.
pub const INTERVAL_FIXED: FindingKind = informs(
    "GMSA-033",
    "the managed password interval is fixed when a gMSA is created",
    PROBLEMS,
);
/// The computer account is missing.
pub const COMPUTER_MISSING: FindingKind = blocks(
    "GMSA-034",
    "the host's computer account retrieves the managed password",
    ADTS,
);
/// A group that the gMSA is to join is missing.
pub const GROUP_MISSING: FindingKind =
    blocks("GMSA-035", "the gMSA cannot become a member of it", DESIGN);
/// Others may retrieve the password of a gMSA that is there.
pub const RETRIEVED_BY_OTHERS: FindingKind = warns(
    "GMSA-036",
    "whoever can retrieve the managed password can log on as the account, from anywhere",
    ADTS,
);
/// The old account is in groups that the gMSA does not join.
pub const GROUPS_NOT_JOINED: FindingKind = informs(
    "GMSA-037",
    "what the service may do through a group it may not do under the gMSA; what it does not need is better left behind",
    DESIGN,
);
/// The gMSA is to join a group of administrators.
pub const JOINS_PROTECTED: FindingKind = warns(
    "GMSA-038",
    "every host that may retrieve the managed password can act as the account, and a member of such a group has the domain",
    PROTECTED,
);
/// The service does not run under a password account of the domain.
pub const NOT_A_PASSWORD_ACCOUNT: FindingKind = blocks(
    "GMSA-040",
    "only a service that runs under a user account of the domain is converted",
    DESIGN,
);
/// Other services run under the same account.
pub const SHARED_ACCOUNT: FindingKind = warns(
    "GMSA-041",
    "the old account stays in use: it must not be disabled after this conversion, and its SPNs may be shared",
    DESIGN,
);
/// The service is not running.
pub const SERVICE_NOT_RUNNING: FindingKind = warns(
    "GMSA-042",
    "only a start proves that a service works with its new account",
    SCM,
);
/// The managed-account flag cannot be read.
pub const MANAGED_FLAG_UNKNOWN: FindingKind = informs(
    "GMSA-043",
    "without the flag a service fails with 7038 and 1069 when the cached password expires",
    SCM,
);
/// Windows Server 2012 R2 may lack an update.
pub const OLD_WINDOWS: FindingKind = warns(
    "GMSA-044",
    "without that update services cannot log on for a while after each change of the managed password",
    "Microsoft Support, KB2998082",
);
/// Rights are not looked at.
pub const RIGHTS_NOT_CHECKED: FindingKind = warns(
    "GMSA-060",
    "without the right \"log on as a service\" (and with any right that denies it) the start fails with 1069 and event \
     7041, and the run is taken back",
    "Microsoft Learn, \"Error 1069: the service did not start due to a logon failure\"",
);
/// The right is denied.
pub const RIGHT_DENIED: FindingKind = blocks(
    "GMSA-061",
    "a denial wins over the right: the start fails with 1069 and event 7041",
    "Microsoft Learn, \"Error 1069: the service did not start due to a logon failure\"",
);
/// A policy defines the right without the gMSA.
pub const RIGHT_BY_POLICY: FindingKind = blocks(
    "GMSA-062",
    "the next refresh of the policy takes a local grant back, and at its next start the service fails with 1069 and \
     event 7041",
    "Microsoft Learn, \"User Rights Assignment\" (group policy settings win over local ones)",
);
/// The old account keeps its rights in the directory.
pub const RIGHTS_STAY: FindingKind = informs(
    "GMSA-063",
    "the gMSA gets the same rights beside it, so that the way back stays open: until the old account is disabled, whoever \
     has its password has them too",
    DESIGN,
);
/// Rights on AdminSDHolder come to protected groups later.
pub const ADMIN_SD_HOLDER: FindingKind = informs(
    "GMSA-064",
    "an entry there is a template: the domain controller with the PDC emulator role copies it to protected users and \
     groups every 60 minutes, not at once",
    PROTECTED,
);
/// Rights and denials by a policy that does not name the gMSA.
pub const LOGON_RIGHTS_BY_POLICY: FindingKind = warns(
    "GMSA-065",
    "the plan copies what is set on the host; a policy's list replaces that at every refresh, so the gMSA has to stand in the \
     policy itself",
    "Microsoft Learn, \"User Rights Assignment\" (group policy settings win over local ones)",
);
/// An account that several components share holds the SPNs of one of them.
pub const SPN_SHARED: FindingKind = blocks(
    "GMSA-026",
    "clients ask for HTTP/NAME without a port: everything that answers on one host name must run under one account",
    SETSPN,
);
/// Several hosts answer under one name.
pub const SPN_ROLLING: FindingKind = informs(
    "GMSA-027",
    "tickets for a name can be decrypted only under the account that has its SPN",
    SETSPN,
);
/// Something could not be read.
pub const GAP: FindingKind = warns("GMSA-070", "the plan rests on what could be read", DESIGN);
/// No user has the name that is to be retired.
pub const RETIRED_NOT_FOUND: FindingKind = blocks(
    "GMSA-090",
    "only password accounts are retired: gMSAs are deleted, computers leave the domain",
    DESIGN,
);
/// Something uses the account that is to be retired.
pub const RETIRED_IN_USE: FindingKind = blocks(
    "GMSA-091",
    "what runs as a disabled account does not start any more",
    DESIGN,
);
/// The account that is to be retired holds SPNs.
pub const RETIRED_WITH_SPNS: FindingKind = warns(
    "GMSA-092",
    "clients get tickets for the account that holds the SPN: for a disabled one they get none",
    DESIGN,
);

/// All of them, in the order of their ids: what a manual or an explanation can be complete about.
pub const ALL: &[FindingKind] = &[
    NO_ROOT_KEY,
    ROOT_KEY_NOT_EFFECTIVE,
    ROOT_KEY_DEFECT,
    ROOT_KEYS_UNKNOWN,
    CLOCK_SKEW,
    CLOCK_DRIFTS,
    ROOT_KEY_CREATED,
    HOST_UNKNOWN,
    COMPONENT_UNKNOWN,
    SERVICE_MISSING,
    NOT_LOOKED_UP,
    COMPONENT_REFUSED,
    SPN_ON_THIRD,
    SPN_STAYS,
    UNCONSTRAINED_STAYS,
    UNCONSTRAINED_WANTED,
    PROTOCOL_TRANSITION,
    DELEGATION_NOT_COPIED,
    SPN_SHARED,
    SPN_ROLLING,
    NAME_TAKEN,
    GMSA_DISABLED,
    GMSA_WITHOUT_AES,
    INTERVAL_FIXED,
    COMPUTER_MISSING,
    GROUP_MISSING,
    RETRIEVED_BY_OTHERS,
    GROUPS_NOT_JOINED,
    JOINS_PROTECTED,
    NOT_A_PASSWORD_ACCOUNT,
    SHARED_ACCOUNT,
    SERVICE_NOT_RUNNING,
    MANAGED_FLAG_UNKNOWN,
    OLD_WINDOWS,
    RIGHTS_NOT_CHECKED,
    RIGHT_DENIED,
    RIGHT_BY_POLICY,
    RIGHTS_STAY,
    ADMIN_SD_HOLDER,
    LOGON_RIGHTS_BY_POLICY,
    GAP,
    KEY_SET_UNKNOWN,
    KEY_SET_FILE_EXISTS,
    STRATEGY_UNKNOWN,
    SETUP_PACKAGE,
    SETUP_SETTING,
    SETUP_ORDER,
    SETUP_UNTOLD,
    SETUP_FIELDS,
    KEY_SET_NONE,
    RETIRED_NOT_FOUND,
    RETIRED_IN_USE,
    RETIRED_WITH_SPNS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_holds_every_kind_once_and_in_order() {
        let files = [
            include_str!("findings.rs"),
            include_str!("findings/setup.rs"),
        ];
        let declared = files
            .iter()
            .flat_map(|file| file.lines())
            .filter(|line| line.starts_with("pub const ") && line.contains(": FindingKind"))
            .count();
        assert_eq!(ALL.len(), declared);
        assert!(ALL.is_sorted_by(|a, b| a.id < b.id));
    }
}
