//! Does on a Wine host what gmsactl's scripts would have Windows PowerShell do: Wine has none.
//!
//! It knows the scripts of `hosts::deploy`, letter for letter, and carries each out with the Windows calls that the
//! script's own classes stand on; any other script, and any other way to be started, is refused. So the rig shows that
//! gmsactl sends the right script at the right time and understands what the host answers; that PowerShell understands
//! the scripts, the rig cannot show.

mod order;
#[cfg(windows)]
mod windows;

use std::process::ExitCode;

use order::Order;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = Order::parse(&arguments).and_then(|order| carry_out(&order));
    match done {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!("error {why}");
            eprintln!("stand-in-powershell: {why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(windows)]
fn carry_out(order: &Order) -> Result<String, String> {
    windows::carry_out(order)
}

#[cfg(not(windows))]
fn carry_out(order: &Order) -> Result<String, String> {
    Err(format!("{order:?} runs on Windows only"))
}
