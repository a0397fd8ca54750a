//! Names that only one object may have ([MS-ADTS] 3.1.1.5.1.3 "Uniqueness Constraints").

use super::Caller;
use super::refusal::Refusal;
use crate::store::Store;
use crate::store::object::{ObjectId, Value};
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes".
const USER_EXISTS: u32 = 1316;
const GROUP_EXISTS: u32 = 1318;
const SPN_NOT_UNIQUE: u32 = 8647;
const UPN_NOT_UNIQUE: u32 = 8648;

/// Service classes that `HOST` stands for: the default of `sPNMappings` ([MS-ADTS] 3.1.1.3.2.2 "sPNMappings").
pub(crate) const HOST_ALIASES: &str = "alerter,appmgmt,cisvc,clipsrv,browser,dhcp,dnscache,replicator,eventlog,\
    eventsystem,policyagent,oakley,dmserver,dns,mcsvc,fax,msiserver,ias,messenger,netlogon,netman,netdde,netddedsm,\
    nmagent,plugplay,protectedstorage,rasman,rpclocator,rpc,rpcss,remoteaccess,rsvp,samss,scardsvr,scesrv,seclogon,\
    scm,dcom,cifs,spooler,snmp,schedule,tapisrv,trksvr,trkwks,ups,time,wins,www,http,w3svc,iisadmin,msdtc";

/// Checks what `id` (`None`: a new object) is about to be called.
pub(crate) fn check(
    caller: &Caller<'_>,
    store: &Store,
    id: Option<ObjectId>,
    attribute: Attr,
    values: &[Value],
) -> Result<(), Refusal> {
    let taken = |attribute: Attr, value: &[u8]| {
        store
            .find(attribute, value)
            .iter()
            .copied()
            .find(|it| Some(*it) != id)
    };
    for value in values.iter().filter_map(Value::bytes) {
        match attribute {
            Attr::SamAccountName => {
                if let Some(holder) = taken(attribute, value) {
                    let is_group = store
                        .get(holder)
                        .is_some_and(|holder| holder.class.is("group"));
                    return Err(Refusal::exists(if is_group {
                        GROUP_EXISTS
                    } else {
                        USER_EXISTS
                    }));
                }
            }
            Attr::UserPrincipalName if taken(attribute, value).is_some() => {
                return Err(Refusal::constraint(UPN_NOT_UNIQUE, attribute.name()));
            }
            Attr::ServicePrincipalName => {
                let aliased = !caller.token.may_enable_delegation()
                    && aliases(value)
                        .iter()
                        .any(|alias| taken(attribute, alias.as_bytes()).is_some());
                if aliased || taken(attribute, value).is_some() {
                    return Err(Refusal::constraint(SPN_NOT_UNIQUE, attribute.name()));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The names that mean the same service: `HOST/x` for `http/x`, and the other way round.
fn aliases(spn: &[u8]) -> Vec<String> {
    let Some((class, rest)) = std::str::from_utf8(spn)
        .ok()
        .and_then(|spn| spn.split_once('/'))
    else {
        return Vec::new();
    };
    if class.eq_ignore_ascii_case("host") {
        HOST_ALIASES
            .split(',')
            .map(|alias| format!("{alias}/{rest}"))
            .collect()
    } else if HOST_ALIASES
        .split(',')
        .any(|alias| alias.eq_ignore_ascii_case(class))
    {
        vec![format!("HOST/{rest}")]
    } else {
        Vec::new()
    }
}
