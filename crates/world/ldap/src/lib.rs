//! Async LDAP client: Kerberos-sealed by default, TLS with channel binding beside it.
