//! `miiserver.exe`: see the crate's table.

fn main() -> std::process::ExitCode {
    stand_in_sync::run(stand_in_sync::Program::Service)
}
