//! What the tasks do to this machine: run programs, write files, install packages.

pub mod command;
pub mod files;
pub mod packages;
pub mod progress;
