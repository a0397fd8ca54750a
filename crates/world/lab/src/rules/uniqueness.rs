//! Names that only one object may have ([MS-ADTS] 3.1.1.5.1.3 "Uniqueness Constraints").

use super::Caller;
use super::refusal::Refusal;
use crate::store::Store;
use crate::store::object::{ObjectId, Value};
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes".
const CONSTRAINT_VIOLATION: u32 = 0x202F;
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
            Attr::SamAccountName if taken(attribute, value).is_some() => {
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
            Attr::SamAccountName
                if taken(Attr::UserPrincipalName, &implied(caller, value)).is_some() =>
            {
                return Err(Refusal::constraint(UPN_NOT_UNIQUE, attribute.name()));
            }
            Attr::UserPrincipalName if taken(attribute, value).is_some() => {
                return Err(Refusal::constraint(UPN_NOT_UNIQUE, attribute.name()));
            }
            Attr::UserPrincipalName
                if account_of(caller, value)
                    .is_some_and(|name| taken(Attr::SamAccountName, name).is_some()) =>
            {
                return Err(Refusal::exists(USER_EXISTS));
            }
            Attr::ServicePrincipalName if !is_spn(value) => {
                return Err(Refusal::constraint(CONSTRAINT_VIOLATION, attribute.name()));
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

/// The principal name that every account has without an attribute: `name@contoso.com`.
fn implied(caller: &Caller<'_>, account: &[u8]) -> Vec<u8> {
    [account, b"@", caller.forest.dns_name.as_bytes()].concat()
}

/// The account that would have this principal name without an attribute.
fn account_of<'a>(caller: &Caller<'_>, principal: &'a [u8]) -> Option<&'a [u8]> {
    let text = std::str::from_utf8(principal).ok()?;
    let (account, domain) = text.rsplit_once('@')?;
    let here = domain.eq_ignore_ascii_case(&caller.forest.dns_name);
    here.then_some(account.as_bytes())
}

/// Class and host, and perhaps a name.
fn is_spn(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'/').collect();
    (2..=3).contains(&parts.len()) && parts.iter().all(|part| !part.is_empty())
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
