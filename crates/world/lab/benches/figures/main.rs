//! The lab's figures, each a JSON line: `cargo xtask bench lab` runs these parts and sets them side by side.
//!
//! | argument | what |
//! |---|---|
//! | `start` | how long the reference estate takes to start, in a process of its own |
//! | `scale` | memory of 100,000 objects and 10,000 hosts |
//! | `lookups` | searches by indexed attributes, among 1,000 and among 100,000 objects |
//! | `serve USERS CA-FILE PASSWORD-FILE` | a lab with so many users, until standard input ends |
//! | `ldif USERS BASE` | the same users and groups for other directories |
//! | `load …` | searches sent to any directory over LDAPS, see [`load::Options`] |

#![allow(missing_docs, reason = "a bench is no library")]
#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![allow(clippy::panic, reason = "a bench fails by panicking")]

mod content;
mod load;
mod lookups;
mod requests;
mod scale;
mod serve;
mod start;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["start"] => start::run(),
        ["scale"] => scale::run(),
        ["lookups"] => lookups::run(),
        ["serve", users, authority, password] => {
            serve::run(users.parse().unwrap(), authority, password);
        }
        ["ldif", users, base] => print!("{}", content::ldif(users.parse().unwrap(), base)),
        ["load", rest @ ..] => load::run(&load::Options::parse(rest)),
        // What `cargo bench` without further words passes.
        ["--bench"] | [] => println!("run by `cargo xtask bench lab`"),
        other => panic!("unknown part {other:?}"),
    }
}
