//! The project's own tasks: ci, floors, rig, agent.

fn main() {}
