//! `MIMKeyProtectService`: encrypts a password for the account that it runs as, and hands it back through a pipe.
//!
//! As the script that Microsoft publishes uses it: started with the argument `e`, it takes a text from the pipe
//! `keypipe` and gives the encrypted text to whoever connects next. What a real one answers is Base64 of a DPAPI blob;
//! here it begins as such a blob does, and what follows tells whom and what it was made for.

use agent_protocol::{Failure, FailureKind, Secret, ServiceState};
use base64::{Engine, prelude::BASE64_STANDARD};
use security::Sid;
use sha2::{Digest, Sha256};

use super::products::MimProgram;
use crate::hosts::event_log::{Level, Log};
use crate::hosts::logon::{Principal, principal};
use crate::hosts::machine::Machine;
use crate::hosts::products::no_pipe;

/// Its program, beside the MIM Service's.
pub const PROGRAM: &str = "Microsoft.IdentityManagement.KeyProtectService.exe";
/// Its pipe.
const PIPE: &str = "keypipe";
/// What it is started with to encrypt.
const ENCRYPT: &str = "e";
/// Version 1 and the provider df9d8cd0-1501-11d1-8c7a-00c04fc297eb: how every DPAPI blob begins.
const BLOB_HEAD: [u8; 20] = [
    1, 0, 0, 0, 0xd0, 0x8c, 0x9d, 0xdf, 0x01, 0x15, 0xd1, 0x11, 0x8c, 0x7a, 0x00, 0xc0, 0x4f, 0xc2,
    0x97, 0xeb,
];

/// The event that it writes when it starts.
pub fn launch(machine: &mut Machine<'_>) {
    machine.event(
        Log::Application,
        "Microsoft.IdentityManagement.KeyProtectService",
        4355,
        Level::Information,
        "KeyProtectService: Starting thread for MIM Service.".to_owned(),
    );
}

/// What a host keeps of a password that was encrypted on it for an account.
pub fn protected(host: &str, account: &Sid, password: &[u8]) -> String {
    let (account, host) = (account.to_string(), host.to_lowercase());
    let digest = Sha256::new()
        .chain_update(host)
        .chain_update(account)
        .chain_update(password)
        .finalize();
    BASE64_STANDARD.encode([&BLOB_HEAD[..], &digest].concat())
}

/// Answers through a pipe of the host.
///
/// # Errors
/// 2 where no running service has that pipe.
pub fn converse(machine: &Machine<'_>, pipe: &str, text: &Secret) -> Result<String, Failure> {
    let mut services = machine.state.services.iter();
    let service = services.find(|service| {
        pipe.eq_ignore_ascii_case(PIPE)
            && service.state == ServiceState::Running
            && MimProgram::in_file(service.program()) == Some(MimProgram::KeyProtect)
    });
    let Some(service) = service else {
        return Err(no_pipe(pipe));
    };
    let account = principal(service.account.as_str(), machine.domain);
    match (account, service.arguments.as_slice()) {
        (Some(Principal::Domain(found)), [verb]) if verb == ENCRYPT => Ok(protected(
            machine.state.name.as_str(),
            &found.sid,
            text.expose_bytes(),
        )),
        _ => Err(Failure::new(
            FailureKind::Timeout,
            format!("pipe {pipe} gave no answer"),
        )),
    }
}
