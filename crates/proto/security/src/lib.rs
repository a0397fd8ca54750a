//! SID, GUID, FILETIME, security descriptors and SDDL text.
