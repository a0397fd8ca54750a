//! The end of what an agent says on its stderr.

/// Kept of it, in bytes.
const KEPT: usize = 2048;

/// The last bytes of a stream.
#[derive(Default)]
pub struct StderrTail(Vec<u8>);

impl StderrTail {
    /// Adds bytes, and forgets the oldest beyond the bound.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        self.0.drain(..self.0.len().saturating_sub(KEPT));
    }

    /// The text on one line, printable, with the exit when it is known; empty when there is neither.
    pub fn describe(&self, exit: Option<String>) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = text.chars().map(printable).collect();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match (line.is_empty(), exit) {
            (true, None) => String::new(),
            (true, Some(exit)) => format!("it ended with {exit}"),
            (false, None) => format!("it said: {line}"),
            (false, Some(exit)) => format!("it ended with {exit} and said: {line}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end_and_prints_one_line() {
        let mut tail = StderrTail::default();
        assert_eq!(tail.describe(None), "");
        tail.push(&vec![b'x'; 3 * KEPT]);
        tail.push(b"\r\nerror:\x1b[31m no\n");
        let said = tail.describe(Some("exit code 1".into()));
        assert!(
            said.starts_with("it ended with exit code 1 and said: x"),
            "{said}"
        );
        assert!(said.ends_with("x error: [31m no"), "{said}");
        assert!(said.len() < KEPT + 100);
    }
}
