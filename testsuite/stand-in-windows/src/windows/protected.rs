//! Data that only this host can read again: CryptProtectData (dpapi.h).

use std::ptr;

use anyhow::bail;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Cryptography::{
    CRYPT_INTEGER_BLOB, CryptProtectData, CryptUnprotectData,
};

/// Encrypts.
///
/// # Errors
/// When Windows does not.
pub fn protect(data: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (input, mut output) = blobs(data);
    // SAFETY: the input lives until the call is over; the output is ours on success.
    let done = unsafe {
        CryptProtectData(
            &input,
            ptr::null(),
            ptr::null(),
            ptr::null(),
            ptr::null(),
            0,
            &mut output,
        )
    };
    taken(done, output)
}

/// Decrypts.
///
/// # Errors
/// When it was not encrypted here.
pub fn unprotect(data: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (input, mut output) = blobs(data);
    // SAFETY: as above; no description is asked for.
    let done = unsafe {
        CryptUnprotectData(
            &input,
            ptr::null_mut(),
            ptr::null(),
            ptr::null(),
            ptr::null(),
            0,
            &mut output,
        )
    };
    taken(done, output)
}

fn blobs(data: &[u8]) -> (CRYPT_INTEGER_BLOB, CRYPT_INTEGER_BLOB) {
    let input = CRYPT_INTEGER_BLOB {
        cbData: data.len() as u32,
        pbData: data.as_ptr().cast_mut(),
    };
    let output = CRYPT_INTEGER_BLOB {
        cbData: 0,
        pbData: ptr::null_mut(),
    };
    (input, output)
}

fn taken(done: i32, output: CRYPT_INTEGER_BLOB) -> anyhow::Result<Vec<u8>> {
    if done == 0 {
        bail!("data protection: {}", std::io::Error::last_os_error());
    }
    // SAFETY: on success the output has that many bytes, and is freed once.
    unsafe {
        let bytes = std::slice::from_raw_parts(output.pbData, output.cbData as usize).to_vec();
        LocalFree(output.pbData.cast());
        Ok(bytes)
    }
}
