//! Managed passwords: blob, identifier, rollover, NT hash, Kerberos keys and keytabs.
