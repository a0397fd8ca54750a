//! The Windows calls behind the agent's protocol.
//!
//! [`handle`] does one request and returns when it is done. Files and programs work on every system;
//! what only Windows has is answered with [`agent_protocol::FailureKind::NotSupported`] elsewhere, so that a Linux
//! host can be asked for its facts and run its tools, and tests run everywhere.
//!
//! INVARIANT: this is the only crate of the workspace with `unsafe`, and only in its `windows` module.

mod failures;
mod files;
mod programs;
mod sealing;

#[cfg(any(windows, test))]
mod event_text;
#[cfg(any(windows, test))]
mod registry_data;
#[cfg(any(windows, test))]
mod security_template;
#[cfg(any(windows, test))]
mod setup_log;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

#[cfg(not(windows))]
mod elsewhere;
#[cfg(not(windows))]
use elsewhere as system;

use agent_protocol::{Failure, Reply, Request, Secret};

/// Does one request on this host, and blocks until it is done or its own time-out is over.
pub fn handle(request: Request, secret: Secret) -> Result<Reply, Failure> {
    match request {
        Request::Run {
            program,
            arguments,
            stdin,
            timeout_ms,
        } => programs::run(
            &program,
            &arguments,
            programs::Stdin::of(stdin, secret),
            timeout_ms,
        )
        .map(Reply::Ran),
        Request::CopyFile {
            from,
            to,
            overwrite,
        } => files::copy(&from, &to, overwrite).map(Reply::Digest),
        Request::SealFile {
            from,
            to,
            recipients,
        } => sealing::seal(&from, &to, &recipients).map(Reply::Sealed),
        Request::FetchSealed { path } => sealing::fetch(&path).map(Reply::SealedContent),
        Request::HashFile { path } => files::digest(&path).map(Reply::Digest),
        Request::Metadata { path } => files::metadata(&path).map(Reply::Metadata),
        Request::CreateDirectory { path } => files::create_directory(&path).map(Reply::Existed),
        Request::DeleteFile { path } => files::delete(&path).map(Reply::Existed),
        Request::DeleteEmptyDirectory { path } => {
            files::delete_empty_directory(&path).map(Reply::Existed)
        }
        Request::Facts => system::facts().map(Reply::Facts),
        only_windows => system::handle(only_windows, &secret),
    }
}
