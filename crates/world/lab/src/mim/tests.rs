//! Tests of MIM on the lab's hosts.

mod key_set_life;
mod setups;
mod world;
