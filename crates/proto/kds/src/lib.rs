//! KDS root keys, key derivation and group key identifiers ([MS-GKDI]).
