//! Account rights in the policy of the local security authority. Not yet seen on Windows.
//!
//! LsaEnumerateAccountsWithUserRight, LsaAddAccountRights, LsaRemoveAccountRights (ntsecapi.h).

use std::path::PathBuf;

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AccountRight, Failure, FailureKind, PolicyDefinition, Reply, RightHolders, RightsRequest,
};
use security::Sid;
use windows_sys::Win32::Foundation::NTSTATUS;
use windows_sys::Win32::Security::Authentication::Identity::{
    LSA_ENUMERATION_INFORMATION, LSA_HANDLE, LSA_OBJECT_ATTRIBUTES, LSA_UNICODE_STRING,
    LsaAddAccountRights, LsaClose, LsaEnumerateAccountsWithUserRight, LsaFreeMemory,
    LsaNtStatusToWinError, LsaOpenPolicy, LsaRemoveAccountRights,
};

use super::trustees::{self, RawSid};
use super::wide::Wide;
use crate::security_template;

/// POLICY_VIEW_LOCAL_INFORMATION | POLICY_LOOKUP_NAMES.
const TO_READ: u32 = 0x1 | 0x800;
/// The same and POLICY_CREATE_ACCOUNT.
const TO_CHANGE: u32 = TO_READ | 0x10;
const ERROR_FILE_NOT_FOUND: Win32Code = Win32Code(2);
const ERROR_NO_MORE_ITEMS: Win32Code = Win32Code(259);

/// Does a request about account rights.
pub fn handle(request: &RightsRequest) -> Result<Reply, Failure> {
    let failed = |code| Failure::from_code(code, request.to_string());
    match request {
        RightsRequest::Read => {
            let policy = Policy::open(TO_READ).map_err(failed)?;
            let policies = policies();
            let mut all = Vec::new();
            for right in AccountRight::ALL {
                let holders = policy.holders(right)?;
                let defined = policies.iter().filter(|(defined, _)| *defined == right);
                all.push(RightHolders {
                    right,
                    holders: holders.into_iter().map(trustees::trustee).collect(),
                    policies: defined.map(|(_, definition)| definition.clone()).collect(),
                });
            }
            Ok(Reply::Rights(all))
        }
        RightsRequest::Grant { right, sid } => {
            let policy = Policy::open(TO_CHANGE).map_err(failed)?;
            let held = policy.holders(*right)?.contains(sid);
            if !held {
                policy.add(*right, sid).map_err(failed)?;
            }
            Ok(Reply::Existed(held))
        }
        RightsRequest::Revoke { right, sid } => {
            let policy = Policy::open(TO_CHANGE).map_err(failed)?;
            let held = policy.holders(*right)?.contains(sid);
            if held {
                policy.remove(*right, sid).map_err(failed)?;
            }
            Ok(Reply::Existed(held))
        }
    }
}

/// What the group policies that were applied here define. A folder that is not there has none.
fn policies() -> Vec<(AccountRight, PolicyDefinition)> {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let folder = PathBuf::from(root).join(r"security\templates\policies");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    let template = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?.to_lowercase();
        let of_a_policy =
            name.starts_with("gpt") && [".inf", ".dom"].iter().any(|end| name.ends_with(end));
        let bytes = of_a_policy.then(|| std::fs::read(path).ok()).flatten()?;
        Some(security_template::rights(path.to_str()?, &bytes))
    };
    files.iter().filter_map(template).flatten().collect()
}

/// The local policy, opened.
struct Policy(LSA_HANDLE);

impl Policy {
    fn open(access: u32) -> Result<Self, Win32Code> {
        let attributes = LSA_OBJECT_ATTRIBUTES::default();
        let mut handle = LSA_HANDLE::default();
        // SAFETY: a null system is this host, the attributes are all zero as the documents want them, the
        // handle is written on success.
        let status = unsafe { LsaOpenPolicy(std::ptr::null(), &attributes, access, &mut handle) };
        checked(status).map(|()| Self(handle))
    }

    /// Who holds a right; that nobody does is an error in Windows' words.
    fn holders(&self, right: AccountRight) -> Result<Vec<Sid>, Failure> {
        let name = Name::of(right)?;
        let (mut buffer, mut count) = (std::ptr::null_mut(), 0);
        // SAFETY: the handle is open, the name lives until the call is over, the buffer is written on success.
        let status = unsafe {
            LsaEnumerateAccountsWithUserRight(self.0, &name.raw(), &mut buffer, &mut count)
        };
        match checked(status) {
            Ok(()) => {}
            Err(ERROR_NO_MORE_ITEMS | ERROR_FILE_NOT_FOUND) => return Ok(Vec::new()),
            Err(code) => {
                return Err(Failure::from_code(code, format!("read who holds {right}")));
            }
        }
        let entries = match buffer.is_null() {
            true => &[],
            // SAFETY: success means that the buffer holds `count` of these.
            false => unsafe {
                std::slice::from_raw_parts(
                    buffer.cast::<LSA_ENUMERATION_INFORMATION>(),
                    count as usize,
                )
            },
        };
        // SAFETY: each entry points to a SID in the buffer.
        let sids = entries
            .iter()
            .map(|entry| unsafe { trustees::read_sid(entry.Sid) });
        let sids = sids.collect();
        // SAFETY: the buffer is ours to free, and is not used afterwards.
        unsafe { LsaFreeMemory(buffer) };
        sids
    }

    fn add(&self, right: AccountRight, sid: &Sid) -> Result<(), Win32Code> {
        let (name, sid) = (Name::of(right).map_err(|_| Win32Code(87))?, RawSid::of(sid));
        // SAFETY: the handle is open; SID and name live until the call is over.
        checked(unsafe { LsaAddAccountRights(self.0, sid.as_psid(), &name.raw(), 1) })
    }

    fn remove(&self, right: AccountRight, sid: &Sid) -> Result<(), Win32Code> {
        let (name, sid) = (Name::of(right).map_err(|_| Win32Code(87))?, RawSid::of(sid));
        // SAFETY: the handle is open; SID and name live until the call is over; not all rights are removed.
        checked(unsafe { LsaRemoveAccountRights(self.0, sid.as_psid(), false, &name.raw(), 1) })
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        // SAFETY: the handle is open and used by nobody else.
        unsafe { LsaClose(self.0) };
    }
}

/// A right's name as the authority takes it.
struct Name {
    wide: Wide,
    bytes: u16,
}

impl Name {
    fn of(right: AccountRight) -> Result<Self, Failure> {
        let bytes = u16::try_from(right.name().len() * 2)
            .map_err(|_| Failure::new(FailureKind::Invalid, "the right's name is too long"))?;
        let wide = Wide::new(right.name())?;
        Ok(Self { wide, bytes })
    }

    /// Valid as long as `self`.
    fn raw(&self) -> LSA_UNICODE_STRING {
        LSA_UNICODE_STRING {
            Length: self.bytes,
            MaximumLength: self.bytes + 2,
            Buffer: self.wide.as_ptr().cast_mut(),
        }
    }
}

fn checked(status: NTSTATUS) -> Result<(), Win32Code> {
    match status {
        0 => Ok(()),
        // SAFETY: takes any number.
        status => Err(Win32Code(unsafe { LsaNtStatusToWinError(status) })),
    }
}
