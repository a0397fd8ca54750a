//! Paths as Windows compares them.

use agent_protocol::HostPath;
use agent_protocol::win32::Win32Code;

const BAD_NETPATH: Win32Code = Win32Code(53);
const INVALID_NAME: Win32Code = Win32Code(123);
const FILENAME_EXCED_RANGE: Win32Code = Win32Code(206);

/// Longest path without `\\?\` (MAX_PATH, with the NUL).
const PATH_LIMIT: usize = 259;

/// An absolute path in one spelling: `c:\folder\file`, lower case, without `.` and `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// Reads a path as Windows would.
    ///
    /// # Errors
    /// 53 for a share, 123 and 206 for names that Windows does not take.
    pub fn of(path: &HostPath) -> Result<Self, Win32Code> {
        let text = path.as_str().replace('/', "\\").to_lowercase();
        if text.starts_with(r"\\") {
            return Err(BAD_NETPATH); // The lab has no shares.
        }
        if text.encode_utf16().count() > PATH_LIMIT {
            return Err(FILENAME_EXCED_RANGE);
        }
        // A path that begins with one backslash is on the drive of the agent.
        let (drive, rest) = match text.split_once(':') {
            Some((drive, rest)) => (drive.to_owned(), rest.to_owned()),
            None => ("c".to_owned(), text),
        };
        if drive.len() != 1
            || rest.contains(['<', '>', ':', '"', '|', '?', '*'])
            || rest.chars().any(char::is_control)
        {
            return Err(INVALID_NAME);
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in rest.split('\\') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        Ok(Self(format!("{drive}:\\{}", parts.join("\\"))))
    }

    /// The folder that it is in; `None` for the root of a drive.
    pub fn parent(&self) -> Option<Self> {
        let (parent, name) = self.0.rsplit_once('\\')?;
        let root = parent.ends_with(':');
        (!name.is_empty()).then(|| {
            Self(if root {
                format!("{parent}\\")
            } else {
                parent.to_owned()
            })
        })
    }

    /// The path as files are sorted by it.
    pub fn key(&self) -> &str {
        &self.0
    }
}
