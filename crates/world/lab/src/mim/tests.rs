//! Tests of MIM on the lab's hosts.

mod key_set_life;
mod on_the_directory;
mod setups;
mod world;
