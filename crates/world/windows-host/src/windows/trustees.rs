//! Accounts and groups: their names and SIDs, as this host resolves them.

use agent_protocol::{AccountName, Failure, FailureKind, Trustee};
use security::Sid;
use windows_sys::Win32::Security::{GetLengthSid, LookupAccountNameW, LookupAccountSidW, PSID};

use super::last_error;
use super::wide::Wide;

/// Longest account or domain name, in UTF-16 units (DNLEN and UNLEN are less).
const NAME_LIMIT: usize = 512;
/// SECURITY_MAX_SID_SIZE, in units of four bytes.
const SID_LIMIT: usize = 68 / 4;

/// A SID as calls take it: aligned.
pub struct RawSid(Vec<u32>);

impl RawSid {
    pub fn of(sid: &Sid) -> Self {
        let bytes = sid.to_bytes();
        let (words, _) = bytes.as_chunks::<4>();
        Self(words.iter().map(|word| u32::from_ne_bytes(*word)).collect())
    }

    /// Valid as long as `self`; no call that takes it writes to it.
    pub fn as_psid(&self) -> PSID {
        self.0.as_ptr().cast_mut().cast()
    }
}

/// A SID that Windows gave.
///
/// # Safety
/// `sid` points to a valid SID that stays unchanged during the call.
pub unsafe fn read_sid(sid: PSID) -> Result<Sid, Failure> {
    // SAFETY: the caller's promise.
    let length = unsafe { GetLengthSid(sid) } as usize;
    // SAFETY: a valid SID is that long.
    let bytes = unsafe { std::slice::from_raw_parts(sid.cast::<u8>(), length) };
    Sid::from_bytes(bytes).map_err(|e| Failure::new(FailureKind::Failed, e.to_string()))
}

/// The SID of an account.
pub fn resolve(account: &AccountName) -> Result<Sid, Failure> {
    let name = Wide::new(account.as_str())?;
    let mut sid = [0u32; SID_LIMIT];
    let mut sid_size = (SID_LIMIT * 4) as u32;
    let mut domain = [0u16; NAME_LIMIT];
    let mut domain_length = domain.len() as u32;
    let mut kind = 0;
    // SAFETY: the name ends in a NUL, a null system is this host, both buffers have the sizes given.
    let done = unsafe {
        LookupAccountNameW(
            std::ptr::null(),
            name.as_ptr(),
            sid.as_mut_ptr().cast(),
            &mut sid_size,
            domain.as_mut_ptr(),
            &mut domain_length,
            &mut kind,
        )
    };
    if done == 0 {
        return Err(Failure::from_code(
            last_error(),
            format!("look up account {account}"),
        ));
    }
    // SAFETY: the call has put a SID there.
    unsafe { read_sid(sid.as_mut_ptr().cast()) }
}

/// A SID with its name, where the host can resolve it.
pub fn trustee(sid: Sid) -> Trustee {
    let raw = RawSid::of(&sid);
    let (mut name, mut domain) = ([0u16; NAME_LIMIT], [0u16; NAME_LIMIT]);
    let (mut name_length, mut domain_length) = (NAME_LIMIT as u32, NAME_LIMIT as u32);
    let mut kind = 0;
    // SAFETY: the SID is valid, a null system is this host, both buffers have the lengths given.
    let done = unsafe {
        LookupAccountSidW(
            std::ptr::null(),
            raw.as_psid(),
            name.as_mut_ptr(),
            &mut name_length,
            domain.as_mut_ptr(),
            &mut domain_length,
            &mut kind,
        )
    };
    let text = |units: &[u16], length: u32| {
        String::from_utf16_lossy(units.get(..length as usize).unwrap_or_default())
    };
    let name = (done != 0).then(|| match text(&domain, domain_length) {
        domain if domain.is_empty() => text(&name, name_length),
        domain => format!(r"{domain}\{}", text(&name, name_length)),
    });
    Trustee { sid, name }
}
