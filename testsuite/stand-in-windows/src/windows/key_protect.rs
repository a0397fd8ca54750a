//! `MIMKeyProtectService`: encrypts a text for the account that it runs as, and hands it back through its pipe.
//!
//! As Microsoft's script uses it: started with the argument `e`, it takes a text from the pipe `keypipe` and gives the
//! encrypted text, in Base64, to whoever connects next. Its event 4355 is not written: Wine has no log to write it to.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::windows::io::FromRawHandle;
use std::ptr;
use std::sync::mpsc::Receiver;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use windows_service::service::ServiceExitCode;
use windows_sys::Win32::Foundation::{ERROR_PIPE_CONNECTED, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::PIPE_ACCESS_DUPLEX;
use windows_sys::Win32::System::Pipes::{ConnectNamedPipe, CreateNamedPipeW};
use zeroize::Zeroizing;

use super::protected;
use super::service::{Refused, Started, log};

const PIPE: &str = r"\\.\pipe\keypipe";
const ENCRYPT: &str = "e";
const ERROR_INVALID_PARAMETER: u32 = 87;
const BUFFER: u32 = 64 << 10;
/// Version 1 and the provider df9d8cd0-1501-11d1-8c7a-00c04fc297eb: how a blob of Windows begins. Wine's own begins
/// otherwise, so it stands behind this.
const BLOB_HEAD: [u8; 20] = [
    1, 0, 0, 0, 0xd0, 0x8c, 0x9d, 0xdf, 0x01, 0x15, 0xd1, 0x11, 0x8c, 0x7a, 0x00, 0xc0, 0x4f, 0xc2,
    0x97, 0xeb,
];

/// Only with the one argument that is known.
pub fn may_start(started: &Started) -> Result<(), Refused> {
    if started.arguments == [ENCRYPT] {
        return Ok(());
    }
    Err(Refused {
        code: ServiceExitCode::Win32(ERROR_INVALID_PARAMETER),
        why: format!("started with {:?}", started.arguments),
    })
}

/// Answers until it is stopped.
pub fn run(_started: &Started, stop: &Receiver<()>) {
    std::thread::spawn(|| {
        while let Err(error) = answer() {
            log(&format!("{PIPE}: {error:#}"));
        }
    });
    let _ = stop.recv();
}

/// One text, and its encryption for whoever connects next.
fn answer() -> anyhow::Result<()> {
    loop {
        let mut text = Zeroizing::new(Vec::new());
        match client()?.read_to_end(&mut text) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {} // It closed its end.
        }
        let encrypted = [&BLOB_HEAD[..], &protected::protect(&text)?].concat();
        let encrypted = STANDARD.encode(encrypted);
        let mut reader = client()?;
        reader.write_all(encrypted.as_bytes())?;
        reader.sync_all()?; // Until the client has read it.
    }
}

/// Waits for the next client, on a pipe of its own.
fn client() -> anyhow::Result<File> {
    let name: Vec<u16> = PIPE.encode_utf16().chain([0]).collect();
    // SAFETY: the name ends in a NUL; byte type and blocking are the zero mode.
    let pipe = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            PIPE_ACCESS_DUPLEX,
            0,
            1,
            BUFFER,
            BUFFER,
            0,
            ptr::null(),
        )
    };
    if pipe == INVALID_HANDLE_VALUE {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: the handle is ours from here on.
    let file = unsafe { File::from_raw_handle(pipe.cast()) };
    // SAFETY: the handle lives; without overlapped input and output the call waits.
    if unsafe { ConnectNamedPipe(pipe, ptr::null_mut()) } == 0 {
        let error = std::io::Error::last_os_error();
        if error.raw_os_error() != Some(ERROR_PIPE_CONNECTED.cast_signed()) {
            return Err(error.into());
        }
    }
    Ok(file)
}
