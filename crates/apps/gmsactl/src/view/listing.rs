//! A long list, written as its items come: nothing of it is kept.

use std::io::{self, BufWriter, Stdout, Write};

use serde::Serialize;

use super::Paint;
use super::json;
use crate::error::Failure;

/// A document `{NAME: […], "count": …, "error": …}`, or a line for each item.
pub struct Listing {
    json: bool,
    name: &'static str,
    out: BufWriter<Stdout>,
    count: usize,
    /// Whoever reads has gone, as `| head` does.
    gone: bool,
}

impl Listing {
    pub(super) fn new(json: bool, name: &'static str) -> Self {
        let out = BufWriter::with_capacity(64 * 1024, io::stdout());
        Self {
            json,
            name,
            out,
            count: 0,
            gone: false,
        }
    }

    /// Writes some, for people as `human` renders each.
    pub fn items<T: Serialize>(&mut self, items: &[T], human: impl Fn(&T, &Paint) -> String) {
        let paint = Paint::stdout();
        for item in items {
            let written = if self.json {
                self.item(item)
            } else {
                self.out.write_all(human(item, &paint).as_bytes())
            };
            self.gone |= written.is_err();
            self.count += 1;
        }
    }

    /// Ends the document; one that was cut short says why, and is a document still.
    pub fn end(mut self, outcome: Result<(), Failure>) -> Result<u8, Failure> {
        if !self.json {
            let told = writeln!(self.out, "{} in all.", self.count);
            self.gone |= told.and_then(|()| self.out.flush()).is_err();
            return outcome.map(|()| 0);
        }
        let exit = outcome.as_ref().map_or_else(|failure| failure.exit, |()| 0);
        let error = outcome.err().map(|failure| json::error(&failure));
        self.gone |= self.tail(&error).is_err();
        Ok(exit)
    }

    fn item<T: Serialize>(&mut self, item: &T) -> io::Result<()> {
        self.before_item()?;
        serde_json::to_writer(&mut self.out, item).map_err(io::Error::from)
    }

    fn before_item(&mut self) -> io::Result<()> {
        match (self.gone, self.count) {
            (true, _) => Err(io::ErrorKind::BrokenPipe.into()),
            (false, 0) => writeln!(self.out, "{{\"{}\":[", self.name),
            (false, _) => self.out.write_all(b",\n"),
        }
    }

    fn tail(&mut self, error: &impl Serialize) -> io::Result<()> {
        if self.count == 0 {
            self.before_item()?;
        }
        write!(self.out, "\n],\"count\":{},\"error\":", self.count)?;
        serde_json::to_writer(&mut self.out, error)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}
