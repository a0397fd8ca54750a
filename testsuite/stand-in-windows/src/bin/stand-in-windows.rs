//! See the crate's table.

use std::process::ExitCode;

#[cfg(windows)]
fn main() -> ExitCode {
    stand_in_windows::windows::run()
}

#[cfg(not(windows))]
fn main() -> ExitCode {
    eprintln!("stand-in-windows runs on Windows only");
    ExitCode::FAILURE
}
