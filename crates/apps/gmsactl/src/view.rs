//! Everything that is printed: one document on standard output, the rest on standard error.

pub mod human;
mod json;
mod listing;
pub mod log;
mod paint;
mod progress;

use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::error::Failure;
use listing::Listing;
use paint::Paint;
pub use progress::Steps;

/// Where documents, failures and notes go, and in which form.
pub struct Output {
    json: bool,
}

impl Output {
    /// For JSON, or for people.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// The command's one document: as JSON, or as `human` renders it.
    pub fn document<T: Serialize>(&self, document: &T, human: impl FnOnce(&T, &Paint) -> String) {
        let text = if self.json {
            json::document(document)
        } else {
            human(document, &Paint::stdout())
        };
        write_out(&text);
    }

    /// A document whose only content is a list, which is written as its items come.
    pub fn listing(&self, name: &'static str) -> Listing {
        Listing::new(self.json, name)
    }

    /// Why the command could not do its work.
    pub fn failure(&self, failure: &Failure) {
        if self.json {
            write_out(&json::failure(failure));
        } else {
            write_err(&human::failure(failure, &Paint::stderr()));
        }
    }

    /// A refusal of `apply` or `rollback`: both contracts in one document.
    pub fn refusal(&self, failure: &Failure) {
        if self.json {
            write_out(&json::refusal(failure));
        } else {
            write_err(&human::failure(failure, &Paint::stderr()));
        }
    }

    /// A document on the way to the command's own, for people only.
    pub fn section<T: ?Sized>(&self, document: &T, human: impl FnOnce(&T, &Paint) -> String) {
        if !self.json {
            write_err(&human(document, &Paint::stderr()));
        }
    }

    /// A line beside the document, for people only.
    pub fn note(&self, line: &str) {
        if !self.json {
            write_err(&format!("{line}\n"));
        }
    }

    /// Help and version.
    pub fn text(&self, coloured: &str, plain: &str) {
        write_out(if std::io::stdout().is_terminal() {
            coloured
        } else {
            plain
        });
    }

    /// What is wrong with the command line.
    pub fn complaint(&self, coloured: &str, plain: &str) {
        write_err(if std::io::stderr().is_terminal() {
            coloured
        } else {
            plain
        });
    }
}

/// A reader that went away (`| head`) is no error of ours.
fn write_out(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

fn write_err(text: &str) {
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}
