//! Colour, on a terminal only.

use std::io::IsTerminal;

/// Puts colour around words, or leaves them as they are.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// For standard output.
    pub fn stdout() -> Self {
        Self {
            on: wanted() && std::io::stdout().is_terminal(),
        }
    }

    /// For standard error.
    pub fn stderr() -> Self {
        Self {
            on: wanted() && std::io::stderr().is_terminal(),
        }
    }

    /// Without colour.
    #[cfg(test)]
    pub fn plain() -> Self {
        Self { on: false }
    }

    /// Good: it holds, it is done, it is new.
    pub fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Bad: it fails, it blocks, it goes.
    pub fn bad(self, text: &str) -> String {
        self.with("31", text)
    }

    /// To be looked at.
    pub fn warn(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Less important.
    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// More important.
    pub fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// <https://no-color.org>: any value turns colour off.
fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
