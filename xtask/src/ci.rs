//! Task `ci`: being written.

/// Runs the task.
pub fn run() -> anyhow::Result<()> {
    anyhow::bail!("not yet written")
}
