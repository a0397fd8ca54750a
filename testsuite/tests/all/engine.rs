//! The engine, the planner and the catalogue on a world in memory: fail at every write, crash at every record, undo
//! twice.

mod access_lists;
mod by_hand;
mod crashes;
mod credentials;
mod drift;
mod fake_world;
mod faults;
mod gates;
mod happy_path;
mod interleavings;
mod journal;
mod many_hosts;
mod planning;
mod refused_plans;
mod retirement;
mod scenario;
mod sealed;
