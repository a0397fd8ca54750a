//! Tests of hosts as a whole.

mod agent_frames;
mod service_life;
mod start_rules;
mod tools;
mod world;
