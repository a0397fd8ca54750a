//! What a command answered, and what every answer must be like.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;

use serde_json::Value;

/// Exit codes of the command line's contract.
pub const DONE: i32 = 0;
pub const REFUSED: i32 = 1;
pub const CHANGES: i32 = 2;
pub const UNWOUND: i32 = 3;
pub const STUCK: i32 = 4;
pub const USAGE: i32 = 64;

/// A command's end and what it said.
#[derive(Debug)]
pub struct Answer {
    /// The command line, for messages.
    pub line: String,
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// Takes the output in; a panic is never an answer.
    pub fn new(line: String, output: Output) -> Self {
        let answer = Self {
            line,
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!answer.stderr.contains("panicked"), "{answer}");
        assert!(answer.code != Some(101), "{answer}");
        answer
    }

    /// The same answer, if it ended so.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The error document of a refusal: of this kind, with cause and advice, saying all these words.
    #[track_caller]
    pub fn refusal(self, kind: &str, says: &[&str]) -> Value {
        let answer = self.ended(REFUSED);
        let document = answer.json();
        let error = &document["error"];
        assert_eq!(error["kind"], kind, "{answer}");
        let text = |field: &str| error[field].as_str().unwrap_or_default();
        assert!(
            !text("message").is_empty() && !text("hint").is_empty(),
            "{answer}"
        );
        let causes = error["causes"].as_array().unwrap();
        let all = format!("{} {causes:?} {}", text("message"), text("hint"));
        for words in says {
            assert!(all.contains(words), "not said: {words:?}; {answer}");
        }
        document
    }

    /// A string of the document.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let document = self.json();
        let value = document.pointer(pointer).and_then(Value::as_str);
        value
            .unwrap_or_else(|| panic!("no {pointer}: {self}"))
            .to_owned()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            line,
            code,
            signal,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "{line}: code {code:?}, signal {signal:?}\nstdout: {stdout}\nstderr: {stderr}"
        )
    }
}
