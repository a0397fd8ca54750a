//! An Active Directory and Windows hosts to rehearse on: simulated worlds behind the real protocols.

pub mod hosts;
pub mod mim;
