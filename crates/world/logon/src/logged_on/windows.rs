//! The log-on of whoever is logged on to Windows: its own Kerberos package, through the Security Support Provider
//! Interface (sspi.h).
//!
//! Windows asks the key distribution centre itself, on the calling thread. The package is "Kerberos", not "Negotiate":
//! that one would fall back to NTLM without asking.

use std::ptr;

use windows_sys::Win32::Foundation::{
    SEC_E_BAD_BINDINGS, SEC_E_INVALID_TOKEN, SEC_E_KDC_UNKNOWN_ETYPE, SEC_E_LOGON_DENIED,
    SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_NO_CREDENTIALS, SEC_E_OK, SEC_E_TARGET_UNKNOWN,
    SEC_E_TIME_SKEW, SEC_E_WRONG_PRINCIPAL, SEC_I_CONTINUE_NEEDED,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, DecryptMessage, DeleteSecurityContext, EXTENDED_NAME_FORMAT,
    EncryptMessage, FreeCredentialsHandle, GetUserNameExW, ISC_REQ_CONFIDENTIALITY,
    ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT,
    InitializeSecurityContextW, NameSamCompatible, NameUserPrincipal, QueryContextAttributesW,
    SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_DATA, SECBUFFER_PADDING, SECBUFFER_STREAM,
    SECBUFFER_TOKEN, SECBUFFER_VERSION, SECPKG_ATTR_SIZES, SECPKG_CRED_OUTBOUND,
    SECURITY_NATIVE_DREP, SecBuffer, SecBufferDesc, SecPkgContext_Sizes,
};
use windows_sys::Win32::Security::Credentials::SecHandle;
use windows_sys::core::HRESULT;
use zeroize::Zeroizing;

use crate::failure::LogonFailure;
use crate::security::{Sealed, Step};

/// Longest token: a ticket with a large group list stays below (MaxTokenSize of Windows is 48,000 bytes).
const MAX_TOKEN: usize = 64 * 1024;

/// `name@domain`; `None` for a local account.
pub fn domain_user() -> Option<String> {
    user_name(NameUserPrincipal)
}

/// `DOMAIN\name`, of a local account too.
pub fn local_user() -> Option<String> {
    user_name(NameSamCompatible)
}

fn user_name(format: EXTENDED_NAME_FORMAT) -> Option<String> {
    let mut name = vec![0; 1024];
    let mut length = name.len() as u32;
    // SAFETY: `length` is the buffer's, in characters.
    let there = unsafe { GetUserNameExW(format, name.as_mut_ptr(), &mut length) };
    let name = name.get(..length as usize).filter(|_| there)?;
    Some(String::from_utf16_lossy(name))
}

/// A log-on at one service, as whoever is logged on.
pub struct LoggedOnUser {
    credentials: SecHandle,
    context: Option<SecHandle>,
    service: Vec<u16>,
    sizes: SecPkgContext_Sizes,
}

impl LoggedOnUser {
    /// Takes the credentials of who is logged on.
    pub fn new(service: &str) -> Result<Self, LogonFailure> {
        let package: Vec<u16> = "Kerberos\0".encode_utf16().collect();
        let mut credentials = SecHandle::default();
        // SAFETY: the texts end in NUL; the two outputs are ours; all else may be null.
        let status = unsafe {
            AcquireCredentialsHandleW(
                ptr::null(),
                package.as_ptr(),
                SECPKG_CRED_OUTBOUND,
                ptr::null(),
                ptr::null(),
                None,
                ptr::null(),
                &mut credentials,
                &mut 0,
            )
        };
        match status {
            SEC_E_OK => Ok(Self {
                credentials,
                context: None,
                service: service.encode_utf16().chain([0]).collect(),
                sizes: SecPkgContext_Sizes::default(),
            }),
            _ => Err(failure(status, service)),
        }
    }

    /// Takes the server's token (empty at first) and makes the next one.
    pub fn step(
        &mut self,
        token: &[u8],
        channel_binding: Option<&[u8]>,
    ) -> Result<Step, LogonFailure> {
        let mut token = token.to_vec();
        let mut binding = channel_binding.unwrap_or_default().to_vec();
        let mut given: Vec<SecBuffer> = [
            (SECBUFFER_TOKEN, &mut token),
            (SECBUFFER_CHANNEL_BINDINGS, &mut binding),
        ]
        .into_iter()
        .filter(|(_, bytes)| !bytes.is_empty())
        .map(|(kind, bytes)| buffer(kind, bytes))
        .collect();
        let given = list(&mut given);
        let mut made = vec![0; MAX_TOKEN];
        let mut answer = [buffer(SECBUFFER_TOKEN, &mut made)];
        let (before, mut after) = (self.context, SecHandle::default());
        // SAFETY: handles are live, buffer lists describe memory that outlives the call, the name ends in NUL.
        let status = unsafe {
            InitializeSecurityContextW(
                &self.credentials,
                before.as_ref().map_or(ptr::null(), ptr::from_ref),
                self.service.as_ptr(),
                flags(channel_binding.is_some()),
                0,
                SECURITY_NATIVE_DREP,
                &given,
                0,
                &mut after,
                &mut list(&mut answer),
                &mut 0,
                &mut 0,
            )
        };
        if !matches!(status, SEC_E_OK | SEC_I_CONTINUE_NEEDED) {
            return Err(failure(status, &self.service_name()));
        }
        self.context = Some(after);
        let [answer] = answer;
        made.truncate(answer.cbBuffer as usize);
        let complete = status == SEC_E_OK;
        if complete {
            self.sizes = self.sizes()?;
        }
        Ok(Step {
            token: made,
            complete,
        })
    }

    fn sizes(&self) -> Result<SecPkgContext_Sizes, LogonFailure> {
        let mut sizes = SecPkgContext_Sizes::default();
        // SAFETY: this attribute fills exactly this structure.
        let status = unsafe {
            QueryContextAttributesW(
                &self.context.unwrap_or_default(),
                SECPKG_ATTR_SIZES,
                ptr::from_mut(&mut sizes).cast(),
            )
        };
        match status {
            SEC_E_OK => Ok(sizes),
            _ => Err(failure(status, &self.service_name())),
        }
    }

    /// Encrypts and signs. Not yet seen on Windows: Wine's package orders the parts in its own way.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Sealed, String> {
        let mut token = vec![0; self.sizes.cbSecurityTrailer as usize];
        let mut data = plain.to_vec();
        let mut padding = vec![0; self.sizes.cbBlockSize as usize];
        let mut buffers = [
            buffer(SECBUFFER_TOKEN, &mut token),
            buffer(SECBUFFER_DATA, &mut data),
            buffer(SECBUFFER_PADDING, &mut padding),
        ];
        // SAFETY: the list describes memory that outlives the call.
        let status =
            unsafe { EncryptMessage(&self.context.unwrap_or_default(), 0, &list(&mut buffers), 0) };
        if status != SEC_E_OK {
            return Err(described("EncryptMessage", status));
        }
        let [used_token, used_data, used_padding] = buffers;
        token.truncate(used_token.cbBuffer as usize);
        data.truncate(used_data.cbBuffer as usize);
        data.extend(padding.iter().take(used_padding.cbBuffer as usize));
        Ok(Sealed { token, data })
    }

    /// Verifies and decrypts. Not yet seen on Windows.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        let mut stream = Zeroizing::new(sealed.to_vec());
        let start = stream.as_ptr() as usize;
        let mut buffers = [
            buffer(SECBUFFER_STREAM, &mut stream),
            buffer(SECBUFFER_DATA, &mut []),
        ];
        // SAFETY: the list describes memory that outlives the call.
        let status = unsafe {
            DecryptMessage(
                &self.context.unwrap_or_default(),
                &list(&mut buffers),
                0,
                &mut 0,
            )
        };
        if status != SEC_E_OK {
            return Err(described("DecryptMessage", status));
        }
        // The plain text is a part of the stream, and the second buffer now says which.
        let [_, plain] = buffers;
        let from = (plain.pvBuffer as usize).checked_sub(start);
        let part = from.and_then(|from| stream.get(from..from + plain.cbBuffer as usize));
        part.map(|plain| Zeroizing::new(plain.to_vec()))
            .ok_or_else(|| described("DecryptMessage", SEC_E_INVALID_TOKEN))
    }

    fn service_name(&self) -> String {
        let name = self.service.strip_suffix(&[0]).unwrap_or(&self.service);
        String::from_utf16_lossy(name)
    }
}

impl Drop for LoggedOnUser {
    fn drop(&mut self) {
        // SAFETY: both are live and not used after this.
        unsafe {
            if let Some(context) = &self.context {
                DeleteSecurityContext(context);
            }
            FreeCredentialsHandle(&self.credentials);
        }
    }
}

/// TLS underneath seals already, and takes the binding in place of the log-on's own seal.
fn flags(bound: bool) -> u32 {
    match bound {
        true => ISC_REQ_MUTUAL_AUTH,
        false => {
            ISC_REQ_MUTUAL_AUTH
                | ISC_REQ_INTEGRITY
                | ISC_REQ_CONFIDENTIALITY
                | ISC_REQ_REPLAY_DETECT
                | ISC_REQ_SEQUENCE_DETECT
        }
    }
}

fn buffer(kind: u32, bytes: &mut [u8]) -> SecBuffer {
    SecBuffer {
        cbBuffer: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        BufferType: kind,
        pvBuffer: bytes.as_mut_ptr().cast(),
    }
}

fn list(buffers: &mut [SecBuffer]) -> SecBufferDesc {
    SecBufferDesc {
        ulVersion: SECBUFFER_VERSION,
        cBuffers: buffers.len() as u32,
        pBuffers: buffers.as_mut_ptr(),
    }
}

fn failure(status: HRESULT, service: &str) -> LogonFailure {
    match status {
        SEC_E_LOGON_DENIED => LogonFailure::WrongPassword,
        SEC_E_TARGET_UNKNOWN | SEC_E_WRONG_PRINCIPAL => {
            LogonFailure::ServicePrincipal(service.to_owned())
        }
        SEC_E_KDC_UNKNOWN_ETYPE => LogonFailure::EncryptionType,
        SEC_E_BAD_BINDINGS => {
            LogonFailure::Protection("the log-on is not bound to this TLS channel".into())
        }
        SEC_E_NO_CREDENTIALS => LogonFailure::Other(
            "Windows has no Kerberos credentials for who is logged on: a local account, or one without tickets".into(),
        ),
        SEC_E_NO_AUTHENTICATING_AUTHORITY => {
            LogonFailure::Other("Windows reaches no domain controller".into())
        }
        SEC_E_TIME_SKEW => LogonFailure::Other(
            "this machine's clock and the domain's are too far apart for Kerberos".into(),
        ),
        _ => LogonFailure::Other(described("Windows's Kerberos", status)),
    }
}

fn described(what: &str, status: HRESULT) -> String {
    format!("{what} failed with error {status:#010x}")
}
