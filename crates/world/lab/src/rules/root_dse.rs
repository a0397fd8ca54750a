//! The rootDSE ([MS-ADTS] 3.1.1.3.2 "rootDSE Attributes").

use security::FileTime;

use crate::forest::Forest;
use crate::store::{Store, generalized_time};

/// Controls that the server understands.
pub(crate) const SUPPORTED_CONTROLS: [&str; 4] = [
    "1.2.840.113556.1.4.319",  // paged results
    "1.2.840.113556.1.4.801",  // security descriptor flags
    "1.2.840.113556.1.4.805",  // tree delete
    "1.2.840.113556.1.4.1339", // domain scope
];

/// Active Directory itself, in the versions up to Windows Server 2016; a read-only domain controller says last that it
/// is one: LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID ([MS-ADTS] 3.1.1.3.4.3 "LDAP Capabilities").
const CAPABILITIES: [&str; 7] = [
    "1.2.840.113556.1.4.800",
    "1.2.840.113556.1.4.1670",
    "1.2.840.113556.1.4.1791",
    "1.2.840.113556.1.4.1935",
    "1.2.840.113556.1.4.2080",
    "1.2.840.113556.1.4.2237",
    "1.2.840.113556.1.4.1920",
];

fn capabilities(forest: &Forest) -> &'static [&'static str] {
    match &CAPABILITIES {
        all if forest.read_only => all,
        [of_all @ .., _] => of_all,
    }
}

/// All attributes of the rootDSE, in the order in which they are shown.
pub(crate) fn root_dse(
    forest: &Forest,
    store: &Store,
    now: FileTime,
) -> Vec<(&'static str, Vec<String>)> {
    let one = |value: String| vec![value];
    let several = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let settings = forest.controller_settings();
    let server = settings
        .split_once(',')
        .map(|(_, server)| server.to_owned())
        .unwrap_or_default();
    let level = forest.functional_level.to_string();
    vec![
        ("currentTime", one(generalized_time(now))),
        (
            "subschemaSubentry",
            one(format!("CN=Aggregate,{}", forest.schema())),
        ),
        ("dsServiceName", one(settings)),
        (
            "namingContexts",
            vec![
                forest.domain.clone(),
                forest.configuration(),
                forest.schema(),
            ],
        ),
        ("defaultNamingContext", one(forest.domain.clone())),
        ("schemaNamingContext", one(forest.schema())),
        ("configurationNamingContext", one(forest.configuration())),
        ("rootDomainNamingContext", one(forest.domain.clone())),
        ("supportedControl", several(&SUPPORTED_CONTROLS)),
        ("supportedLDAPVersion", several(&["3"])),
        ("supportedLDAPPolicies", several(&["MaxPageSize"])),
        ("highestCommittedUSN", one(store.usn().to_string())),
        (
            "supportedSASLMechanisms",
            several(&["GSSAPI", "GSS-SPNEGO"]),
        ),
        ("dnsHostName", one(forest.controller_dns_name())),
        (
            "ldapServiceName",
            one(format!(
                "{}:{}$@{}",
                forest.dns_name,
                forest.controller.to_lowercase(),
                forest.realm()
            )),
        ),
        ("serverName", one(server)),
        ("supportedCapabilities", several(capabilities(forest))),
        (
            "supportedExtension",
            several(&["1.3.6.1.4.1.1466.20037", "1.3.6.1.4.1.4203.1.11.3"]),
        ),
        ("isSynchronized", several(&["TRUE"])),
        ("isGlobalCatalogReady", several(&["TRUE"])),
        ("domainFunctionality", one(level.clone())),
        ("forestFunctionality", one(level.clone())),
        ("domainControllerFunctionality", one(level)),
    ]
}
