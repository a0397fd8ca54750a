//! Which program a file is.

use std::path::Path;

/// What the program does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// A service that stays until it is stopped.
    Service,
    /// The service that encrypts for the account that it runs as.
    KeyProtect,
    /// A worker process of the web server.
    Worker,
    /// The local security authority's store of passwords.
    Lsa,
    /// A product's setup at work on one of its services.
    ServiceSetup,
}

impl Program {
    /// By the name of its file.
    pub fn of_file(path: &Path) -> Self {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        match stem.to_lowercase().as_str() {
            "microsoft.identitymanagement.keyprotectservice" => Self::KeyProtect,
            "w3wp" => Self::Worker,
            "stand-in-lsa" => Self::Lsa,
            "stand-in-service-setup" => Self::ServiceSetup,
            _ => Self::Service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_says_it() {
        let of = |path| Program::of_file(Path::new(path));
        assert_eq!(of("W3WP.exe"), Program::Worker);
        assert_eq!(of("stand-in-lsa.exe"), Program::Lsa);
        assert_eq!(of("stand-in-service-setup.exe"), Program::ServiceSetup);
        assert_eq!(
            of("a/Microsoft.IdentityManagement.KeyProtectService.exe"),
            Program::KeyProtect
        );
        assert_eq!(
            of("Microsoft.ResourceManagement.Service.exe"),
            Program::Service
        );
    }
}
