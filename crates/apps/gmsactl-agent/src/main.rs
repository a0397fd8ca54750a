//! The agent that gmsactl starts on a host for one session.
//!
//! Reads frames from its standard input and answers them on its standard output, one at a time, until
//! the input ends. It opens no port, and writes nothing of its own to the host.
//!
//! ```text
//! gmsactl-agent              serve one client over stdin and stdout
//! gmsactl-agent --version    print name and version
//! ```
//!
//! Exit codes: 0 the client has closed · 1 what came was no frame, or a pipe broke · 64 wrong usage.

mod serve;

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => serve(),
        [one] if one == "--version" => {
            println!("gmsactl-agent {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: gmsactl-agent [--version]");
            ExitCode::from(64)
        }
    }
}

fn serve() -> ExitCode {
    match serve::serve(
        io::stdin().lock(),
        io::stdout().lock(),
        windows_host::handle,
    ) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gmsactl-agent: {error}");
            ExitCode::FAILURE
        }
    }
}
