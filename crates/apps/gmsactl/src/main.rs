//! Converts Windows services from password accounts to group managed service accounts.

fn main() {}
