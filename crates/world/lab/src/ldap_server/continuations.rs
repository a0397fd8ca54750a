//! Where a search goes on that this server does not answer alone.

use rasn_ldap::{Control, SearchRequest, SearchRequestScope};

use super::requests::has_control;
use crate::rules::Caller;
use crate::rules::locate::locate;
use crate::store::Store;

/// [MS-ADTS] 3.1.1.3.4.1.4 "LDAP_SERVER_DOMAIN_SCOPE_OID": no references to elsewhere.
const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";

/// Where else a search has to go ([MS-ADTS] 3.1.1.4.7 "Continuations"): naming contexts right below this one are not
/// searched, wherever they are. The global catalog has them all.
pub(super) fn continuations(
    caller: &Caller<'_>,
    store: &Store,
    request: &SearchRequest,
    controls: &[Control],
) -> Vec<String> {
    if caller.of_global_catalog || has_control(controls, DOMAIN_SCOPE) {
        return Vec::new();
    }
    let scope = match request.scope {
        SearchRequestScope::WholeSubtree => "",
        SearchRequestScope::SingleLevel => "??base",
        _ => return Vec::new(),
    };
    let Ok(base) = locate(store, &request.base_object) else {
        return Vec::new();
    };
    let domain = &caller.forest.dns_name;
    let url = |context: &str| format!("ldap://{domain}/{context}{scope}");
    store.subordinates(base).map(url).collect()
}
