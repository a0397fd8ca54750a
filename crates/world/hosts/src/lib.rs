//! The host port: the agent's client, and its transports.
