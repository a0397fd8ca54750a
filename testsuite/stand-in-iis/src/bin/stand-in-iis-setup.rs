//! What a product's setup does on the web server: a pool and its site, or another account for the pool.
//!
//! `stand-in-iis-setup POOL SITE PORT FOLDER DOMAIN\name [PASSWORD]`: an installation package's custom action gets
//! its properties no other way.

use std::process::ExitCode;

#[cfg(windows)]
fn main() -> ExitCode {
    match install() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(windows)]
fn install() -> anyhow::Result<()> {
    use stand_in_iis::pools::{self, Installed};
    use stand_in_iis::windows::ThisHost;

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (pool, site, port, folder, account, password) = match arguments[..] {
        [pool, site, port, folder, account] => (pool, site, port, folder, account, ""),
        [pool, site, port, folder, account, password] => {
            (pool, site, port, folder, account, password)
        }
        _ => anyhow::bail!(r"usage: POOL SITE PORT FOLDER DOMAIN\name [PASSWORD]"),
    };
    let new = Installed {
        pool,
        site,
        port,
        // As a package's folder must be written in a command line: without a backslash before the quotation mark.
        folder: folder.trim_end_matches(['.', '\\']),
        account,
        password,
    };
    pools::install(&mut ThisHost::configuration()?, &ThisHost, &new)
}

#[cfg(not(windows))]
fn main() -> ExitCode {
    eprintln!("stand-in-iis-setup runs on Windows only");
    ExitCode::FAILURE
}
