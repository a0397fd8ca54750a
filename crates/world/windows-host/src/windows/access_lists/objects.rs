//! Access lists of files, folders and registry keys. Not yet seen on Windows.

use std::ptr;

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, FailureKind, Hive, HostPath, RegistryKey};
use security::SecurityDescriptor;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    GetNamedSecurityInfoW, SE_FILE_OBJECT, SE_OBJECT_TYPE, SE_REGISTRY_KEY, SetNamedSecurityInfoW,
};
use windows_sys::Win32::Security::{
    ACL, DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, GetSecurityDescriptorControl,
    GetSecurityDescriptorDacl, GetSecurityDescriptorLength, IsValidSecurityDescriptor,
    OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR,
    SE_DACL_PROTECTED, UNPROTECTED_DACL_SECURITY_INFORMATION,
};

use crate::windows::wide::Wide;

const ERROR_SUCCESS: u32 = 0;
const INVALID_SECURITY_DESCRIPTOR: Win32Code = Win32Code(1338);

/// Something that has an access list, as Windows' calls name it.
pub struct Object {
    name: String,
    kind: SE_OBJECT_TYPE,
}

impl Object {
    /// A file or folder.
    pub fn file(path: &HostPath) -> Self {
        // Without the prefix paths end at 260 characters.
        let name = format!(r"\\?\{}", path.as_str());
        let kind = SE_FILE_OBJECT;
        Self { name, kind }
    }

    /// A registry key.
    pub fn key(key: &RegistryKey) -> Self {
        let hive = match key.hive() {
            Hive::LocalMachine => "MACHINE",
            Hive::Users => "USERS",
        };
        let name = format!(r"{hive}\{}", key.path());
        let kind = SE_REGISTRY_KEY;
        Self { name, kind }
    }

    /// Owner, group and access list, self-relative; `None` where there is no such thing.
    pub fn read(&self) -> Result<Option<Vec<u8>>, Failure> {
        let name = Wide::new(&self.name)?;
        let wanted =
            OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
        let mut descriptor: PSECURITY_DESCRIPTOR = ptr::null_mut();
        // SAFETY: the name ends in a NUL; of the answers only the descriptor is asked for.
        let code = unsafe {
            GetNamedSecurityInfoW(
                name.as_ptr(),
                self.kind,
                wanted,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                &mut descriptor,
            )
        };
        if code != ERROR_SUCCESS {
            let failure = self.failure("read", Win32Code(code));
            return match failure.kind {
                FailureKind::NotFound => Ok(None),
                _ => Err(failure),
            };
        }
        // SAFETY: the call succeeded: a valid descriptor of that length is there, made with LocalAlloc.
        let bytes = unsafe {
            let length = GetSecurityDescriptorLength(descriptor) as usize;
            let bytes = std::slice::from_raw_parts(descriptor.cast::<u8>(), length).to_vec();
            LocalFree(descriptor);
            bytes
        };
        Ok(Some(bytes))
    }

    /// Replaces the access list; what it has to hand down reaches everything below.
    pub fn write(&self, descriptor: &[u8]) -> Result<(), Failure> {
        let name = Wide::new(&self.name)?;
        let invalid = || self.failure("change", INVALID_SECURITY_DESCRIPTOR);
        let aligned = Aligned::new(descriptor).ok_or_else(invalid)?;
        let (list, protected) = aligned.parts().ok_or_else(invalid)?;
        let protection = match protected {
            true => PROTECTED_DACL_SECURITY_INFORMATION,
            false => UNPROTECTED_DACL_SECURITY_INFORMATION,
        };
        // SAFETY: the name ends in a NUL; the list lies in `aligned`, which lives until the call is over.
        let code = unsafe {
            SetNamedSecurityInfoW(
                name.as_ptr(),
                self.kind,
                DACL_SECURITY_INFORMATION | protection,
                ptr::null_mut(),
                ptr::null_mut(),
                list,
                ptr::null(),
            )
        };
        match code {
            ERROR_SUCCESS => Ok(()),
            code => Err(self.failure("change", Win32Code(code))),
        }
    }

    fn failure(&self, verb: &str, code: Win32Code) -> Failure {
        let name = self.name.trim_start_matches(r"\\?\");
        Failure::from_code(code, format!("{verb} the access list of {name}"))
    }
}

/// A self-relative descriptor where Windows' calls may read it.
struct Aligned(Vec<u32>);

impl Aligned {
    /// Only of bytes that are a descriptor, whole: Windows' calls trust the offsets in it.
    fn new(descriptor: &[u8]) -> Option<Self> {
        SecurityDescriptor::from_bytes(descriptor).ok()?;
        let words = descriptor.chunks(size_of::<u32>()).map(|chunk| {
            let mut word = [0; size_of::<u32>()];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            u32::from_ne_bytes(word)
        });
        Some(Self(words.collect()))
    }

    /// Its access list, and whether it is protected from inheritance; `None` where it has none, or is none.
    fn parts(&self) -> Option<(*const ACL, bool)> {
        let descriptor: PSECURITY_DESCRIPTOR = self.0.as_ptr().cast_mut().cast();
        let (mut present, mut defaulted) = (0, 0);
        let (mut control, mut revision) = (0, 0);
        let mut list = ptr::null_mut();
        // SAFETY: the memory is aligned and a whole descriptor by `new`; the calls only read it.
        let valid = unsafe {
            IsValidSecurityDescriptor(descriptor) != 0
                && GetSecurityDescriptorDacl(descriptor, &mut present, &mut list, &mut defaulted)
                    != 0
                && GetSecurityDescriptorControl(descriptor, &mut control, &mut revision) != 0
        };
        let has_list = valid && present != 0 && !list.is_null();
        has_list.then_some((list.cast_const(), control & SE_DACL_PROTECTED != 0))
    }
}
