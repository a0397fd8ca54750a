//! The scripts' effects.

use std::fs;
use std::io::{BufRead as _, Write as _};
use std::os::windows::ffi::OsStrExt as _;
use std::os::windows::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::ptr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use security::{SecurityDescriptor, Sid};
use sha2::{Digest as _, Sha256};
use windows_sys::Win32::Foundation::{CloseHandle, HANDLE};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, GetFileSecurityW, GetTokenInformation,
    OWNER_SECURITY_INFORMATION, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use crate::order::{Order, Verb};

/// As `create.ps1` has it.
const SAFE: &str = "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)";

/// Does it; what the script would print.
pub fn carry_out(order: &Order) -> Result<String, String> {
    let folder = Path::new(&order.folder);
    let mut said = String::new();
    match &order.verb {
        Verb::Look => {}
        Verb::Create if folder.exists() => {}
        Verb::Create => create(folder)?,
        Verb::Receive(name) => {
            receive(&folder.join(format!("{name}.part")))?;
            return Ok("end\r\n".to_owned());
        }
        Verb::Settle(name, sha256) => {
            let (part, whole) = (folder.join(format!("{name}.part")), folder.join(name));
            if !whole.exists() && digest(&part)?.eq_ignore_ascii_case(sha256) {
                fs::rename(part, whole).map_err(text)?;
            } else {
                fs::remove_file(part).map_err(text)?;
            }
        }
        Verb::Remove(pattern) => said = remove(folder, pattern)?,
    }
    Ok(said + &look(folder)?)
}

fn look(folder: &Path) -> Result<String, String> {
    let mut said = format!("user {}\r\n", operator()?);
    if folder.exists() {
        let attributes = fs::symlink_metadata(folder)
            .map_err(text)?
            .file_attributes();
        said += &format!("folder {attributes} {}\r\n", access(folder)?);
        for path in entries(folder)? {
            said += &if is_ours(&path) {
                let size = fs::metadata(&path).map_err(text)?.len();
                format!(
                    "file {} {size} {} {}\r\n",
                    name(&path),
                    digest(&path)?,
                    access(&path)?
                )
            } else {
                "other\r\n".to_owned()
            };
        }
    }
    Ok(said + "end\r\n")
}

fn remove(folder: &Path, pattern: &str) -> Result<String, String> {
    let mut said = String::new();
    if !folder.exists() {
        return Ok(said);
    }
    let wanted = |path: &PathBuf| match pattern.strip_suffix('*') {
        Some(beginning) => name(path).starts_with(beginning),
        None => name(path) == pattern,
    };
    for path in entries(folder)?
        .iter()
        .filter(|path| is_ours(path) && wanted(path))
    {
        said += &match fs::remove_file(path) {
            Ok(()) => format!("removed {}\r\n", name(path)),
            Err(_) => format!("kept {}\r\n", name(path)),
        };
    }
    if entries(folder)?.is_empty() {
        fs::remove_dir(folder).map_err(text)?;
    }
    Ok(said)
}

fn receive(part: &Path) -> Result<(), String> {
    let mut file = fs::File::create(part).map_err(text)?;
    for line in std::io::stdin().lock().lines() {
        let piece = STANDARD.decode(line.map_err(text)?.trim()).map_err(text)?;
        file.write_all(&piece).map_err(text)?;
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(text)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(text)?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The pattern `$ours` of `common.ps1`.
fn is_ours(path: &Path) -> bool {
    let name = name(path);
    let hash = name.strip_prefix("gmsactl-agent-").and_then(|name| {
        name.strip_suffix(".exe")
            .or_else(|| name.strip_suffix(".exe.part"))
    });
    let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    path.is_file() && hash.is_some_and(|hash| hash.len() == 64 && hash.chars().all(digit))
}

fn digest(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(text)?;
    Ok(hex::encode_upper(Sha256::digest(bytes)))
}

fn create(folder: &Path) -> Result<(), String> {
    let mut descriptor = SecurityDescriptor::from_sddl(SAFE)
        .map_err(text)?
        .to_bytes();
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.as_mut_ptr().cast(),
        bInheritHandle: 0,
    };
    let path = wide(folder);
    // SAFETY: the path ends with a nul, and the descriptor lives until the call returns.
    checked(unsafe { CreateDirectoryW(path.as_ptr(), &attributes) })
}

/// The security descriptor without its audit list, in base64.
fn access(path: &Path) -> Result<String, String> {
    let wanted =
        OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    let path = wide(path);
    let mut bytes = vec![0_u8; 64 << 10];
    let mut length = 0;
    // SAFETY: the path ends with a nul, and the buffer is as long as it is said to be.
    checked(unsafe {
        GetFileSecurityW(
            path.as_ptr(),
            wanted,
            bytes.as_mut_ptr().cast(),
            bytes.len() as u32,
            &mut length,
        )
    })?;
    bytes.truncate(length as usize);
    let descriptor = SecurityDescriptor::from_bytes(&bytes).map_err(text)?;
    Ok(STANDARD.encode(descriptor.to_bytes()))
}

fn operator() -> Result<Sid, String> {
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: the handle is written to a variable of ours.
    checked(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) })?;
    // Aligned for the pointer that the answer begins with.
    let mut answer = vec![0_u64; 64];
    let mut length = 0;
    // SAFETY: the buffer is as long as it is said to be.
    let told = unsafe {
        GetTokenInformation(
            token,
            TokenUser,
            answer.as_mut_ptr().cast(),
            (answer.len() * 8) as u32,
            &mut length,
        )
    };
    // SAFETY: the handle is ours.
    unsafe { CloseHandle(token) };
    checked(told)?;
    // SAFETY: the call has written a TOKEN_USER, whose SID lies in the same buffer.
    let sid = unsafe {
        let sid = (*answer.as_ptr().cast::<TOKEN_USER>())
            .User
            .Sid
            .cast::<u8>();
        let length = 8 + 4 * usize::from(*sid.add(1)); // SubAuthorityCount: [MS-DTYP] 2.4.2.2
        std::slice::from_raw_parts(sid, length)
    };
    Sid::from_bytes(sid).map_err(text)
}

fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}

fn checked(success: i32) -> Result<(), String> {
    if success == 0 {
        return Err(text(std::io::Error::last_os_error()));
    }
    Ok(())
}

fn text(error: impl std::fmt::Display) -> String {
    error
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
