//! Why a file is no package that can be read.

/// Why a package cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// No compound file, or none with an installer database in it.
    #[error("this is no Windows Installer package")]
    NotAPackage(#[source] std::io::Error),
    /// It is one, and one of its tables cannot be read.
    #[error("table {table} of the package cannot be read")]
    Table {
        /// Which.
        table: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its tables contradict themselves.
    #[error("the package is damaged: its tables contradict themselves")]
    Damaged,
}
