//! The directory port over LDAP, and the Kerberos log-on proof.
