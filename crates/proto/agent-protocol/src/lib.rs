//! What gmsactl and the agent on a host say to each other: requests, replies, frames.
