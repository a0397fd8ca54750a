//! A lab for load from outside.

use std::io::Read as _;

use lab::Lab;

use crate::content;

/// Serves until standard input ends; first writes the certificate to trust and the Administrator's password to files,
/// and says where it listens.
pub fn run(users: usize, authority: &str, password: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lab = runtime.block_on(Lab::start(content::seed(users))).unwrap();
    let address = lab.addresses().ldaps;
    std::fs::write(authority, lab.authority_pem()).unwrap();
    std::fs::write(password, content::PASSWORD).unwrap();
    println!(r#"{{"address": "{address}"}}"#);
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
