//! The agent that gmsactl starts on a host for one session.

fn main() {}
