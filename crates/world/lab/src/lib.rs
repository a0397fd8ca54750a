//! An Active Directory and Windows hosts to rehearse on: simulated worlds behind the real protocols.
