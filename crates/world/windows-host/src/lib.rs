//! The Windows calls behind the agent's protocol.
