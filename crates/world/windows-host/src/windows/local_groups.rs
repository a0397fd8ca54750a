//! Local groups. Not yet seen on Windows.
//!
//! NetLocalGroupGetMembers, NetLocalGroupAddMembers, NetLocalGroupDelMembers (lmaccess.h), level 0: SIDs.

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, GroupName, LocalGroupRequest, Reply};
use security::Sid;
use windows_sys::Win32::NetworkManagement::NetManagement::{
    LOCALGROUP_MEMBERS_INFO_0, MAX_PREFERRED_LENGTH, NetApiBufferFree, NetLocalGroupAddMembers,
    NetLocalGroupDelMembers, NetLocalGroupGetMembers,
};

use super::trustees::{self, RawSid};
use super::wide::Wide;

const ERROR_MEMBER_NOT_IN_ALIAS: Win32Code = Win32Code(1377);
const ERROR_MEMBER_IN_ALIAS: Win32Code = Win32Code(1378);
/// NERR_GroupNotFound.
const GROUP_NOT_FOUND: Win32Code = Win32Code(2220);
const ERROR_NO_SUCH_ALIAS: Win32Code = Win32Code(1376);

/// Does a request about a local group.
pub fn handle(request: &LocalGroupRequest) -> Result<Reply, Failure> {
    let failed = |code| {
        let code = if code == GROUP_NOT_FOUND {
            ERROR_NO_SUCH_ALIAS
        } else {
            code
        };
        Failure::from_code(code, request.to_string())
    };
    match request {
        LocalGroupRequest::Read { group } => {
            let members = members(group, &failed)?;
            Ok(Reply::Members(
                members.into_iter().map(trustees::trustee).collect(),
            ))
        }
        LocalGroupRequest::Add { group, member } => {
            match change(group, member, NetLocalGroupAddMembers)? {
                Ok(()) => Ok(Reply::Existed(false)),
                Err(ERROR_MEMBER_IN_ALIAS) => Ok(Reply::Existed(true)),
                Err(code) => Err(failed(code)),
            }
        }
        LocalGroupRequest::Remove { group, member } => {
            match change(group, member, NetLocalGroupDelMembers)? {
                Ok(()) => Ok(Reply::Existed(true)),
                Err(ERROR_MEMBER_NOT_IN_ALIAS) => Ok(Reply::Existed(false)),
                Err(code) => Err(failed(code)),
            }
        }
    }
}

fn members(group: &GroupName, failed: &dyn Fn(Win32Code) -> Failure) -> Result<Vec<Sid>, Failure> {
    let name = Wide::new(group.as_str())?;
    let (mut buffer, mut count, mut total) = (std::ptr::null_mut(), 0, 0);
    // SAFETY: a null server is this host, the name ends in a NUL, all members are wanted in one piece.
    let code = unsafe {
        NetLocalGroupGetMembers(
            std::ptr::null(),
            name.as_ptr(),
            0,
            &mut buffer,
            MAX_PREFERRED_LENGTH,
            &mut count,
            &mut total,
            std::ptr::null_mut(),
        )
    };
    if code != 0 {
        return Err(failed(Win32Code(code)));
    }
    let entries = match buffer.is_null() {
        true => &[],
        // SAFETY: success means that the buffer holds `count` of these.
        false => unsafe {
            std::slice::from_raw_parts(buffer.cast::<LOCALGROUP_MEMBERS_INFO_0>(), count as usize)
        },
    };
    // SAFETY: each entry points to a SID in the buffer.
    let sids = entries
        .iter()
        .map(|entry| unsafe { trustees::read_sid(entry.lgrmi0_sid) });
    let sids = sids.collect();
    // SAFETY: the buffer is ours to free, and is not used afterwards.
    unsafe { NetApiBufferFree(buffer.cast()) };
    sids
}

/// NetLocalGroupAddMembers and NetLocalGroupDelMembers take the same.
type Change = unsafe extern "system" fn(*const u16, *const u16, u32, *const u8, u32) -> u32;

fn change(group: &GroupName, member: &Sid, call: Change) -> Result<Result<(), Win32Code>, Failure> {
    let (name, sid) = (Wide::new(group.as_str())?, RawSid::of(member));
    let entry = LOCALGROUP_MEMBERS_INFO_0 {
        lgrmi0_sid: sid.as_psid(),
    };
    // SAFETY: a null server is this host, the name ends in a NUL, one entry of level 0 that lives until the
    // call is over.
    let code = unsafe {
        call(
            std::ptr::null(),
            name.as_ptr(),
            0,
            (&raw const entry).cast(),
            1,
        )
    };
    Ok(match code {
        0 => Ok(()),
        code => Err(Win32Code(code)),
    })
}
