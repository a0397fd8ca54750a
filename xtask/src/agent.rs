//! Task `agent`: builds the Windows programs from Linux.

/// Runs the task.
pub fn run() -> anyhow::Result<()> {
    anyhow::bail!("not yet written")
}
