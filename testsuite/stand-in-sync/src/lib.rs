//! A stand-in for MIM's Synchronization Service and its key tools, for the rig.
