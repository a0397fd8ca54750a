//! Where there is no Windows: nobody is logged on to it.

use std::convert::Infallible;

use zeroize::Zeroizing;

use crate::failure::LogonFailure;
use crate::security::{Sealed, Step};

pub fn domain_user() -> Option<String> {
    None
}

pub fn local_user() -> Option<String> {
    None
}

/// There is none.
pub struct LoggedOnUser(Infallible);

impl LoggedOnUser {
    pub fn new(_service: &str) -> Result<Self, LogonFailure> {
        Err(LogonFailure::Other(
            "the log-on of whoever is logged on needs Windows".into(),
        ))
    }

    pub fn step(&mut self, _token: &[u8], _binding: Option<&[u8]>) -> Result<Step, LogonFailure> {
        match self.0 {}
    }

    pub fn seal(&mut self, _plain: &[u8]) -> Result<Sealed, String> {
        match self.0 {}
    }

    pub fn open(&mut self, _sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        match self.0 {}
    }
}
